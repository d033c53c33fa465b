from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

import click
from dishka import AsyncContainer

from application.ports.parties import ApiKey
from application.tenants.api_keys import ManageApiKeys, NewKey
from domain.shared.ids import ApiKeyId, IdPrefix, TenantId, decode_id, encode_id
from domain.tenants.permissions import Scope
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli.operator import TENANT, TEXT, run
from entrypoints.cli.output import json_option, print_object, print_rows

F = TypeVar("F", bound=Callable[..., Any])

PARTNERS_SCOPES: Final = (Scope.READ, Scope.TRADE, Scope.MONEY, Scope.KEYS)
COLUMNS: Final = ("id", "lookup", "label", "status", "scopes", "expires_at", "created_at")
OPERATORS_COLUMNS: Final = ("id", "operator_id", *COLUMNS[1:])


def owner_options(command: F) -> F:
    command = click.option("--tenant", type=TENANT, help="The partner whose key it is.")(command)
    return click.option("--operator", is_flag=True, help="A key of a person of the platform.")(
        command
    )


@click.group(name="api-key")
def api_key() -> None:
    """Keys: a key's text is shown once, when it is made."""


@api_key.command()
@owner_options
@click.option(
    "--label", type=TEXT, required=True, help="What or who uses it; for operators the person."
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope if scope is not Scope.OPERATOR]),
    help="May be repeated.  [default: read trade money keys]",
)
@json_option
def create(
    tenant: TenantId | None, operator: bool, label: str, scopes: tuple[str, ...], as_json: bool
) -> None:
    """Make a key and print it, this once."""
    wanted = {Scope(scope) for scope in scopes} or {*PARTNERS_SCOPES}
    owner = _owner(tenant, operator)

    async def work(container: AsyncContainer) -> NewKey:
        keys = await container.get(ManageApiKeys)
        return await keys.create(
            owner, scopes={Scope.OPERATOR} if operator else wanted, label=label
        )

    _print_new(run(work), as_json=as_json)


@api_key.command()
@click.argument("key_id")
@owner_options
@click.option("--overlap-hours", type=click.IntRange(0, 168), default=24, show_default=True)
@json_option
def rotate(
    key_id: str, tenant: TenantId | None, operator: bool, overlap_hours: int, as_json: bool
) -> None:
    """Make a second key with the same scopes; the first ends after the overlap."""
    owner, old = _owner(tenant, operator), _key_id(key_id)

    async def work(container: AsyncContainer) -> NewKey:
        keys = await container.get(ManageApiKeys)
        return await keys.rotate(owner, old, overlap=timedelta(hours=overlap_hours))

    _print_new(run(work), as_json=as_json)


@api_key.command()
@click.argument("key_id")
@owner_options
@json_option
def revoke(key_id: str, tenant: TenantId | None, operator: bool, as_json: bool) -> None:
    """End a key, within a second, everywhere."""
    owner, old = _owner(tenant, operator), _key_id(key_id)

    async def work(container: AsyncContainer) -> ApiKey:
        return await (await container.get(ManageApiKeys)).revoke(owner, old)

    print_object(_shown(run(work)), as_json=as_json)


@api_key.command(name="list")
@owner_options
@json_option
def list_keys(tenant: TenantId | None, operator: bool, as_json: bool) -> None:
    """All keys of one partner, or of the operators."""
    owner = _owner(tenant, operator)

    async def work(container: AsyncContainer) -> tuple[ApiKey, ...]:
        return await (await container.get(ManageApiKeys)).list(owner)

    columns = OPERATORS_COLUMNS if operator else COLUMNS
    print_rows([_shown(key) for key in run(work)], columns, as_json=as_json)


def _owner(tenant: TenantId | None, operator: bool) -> TenantId:
    if operator == (tenant is not None):
        raise click.UsageError("name a --tenant, or --operator")
    return HOUSE_TENANT_ID if tenant is None else tenant


def _key_id(text: str) -> ApiKeyId:
    return ApiKeyId(decode_id(IdPrefix.API_KEY, text))


def _print_new(new: NewKey, *, as_json: bool) -> None:
    print_object({"key": new.text, **_shown(new.key)}, as_json=as_json)


def _shown(key: ApiKey) -> Mapping[str, object]:
    return {
        "id": encode_id(IdPrefix.API_KEY, key.id),
        "lookup": key.lookup,
        "label": key.label,
        "operator_id": (
            None if key.operator_id is None else encode_id(IdPrefix.OPERATOR, key.operator_id)
        ),
        "status": key.status.value,
        "scopes": sorted(scope.value for scope in key.scopes),
        "expires_at": key.expires_at,
        "created_at": key.created_at,
        "updated_at": key.updated_at,
        "version": key.version,
    }
