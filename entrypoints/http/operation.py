"""What an operation is. One declaration makes the route, its protection and its documentation."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from application.ports.idempotency import IdempotentRequest
from application.tenants.authenticate import Principal
from domain.shared.errors import invariant
from domain.shared.ids import IdPrefix, TenantId
from domain.tenants.permissions import Scope
from entrypoints.http.reply import Reply
from entrypoints.http.requests import BODY_BYTES_MAX
from entrypoints.http.services import Services

I = TypeVar("I", bound=msgspec.Struct)  # noqa: E741 - the input of an operation

WRITES: Final = frozenset({"POST", "PATCH", "DELETE"})


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input of an operation that takes none: any parameter is refused."""


class Call(msgspec.Struct, Generic[I], frozen=True, kw_only=True):
    """One request to an operation, authenticated, decoded and found well-formed.

    `item` is the id in the path or `text` the name, `scenario` a fault to simulate (in the sandbox
    only), `if_match` the version that a change is meant for.
    """

    services: Services
    input: I
    principal: Principal | None
    item: UUID | None
    text: str | None
    request: IdempotentRequest | None
    scenario: str | None
    if_match: int | None

    @property
    def tenant_id(self) -> TenantId:
        return self.caller.tenant_id

    @property
    def caller(self) -> Principal:
        return _present(self.principal)

    @property
    def item_id(self) -> UUID:
        return _present(self.item)

    @property
    def item_text(self) -> str:
        return _present(self.text)

    @property
    def idempotency(self) -> IdempotentRequest:
        return _present(self.request)


P = TypeVar("P")


def _present(value: P | None) -> P:
    invariant(value is not None, "the operation does not declare what its handler uses")
    return value  # type: ignore[return-value]  # invariant() has just checked it


Handler = Callable[[Call[I]], Awaitable[Reply]]


class Operation(msgspec.Struct, Generic[I], frozen=True, kw_only=True):
    """`scope` None means public: open to anybody, and so without a tenant.

    - `template` is what requests are counted and fingerprinted under.
    - `answers` maps statuses to the type of the body, or to a media type.
    - `named` is the pattern of what the path names by a name and not by an id.
    - `also` is a media type that status 200 may have instead, as text, when the query asks for it.
    - `refusals` are codes beyond those that every operation shares.
    - `policy` is the use case whose docstring is the documentation.
    """

    method: str
    path: str
    name: str
    summary: str
    scope: Scope | None
    takes: type[I]
    decoder: msgspec.json.Decoder[I]
    answers: dict[int, type[msgspec.Struct] | str]
    also: str | None
    handler: Handler[I]
    template: str
    item: IdPrefix | None
    named: str | None
    item_name: str | None
    idempotent: bool
    conditional: bool
    simulates: bool
    sandbox_only: bool
    body_optional: bool
    takes_body: bool
    body_bytes_max: int
    refusals: tuple[str, ...]
    policy: type | None

    @property
    def tag(self) -> str:
        """The part of the path that names the kind of object."""
        parts = [part for part in self.path.split("/") if part]
        named = [part for part in parts if part not in {"v1", "admin", "sandbox"}]
        return "service" if self.scope is None else named[0]


AnyOperation = Operation[Any]


def operation(
    method: str,
    path: str,
    *,
    summary: str,
    scope: Scope | None,
    takes: type[I],
    answers: dict[int, type[msgspec.Struct] | str],
    also: str | None = None,
    item: IdPrefix | None = None,
    named: str | None = None,
    idempotent: bool = False,
    conditional: bool = False,
    simulates: bool = False,
    sandbox_only: bool = False,
    body_optional: bool = False,
    body_bytes_max: int = BODY_BYTES_MAX,
    refusals: tuple[str, ...] = (),
    policy: type | None = None,
) -> Callable[[Handler[I]], Operation[I]]:
    """Declares the decorated handler as an operation. There is no default for `scope`."""
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    told = (item is not None) + (named is not None)
    invariant(len(names) == told, "a path with an id or a name says of what kind it is")

    def declare(handler: Handler[I]) -> Operation[I]:
        return Operation(
            method=method,
            path=path,
            name=getattr(handler, "__name__", "operation"),
            summary=summary,
            scope=scope,
            takes=takes,
            decoder=msgspec.json.Decoder(takes),
            answers=answers,
            also=also,
            handler=handler,
            template=f"{method} {path}",
            item=item,
            named=named,
            item_name=names[0] if names else None,
            idempotent=idempotent,
            conditional=conditional,
            simulates=simulates,
            sandbox_only=sandbox_only,
            body_optional=body_optional,
            body_bytes_max=body_bytes_max,
            takes_body=method in WRITES and takes is not Nothing,
            refusals=refusals,
            policy=policy,
        )

    return declare
