from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import click
from dishka import AsyncContainer

from application.decide_change import DecideChange
from application.idempotency import Answer
from application.ledger.change_terms import (
    ChangeTerms,
    DecideCommand,
    ProposeCommand,
    credit_line_units,
)
from application.ports.change_requests import (
    Change,
    ChangeRequest,
    ChangeState,
    CreditLine,
    ResolveOrder,
    kind_of,
)
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.account_name import book_name
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, ChangeRequestId, IdPrefix, TenantId, decode_id, encode_id
from domain.shared.money import format_units, parse_units
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli import orders
from entrypoints.cli.operator import TENANT, book_of, partners, run
from entrypoints.cli.operator_key import operator_key_option, operator_with
from entrypoints.cli.output import json_option, print_object, print_rows

COLUMNS: Final = (
    *("id", "kind", "account", "asset", "line_before", "line", "order", "as", "state"),
    *("proposed_by", "decided_by", "reason"),
)
LIMIT_MAX: Final = 1_000
REASON: Final = "Kept with it: a ticket, no names of customers."
Decision = Callable[[DecideChange, DecideCommand], Awaitable[Answer[ChangeRequest]]]


def ACCOUNT(text: str) -> AccountId:  # noqa: N802 - its name is what --help shows
    return AccountId(decode_id(IdPrefix.ACCOUNT, text))


def CHANGE(text: str) -> ChangeRequestId:  # noqa: N802 - its name is what --help shows
    return ChangeRequestId(decode_id(IdPrefix.CHANGE_REQUEST, text))


@click.group()
def change() -> None:
    """What one operator proposes and another approves: docs/runbooks/credit-lines.md."""


@change.command(name="credit-line")
@click.argument("account_id", metavar="ACCOUNT", type=ACCOUNT)
@click.option("--line", required=True, help="What it may owe, as in 500.00; 0 for nothing.")
@click.option("--reason", required=True, help=REASON)
@operator_key_option
@json_option
def propose_line(
    account_id: AccountId, line: str, reason: str, operator_key: str, as_json: bool
) -> None:
    """Propose what an account (acc_…) may owe."""
    _propose(account_id, line, reason, operator_key, as_json=as_json)


@change.command(name="close-account")
@click.argument("account_id", metavar="ACCOUNT", type=ACCOUNT)
@click.option("--reason", required=True, help=REASON)
@operator_key_option
@json_option
def propose_closing(account_id: AccountId, reason: str, operator_key: str, as_json: bool) -> None:
    """Propose to close an account (acc_…), for good.

    When approved nothing may be on it, and no open order may be about to pay into it.
    """
    _propose(account_id, None, reason, operator_key, as_json=as_json)


@change.command()
@click.argument("change_id", metavar="CHANGE", type=CHANGE)
@operator_key_option
@json_option
def approve(change_id: ChangeRequestId, operator_key: str, as_json: bool) -> None:
    """Do what another operator proposed."""
    _decide(DecideChange.approve, change_id, operator_key, as_json=as_json)


@change.command()
@click.argument("change_id", metavar="CHANGE", type=CHANGE)
@operator_key_option
@json_option
def reject(change_id: ChangeRequestId, operator_key: str, as_json: bool) -> None:
    """Say no to what was proposed, also by yourself."""
    _decide(DecideChange.reject, change_id, operator_key, as_json=as_json)


@change.command()
@click.argument("change_id", metavar="CHANGE", type=CHANGE)
@json_option
def show(change_id: ChangeRequestId, as_json: bool) -> None:
    """One request, and what became of it."""

    async def work(container: AsyncContainer) -> Mapping[str, object]:
        tenant_id = await _book_of_change(container, change_id)
        uow: UnitOfWork = await container.get(UnitOfWork)
        async with uow.begin(tenant_id) as tx:
            found = await tx.change_requests.get(change_id)
        return await _shown(container, tenant_id, found)

    print_object(run(work), as_json=as_json)


@change.command(name="list")
@click.option("--tenant", type=TENANT, help="Only this tenant's.")
@click.option(
    "--state", type=click.Choice([each.value for each in ChangeState]), help="[default: all]"
)
@click.option("--limit", type=click.IntRange(1, LIMIT_MAX), default=100, show_default=True)
@json_option
def list_changes(tenant: TenantId | None, state: str | None, limit: int, as_json: bool) -> None:
    """The newest of each tenant first."""
    wanted = None if state is None else ChangeState(state)

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        known = [each.tenant.id for each in await partners(container)]
        uow: UnitOfWork = await container.get(UnitOfWork)
        rows: list[Mapping[str, object]] = []
        for book in (*known, HOUSE_TENANT_ID) if tenant is None else (tenant,):
            async with uow.begin(book) as tx:
                found = await tx.change_requests.page(wanted, limit=limit)
            rows += [await _shown(container, book, each) for each in found]
        return rows[:limit]

    print_rows(run(work), COLUMNS, as_json=as_json, nothing="no such requests")


def _propose(
    account_id: AccountId, line: str | None, reason: str, operator_key: str, *, as_json: bool
) -> None:
    async def work(container: AsyncContainer) -> Mapping[str, object]:
        by = await operator_with(container, operator_key)
        tenant_id = await book_of(container, lambda tx: tx.accounts.get(account_id))
        if tenant_id is None:
            raise NotFound("no book has such an account")
        command = ProposeCommand(
            tenant_id=tenant_id,
            account_id=account_id,
            line_units=await _units(container, tenant_id, account_id, line),
            reason=reason,
            by=by,
        )
        proposed = (await (await container.get(ChangeTerms)).propose(command)).value
        return await _shown(container, tenant_id, proposed)

    print_object(run(work), as_json=as_json)


def _decide(
    decide: Decision, change_id: ChangeRequestId, operator_key: str, *, as_json: bool
) -> None:
    async def work(container: AsyncContainer) -> Mapping[str, object]:
        by = await operator_with(container, operator_key)
        tenant_id = await _book_of_change(container, change_id)
        command = DecideCommand(tenant_id=tenant_id, change_id=change_id, by=by)
        decided = await decide(await container.get(DecideChange), command)
        return await _shown(container, tenant_id, decided.value)

    print_object(run(work), as_json=as_json)


async def _book_of_change(container: AsyncContainer, change_id: ChangeRequestId) -> TenantId:
    tenant_id = await book_of(container, lambda tx: tx.change_requests.get(change_id))
    if tenant_id is None:
        raise NotFound("no book has such a change request")
    return tenant_id


async def _units(
    container: AsyncContainer, tenant_id: TenantId, account_id: AccountId, line: str | None
) -> int | None:
    if line is None:
        return None
    uow: UnitOfWork = await container.get(UnitOfWork)
    async with uow.begin(tenant_id) as tx:
        asset = (await tx.accounts.get(account_id)).account.asset
    return parse_units(line, scale=(await orders.catalog(container)).asset(asset).scale)


async def _shown(
    container: AsyncContainer, tenant_id: TenantId, request: ChangeRequest
) -> Mapping[str, object]:
    proposed, decided = request.proposed_by, request.decided_by
    return {
        "id": encode_id(IdPrefix.CHANGE_REQUEST, request.id),
        "tenant": book_name(tenant_id),
        "kind": kind_of(request.change),
        **await _about(container, tenant_id, request.change),
        "reason": request.reason,
        "state": request.state.value,
        "proposed_by": proposed.name,
        "proposed_at": request.proposed_at,
        "decided_by": None if decided is None else decided.name,
        "decided_at": request.decided_at,
    }


async def _about(
    container: AsyncContainer, tenant_id: TenantId, change: Change
) -> Mapping[str, object]:
    uow: UnitOfWork = await container.get(UnitOfWork)
    assets = await orders.catalog(container)
    async with uow.begin(tenant_id) as tx:
        if isinstance(change, ResolveOrder):
            instrument = assets.instrument((await tx.orders.get(change.order_id)).instrument)
            return orders.shown_resolution(change, instrument)
        account = (await tx.accounts.get(change.account_id)).account
    scale = assets.asset(account.asset).scale
    line = change if isinstance(change, CreditLine) else None

    def amount(floor_units: str) -> str:
        return format_units(credit_line_units(floor_units), scale=scale)

    return {
        "account": encode_id(IdPrefix.ACCOUNT, account.id),
        "owner": account.key.owner,
        "asset": account.asset,
        "line_before": None if line is None else amount(line.floor_before),
        "line": None if line is None else amount(line.floor_units),
    }
