"""The way out to partners: where events may be sent, who sends them, and what signs them."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from typing_extensions import override

from domain.shared.ids import TenantId, WebhookEndpointId
from domain.webhooks.answer import Answer, Cause
from domain.webhooks.url import WebhookUrl


class TargetRefused(Exception):
    """Nothing is sent there. `detail` is for the partner to read."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


class WebhookTargets(Protocol):
    @property
    @abstractmethod
    def takes_loopback(self) -> bool:
        """True on a development machine: it may be told to call itself."""
        ...

    @abstractmethod
    async def check(self, url: WebhookUrl) -> None:
        """Resolves the name, so never inside a transaction. Raises `TargetRefused`.

        Passing proves nothing about later: it is checked again by every attempt.
        """
        ...


class WebhookSender(Protocol):
    @abstractmethod
    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One POST, within a bounded time, to an address that was vetted for it. Never raises."""
        ...


class SigningKeys(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint's deliveries are signed with. `boxed` is encrypted; nobody reads it but us.

    `expires_at` is None for those in use; those that were replaced sign along until then.
    """

    number: int
    boxed: bytes
    public_key: str
    created_at: datetime
    expires_at: datetime | None = None


class NewKeys(msgspec.Struct, frozen=True, kw_only=True):
    """`secret` is shown once and is not kept in this form."""

    keys: SigningKeys
    secret: str

    @override
    def __repr__(self) -> str:
        """Without the secret: what is printed ends up in logs and tracebacks."""
        return f"NewKeys(number={self.keys.number})"


class WebhookKeys(Protocol):
    """An HMAC secret (`whsec_`) and an Ed25519 key (`whpk_`) for each endpoint.

    Boxes open only for the endpoint they were made for. Both raise `SecretBoxUnavailable`.
    """

    @abstractmethod
    async def make(
        self, tenant_id: TenantId, endpoint_id: WebhookEndpointId, *, number: int, at: datetime
    ) -> NewKeys: ...

    @abstractmethod
    async def sign(
        self,
        tenant_id: TenantId,
        endpoint_id: WebhookEndpointId,
        keys: Sequence[SigningKeys],
        content: bytes,
    ) -> tuple[str, ...]:
        """`v1` and `v1a` of each of `keys`, in their order."""
        ...


class SecretBox(Protocol):
    """Encryption of small secrets at rest. `context` is bound to them and not kept in the box."""

    @abstractmethod
    async def close(self, secret: bytes, *, context: bytes) -> bytes: ...

    @abstractmethod
    async def open(self, boxed: bytes, *, context: bytes) -> bytes: ...


class SecretBoxUnavailable(RuntimeError):
    """The key is missing or unfit, or the box was not made with it. The text says what to do."""
