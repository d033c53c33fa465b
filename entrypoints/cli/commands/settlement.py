from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import click
from dishka import AsyncContainer

from application.idempotency import Answer
from application.liquidity.settle_with_lp import SettleCommand, SettleWithLp
from application.ports.lp_settlements import SettlementFilter, SettlementStep
from application.ports.unit_of_work import UnitOfWork
from domain.assets.catalog import Catalog
from domain.liquidity.netting import LpSettlement, SettlementState
from domain.liquidity.quote import LpName
from domain.shared.ids import IdPrefix, SettlementId, decode_id, encode_id
from domain.shared.money import format_units, parse_units
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli import orders
from entrypoints.cli.operator import TEXT, run
from entrypoints.cli.operator_key import operator_key_option, operator_with
from entrypoints.cli.output import json_option, print_object, print_rows

COLUMNS: Final = (
    *("id", "lp", "asset", "number", "state", "net", "stated", "difference", "left"),
    *("value_date", "until", "proposed", "proposed_by"),
)
STEP_COLUMNS: Final = ("version", "action", "state", "units", "by", "note", "transaction", "at")
LIMIT_MAX: Final = 1_000
Seen = tuple[LpSettlement, tuple[SettlementStep, ...], Catalog]
Doing = Callable[[SettleWithLp, SettleCommand], Awaitable[Answer[LpSettlement]]]


def SETTLEMENT(text: str) -> SettlementId:  # noqa: N802 - its name is what --help shows
    return SettlementId(decode_id(IdPrefix.SETTLEMENT, text))


@click.group()
def settlement() -> None:
    """What providers and we owe each other: docs/runbooks/settling-with-a-provider.md."""


@settlement.command(name="list")
@click.option("--lp", help="Only this provider's.")
@click.option("--state", type=click.Choice([each.value for each in SettlementState]))
@click.option("--limit", type=click.IntRange(1, LIMIT_MAX), default=50, show_default=True)
@json_option
def list_settlements(lp: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """Newest first. `net` is what the provider owes us, below zero what we owe."""

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        uow: UnitOfWork = await container.get(UnitOfWork)
        wanted = SettlementFilter(
            lp=None if lp is None else LpName(lp),
            state=None if state is None else SettlementState(state),
        )
        async with uow.begin(HOUSE_TENANT_ID) as tx:
            found = await tx.lp_settlements.page(wanted, before=None, limit=limit)
        catalog = await orders.catalog(container)
        return [_shown(each, catalog) for each in found]

    print_rows(run(work), COLUMNS, as_json=as_json)


@settlement.command()
@click.argument("settlement_id", metavar="SETTLEMENT", type=SETTLEMENT)
@json_option
def show(settlement_id: SettlementId, as_json: bool) -> None:
    """One settlement, and every step that was taken with it."""

    async def work(
        container: AsyncContainer,
    ) -> tuple[LpSettlement, tuple[SettlementStep, ...], Catalog]:
        uow: UnitOfWork = await container.get(UnitOfWork)
        async with uow.begin(HOUSE_TENANT_ID) as tx:
            found = await tx.lp_settlements.get(settlement_id)
            steps = await tx.lp_settlements.steps(settlement_id)
        return found, steps, await orders.catalog(container)

    found, steps, catalog = run(work)
    rows = [_shown_step(each, found, catalog) for each in steps]
    if as_json:
        print_object({**_shown(found, catalog), "steps": rows}, as_json=True)
        return
    print_object(_shown(found, catalog), as_json=False)
    print_rows(rows, STEP_COLUMNS, as_json=False)


@settlement.command()
@click.argument("settlement_id", metavar="SETTLEMENT", type=SETTLEMENT)
@operator_key_option
@json_option
def freeze(settlement_id: SettlementId, operator_key: str, as_json: bool) -> None:
    """End its period now and say what it comes to; the next one is open then."""
    _do(SettleWithLp.freeze, settlement_id, operator_key, as_json=as_json)


@settlement.command()
@click.argument("settlement_id", metavar="SETTLEMENT", type=SETTLEMENT)
@click.option("--amount", required=True, help="What it says it owes us; below zero, that we owe.")
@click.option("--ref", required=True, type=TEXT, help="The name of its statement.")
@operator_key_option
@json_option
def confirm(
    settlement_id: SettlementId, amount: str, ref: str, operator_key: str, as_json: bool
) -> None:
    """Compare it with the provider's statement: another amount is a dispute."""
    _do(SettleWithLp.confirm, settlement_id, operator_key, amount=amount, ref=ref, as_json=as_json)


@settlement.command()
@click.argument("settlement_id", metavar="SETTLEMENT", type=SETTLEMENT)
@click.option("--amount", required=True, help="Propose to pay so much.")
@click.option("--ref", required=True, type=TEXT, help="What the payment will be called.")
@click.option("--approve", is_flag=True, help="Make this payment, which another one proposed.")
@operator_key_option
@json_option
def pay(
    settlement_id: SettlementId,
    amount: str,
    ref: str,
    approve: bool,
    operator_key: str,
    as_json: bool,
) -> None:
    """Pay what we owe: one operator proposes it, another approves, and then it is booked."""
    doing = SettleWithLp.pay if approve else SettleWithLp.propose
    _do(doing, settlement_id, operator_key, amount=amount, ref=ref, as_json=as_json)


@settlement.command()
@click.argument("settlement_id", metavar="SETTLEMENT", type=SETTLEMENT)
@click.option("--amount", required=True, help="What arrived.")
@click.option("--ref", required=True, type=TEXT, help="What the bank or the network calls it.")
@operator_key_option
@json_option
def settle(
    settlement_id: SettlementId, amount: str, ref: str, operator_key: str, as_json: bool
) -> None:
    """Book what the provider paid us of it."""
    _do(SettleWithLp.receive, settlement_id, operator_key, amount=amount, ref=ref, as_json=as_json)


@settlement.command()
@click.argument("settlement_id", metavar="SETTLEMENT", type=SETTLEMENT)
@click.option("--reason", required=True, type=TEXT)
@click.option("--over", is_flag=True, help="It is over: the statement is to be compared again.")
@operator_key_option
@json_option
def dispute(
    settlement_id: SettlementId, reason: str, over: bool, operator_key: str, as_json: bool
) -> None:
    """Stop it: nothing more of it is paid until the dispute is over."""
    doing = SettleWithLp.reopen if over else SettleWithLp.dispute
    _do(doing, settlement_id, operator_key, reason=reason, as_json=as_json)


def _do(
    doing: Doing,
    settlement_id: SettlementId,
    operator_key: str,
    *,
    amount: str | None = None,
    ref: str | None = None,
    reason: str | None = None,
    as_json: bool,
) -> None:
    async def work(container: AsyncContainer) -> Mapping[str, object]:
        uow: UnitOfWork = await container.get(UnitOfWork)
        catalog = await orders.catalog(container)
        async with uow.begin(HOUSE_TENANT_ID) as tx:
            known = await tx.lp_settlements.get(settlement_id)
        scale = catalog.asset(known.asset).scale
        command = SettleCommand(
            settlement_id=settlement_id,
            by=await operator_with(container, operator_key),
            units=None if amount is None else _signed(amount, scale),
            ref=ref,
            reason=reason,
        )
        done = await doing(await container.get(SettleWithLp), command)
        return _shown(done.value, catalog)

    print_object(run(work), as_json=as_json)


def _signed(text: str, scale: int) -> int:
    units = parse_units(text.removeprefix("-"), scale=scale)
    return -units if text.startswith("-") else units


def _shown(found: LpSettlement, catalog: Catalog) -> Mapping[str, object]:
    scale = catalog.asset(found.asset).scale

    def amount(units: int | None) -> str | None:
        return None if units is None else format_units(units, scale=scale)

    proposal = found.proposal
    return {
        "id": encode_id(IdPrefix.SETTLEMENT, found.id),
        "lp": found.lp,
        "asset": found.asset,
        "number": found.number,
        "state": found.state.value,
        "net": amount(found.net_units),
        "entries": found.entries,
        "stated": amount(found.stated_units),
        "stated_ref": found.stated_ref,
        "difference": amount(found.difference_units),
        "left": amount(found.left_units),
        "value_date": found.value_date,
        "since": found.since,
        "until": found.until,
        "proposed": None if proposal is None else amount(proposal.units),
        "proposed_ref": None if proposal is None else proposal.ref,
        "proposed_by": None if proposal is None else proposal.by.name,
        "reason": found.reason,
        "version": found.version,
    }


def _shown_step(
    step: SettlementStep, found: LpSettlement, catalog: Catalog
) -> Mapping[str, object]:
    scale = catalog.asset(found.asset).scale
    posted = step.transaction_id
    return {
        "version": step.version,
        "action": step.action.value,
        "state": step.state.value,
        "units": None if step.units is None else format_units(step.units, scale=scale),
        "by": None if step.by is None else step.by.name,
        "note": step.note,
        "transaction": None if posted is None else encode_id(IdPrefix.TRANSACTION, posted),
        "at": step.at,
    }
