"""`aksum order resolve`: look again, or let two people say what the LP has said."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import click
from dishka import AsyncContainer

from application.decide_change import DecideChange
from application.ledger.change_terms import DecideCommand
from application.orders.resolve_by_hand import ProposeResolution, ResolveByHand
from application.orders.resolve_execution import ResolveExecution
from application.ports.change_requests import ResolveOrder
from application.ports.intents import DueIntent, IntentKind
from application.ports.liquidity import LiquidityProvider
from application.ports.trading import OrderDetail
from application.ports.unit_of_work import UnitOfWork
from domain.liquidity.quote import LpName
from domain.orders.by_hand import EVIDENCE_BYTES_MAX, ManualOutcome, ManualResolution
from domain.shared.errors import NotFound
from domain.shared.ids import ChangeRequestId, IdPrefix, OrderId, TenantId, decode_id, encode_id
from domain.shared.money import parse_units
from entrypoints.cli import orders
from entrypoints.cli.operator import run
from entrypoints.cli.operator_key import operator_with, optional_operator_key_option
from entrypoints.cli.output import json_option, print_object

# How long we wait for a worker to look, where this process does not know the LP.
WORKER_LOOKS_WITHIN: Final = timedelta(seconds=8)
ASK_EVERY: Final = timedelta(milliseconds=200)


def PROPOSAL(text: str) -> ChangeRequestId:  # noqa: N802 - its name is what --help shows
    return ChangeRequestId(decode_id(IdPrefix.CHANGE_REQUEST, text))


@click.command()
@click.argument("order_id")
@click.option(
    "--as",
    "outcome",
    type=click.Choice([each.value for each in ManualOutcome]),
    help="Propose that the LP did this, by its own word.",
)
@click.option("--evidence", help="That word: a file, or the text itself. Kept for ever.")
@click.option("--lp-execution-id", help="The LP's own id of a fill.")
@click.option("--base", help="What a fill moved of the base asset, as in 0.5.")
@click.option("--quote", help="And of the quote asset.")
@click.option("--reason", help="Kept with it: a ticket, no names of customers.")
@click.option("--approve", type=PROPOSAL, help="Do this, which another operator proposed.")
@optional_operator_key_option
@json_option
def resolve(
    order_id: str,
    outcome: str | None,
    evidence: str | None,
    lp_execution_id: str | None,
    base: str | None,
    quote: str | None,
    reason: str | None,
    approve: ChangeRequestId | None,
    operator_key: str | None,
    as_json: bool,
) -> None:
    """Look a pending order up at its LP now, and show what was seen.

    Settles it only on proof, as the worker does. Exits 1 while the order is not final. Of an order
    that was resolved by people it shows whether the LP says otherwise by now.

    With --as it proposes what the LP did, for an order in review: another operator has to agree,
    with --approve and what the proposal is called: it says what was looked at. Until then nothing
    changes, and proof that is found meanwhile wins.
    """
    wanted = OrderId(decode_id(IdPrefix.ORDER, order_id))
    if outcome is None and approve is None:
        _look_again(wanted, as_json=as_json)
        return
    if operator_key is None:
        raise click.UsageError("--as and --approve take --operator-key")
    if approve is not None:
        if outcome is not None:
            raise click.UsageError("--approve takes what was proposed, and no --as")
        _approve(wanted, approve, operator_key, as_json=as_json)
        return
    if evidence is None or outcome is None:
        raise click.UsageError("--as takes --evidence: what the LP says")
    given = _Proposal(outcome, evidence, lp_execution_id, base, quote, reason)
    _propose(wanted, given, operator_key, as_json=as_json)


class _Proposal:
    def __init__(
        self,
        outcome: str,
        evidence: str,
        lp_execution_id: str | None,
        base: str | None,
        quote: str | None,
        reason: str | None,
    ) -> None:
        self.outcome = ManualOutcome(outcome)
        self.lp_execution_id = lp_execution_id
        self.base, self.quote = base, quote
        self.name, self.evidence = _read_evidence(evidence)
        self.reason = reason or f"the LP's word: {self.name}"


def _read_evidence(given: str) -> tuple[str, bytes]:
    """A file where there is one of that name, and otherwise the text itself."""
    path = Path(given)
    try:
        is_file = path.is_file()
    except OSError:
        is_file = False
    if not is_file:
        return "text", given.encode()
    with path.open("rb") as file:
        # One byte more than is kept tells that there is too much.
        return path.name, file.read(EVIDENCE_BYTES_MAX + 1)


def _propose(wanted: OrderId, given: _Proposal, operator_key: str, *, as_json: bool) -> None:
    async def work(container: AsyncContainer) -> Mapping[str, object]:
        by = await operator_with(container, operator_key)
        tenant_id, detail = await orders.find(container, wanted)
        instrument = (await orders.catalog(container)).instrument(detail.order.instrument)
        base_scale, quote_scale = instrument.base.scale, instrument.quote.scale
        command = ProposeResolution(
            tenant_id=tenant_id,
            order_id=wanted,
            resolution=ManualResolution(
                outcome=given.outcome,
                lp_execution_id=given.lp_execution_id,
                base_units=_units(given.base, base_scale),
                quote_units=_units(given.quote, quote_scale),
            ),
            evidence_name=given.name,
            evidence=given.evidence,
            reason=given.reason,
            by=by,
        )
        use_case: ResolveByHand = await container.get(ResolveByHand)
        proposed = (await use_case.propose(command)).value
        assert isinstance(proposed.change, ResolveOrder)
        return {
            "proposal": encode_id(IdPrefix.CHANGE_REQUEST, proposed.id),
            **orders.shown_resolution(proposed.change, instrument),
            "proposed_by": by.name,
            "next": f"another operator: aksum order resolve {encode_id(IdPrefix.ORDER, wanted)} "
            f"--approve {encode_id(IdPrefix.CHANGE_REQUEST, proposed.id)}",
        }

    print_object(run(work), as_json=as_json)


def _approve(
    wanted: OrderId, proposal: ChangeRequestId, operator_key: str, *, as_json: bool
) -> None:
    async def work(container: AsyncContainer) -> Mapping[str, object]:
        by = await operator_with(container, operator_key)
        tenant_id, _ = await orders.find(container, wanted)
        uow: UnitOfWork = await container.get(UnitOfWork)
        async with uow.begin(tenant_id) as tx:
            change = (await tx.change_requests.get(proposal)).change
        if not isinstance(change, ResolveOrder) or change.order_id != wanted:
            raise NotFound("it proposes nothing about this order: see `aksum change list`")
        command = DecideCommand(tenant_id=tenant_id, change_id=proposal, by=by)
        await (await container.get(DecideChange)).approve(command)
        after = await orders.load(container, tenant_id, wanted)
        if after is None:
            raise NotFound("no such order")
        return orders.shown_detail(after, tenant_id, await orders.showing(container))

    print_object(run(work), as_json=as_json)


def _look_again(wanted: OrderId, *, as_json: bool) -> None:
    async def work(container: AsyncContainer) -> Mapping[str, object]:
        tenant_id, before = await orders.find(container, wanted)
        after, incident = before, None
        if not before.order.is_final:
            await _look(container, tenant_id, before)
            after = await orders.load(container, tenant_id, wanted) or before
        else:
            incident = await (await container.get(ResolveByHand)).recheck(tenant_id, wanted)
        shown = orders.shown_detail(after, tenant_id, await orders.showing(container))
        looked = _looks(after) != _looks(before) or after != before
        return {
            "looked": looked,
            **shown,
            "incident": None if incident is None else incident.detail,
        }

    result = run(work)
    print_object(result, as_json=as_json)
    if not result["final"] or result["incident"]:
        raise click.exceptions.Exit(1)


async def _look(container: AsyncContainer, tenant_id: TenantId, before: OrderDetail) -> None:
    order_id = before.order.id
    uow: UnitOfWork = await container.get(UnitOfWork)
    async with uow.begin(tenant_id) as tx:
        if not await tx.intents.make_due(IntentKind.SETTLE_EXECUTION, order_id):
            raise click.ClickException("somebody is looking it up at this moment; ask again")
        await tx.commit()
    providers = await container.get(Mapping[LpName, LiquidityProvider])
    if before.attempt is not None and before.attempt.lp in providers:
        await (await container.get(ResolveExecution)).execute(DueIntent(tenant_id, order_id))
        return
    # This process does not know the LP, but it is due now, and a worker does.
    try:
        async with asyncio.timeout(WORKER_LOOKS_WITHIN.total_seconds()):
            while await orders.load(container, tenant_id, order_id) == before:  # noqa: ASYNC110
                await asyncio.sleep(ASK_EVERY.total_seconds())  # another process changes it
    except TimeoutError:
        raise click.ClickException(
            "no worker has looked it up, and its LP is not configured here: set AKSUM_LP_CONFIG"
        ) from None


def _looks(detail: OrderDetail) -> int:
    return 0 if detail.attempt is None else detail.attempt.looks


def _units(text: str | None, scale: int) -> int | None:
    return None if text is None else parse_units(text, scale=scale)
