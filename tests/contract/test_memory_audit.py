"""The audit finds what no port would let happen: rows are bent behind the adapters' backs."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias
from uuid import uuid4

import pytest
from msgspec.structs import replace

from adapters.memory.ledger_folds import FOLD
from adapters.memory.store import Store
from application.ports.intents import IntentKind
from application.ports.ledger import ClosedPeriod
from application.ports.trading import Settlement
from application.ports.verification import Finding
from domain.ledger.outcomes import Outcome, OutcomeCode
from domain.ledger.state import Answer
from domain.shared.ids import HoldId, TenantId, TransactionId
from tests.contract.ledger_audit_contract import fold_by_now, mark_of
from tests.contract.ports import Ports
from tests.contract.world import Party, World

Bend: TypeAlias = Callable[[Store, Party, Settlement], None]


@pytest.fixture
def ports(memory_ports: Ports) -> Ports:
    return memory_ports


def changed_entry(store: Store, party: Party, settled: Settlement) -> None:
    place = store.entry_numbers.of(party.tenant_id)[party.usdt, 1]
    entry = store.entries.of(party.tenant_id)[place]
    store.entries.apply(party.tenant_id, {place: replace(entry, units=entry.units + 1)})


def lost_entry(store: Store, party: Party, settled: Settlement) -> None:
    place = store.entry_numbers.of(party.tenant_id)[party.usdt, 1]
    store.entries.apply(party.tenant_id, {place: None})


def changed_running_balance(store: Store, party: Party, settled: Settlement) -> None:
    place = store.entry_numbers.of(party.tenant_id)[party.usdt, 2]
    entry = store.entries.of(party.tenant_id)[place]
    store.entries.apply(party.tenant_id, {place: replace(entry, balance_after=1)})


def changed_balance(store: Store, party: Party, settled: Settlement) -> None:
    row = store.balances.of(party.tenant_id)[party.usdt]
    balance = replace(row.balance, credits=row.balance.credits + 1)
    store.balances.apply(party.tenant_id, {party.usdt: replace(row, balance=balance)})


def lost_hold(store: Store, party: Party, settled: Settlement) -> None:
    store.holds.apply(party.tenant_id, {HoldId(pending(store, party.tenant_id)): None})


def lost_settling_intent(store: Store, party: Party, settled: Settlement) -> None:
    key = (IntentKind.SETTLE_EXECUTION, pending(store, party.tenant_id))
    store.intents.apply(party.tenant_id, {key: None})


def lost_mirror_intent(store: Store, party: Party, settled: Settlement) -> None:
    key = (IntentKind.MIRROR, settled.transaction.id)
    store.intents.apply(party.tenant_id, {key: None})


def lost_postings(store: Store, party: Party, settled: Settlement) -> None:
    store.fill_postings.apply(party.tenant_id, {settled.fill.id: None})


def lost_header(store: Store, party: Party, settled: Settlement) -> None:
    store.transactions.apply(party.tenant_id, {settled.transaction.id: None})


def header_of_another_time(store: Store, party: Party, settled: Settlement) -> None:
    booked = store.transactions.of(party.tenant_id)[settled.transaction.id]
    other = replace(booked, booked_at=booked.booked_at + timedelta(seconds=1))
    store.transactions.apply(party.tenant_id, {settled.transaction.id: other})


def false_reversal(store: Store, party: Party, settled: Settlement) -> None:
    booked = store.transactions.of(party.tenant_id)[settled.transaction.id]
    claimed = replace(booked.transaction, reverses=TransactionId(uuid4()))
    rows = {claimed.id: replace(booked, transaction=claimed)}
    store.transactions.apply(party.tenant_id, rows)


def reversal_of_nothing(store: Store, party: Party, settled: Settlement) -> None:
    store.reversals.apply(party.tenant_id, {TransactionId(uuid4()): settled.transaction.id})


def refusal_that_posted(store: Store, party: Party, settled: Settlement) -> None:
    outcome = Outcome(OutcomeCode.BELOW_FLOOR, party.usdt, transaction_id=settled.transaction.id)
    store.answers.apply(party.tenant_id, {"k": Answer(bytes(32), outcome)})


def answer_for_nothing(store: Store, party: Party, settled: Settlement) -> None:
    outcome = Outcome(OutcomeCode.OK, transaction_id=TransactionId(uuid4()))
    store.answers.apply(party.tenant_id, {"k": Answer(bytes(32), outcome)})


def answer_to_two(store: Store, party: Party, settled: Settlement) -> None:
    answer = Answer(bytes(32), Outcome(OutcomeCode.OK, transaction_id=settled.transaction.id))
    store.answers.apply(party.tenant_id, {"k": answer, "l": answer})


def period_closed_before(store: Store, party: Party, settled: Settlement) -> None:
    booked = store.transactions.of(party.tenant_id)[settled.transaction.id]
    day = booked.transaction.effective_on
    period = ClosedPeriod(
        closed_through=day, closed_by="ops", closed_at=booked.booked_at - timedelta(hours=1)
    )
    store.periods.apply(party.tenant_id, {day: period})


def fold_of_open_time(store: Store, party: Party, settled: Settlement) -> None:
    store.folds.apply(party.tenant_id, {FOLD: store.clock.now()})


def pending(store: Store, tenant_id: TenantId) -> HoldId:
    orders = store.orders.of(tenant_id).values()
    return HoldId(next(order.id for order in orders if not order.is_final))


async def found_in(world: World, *, limit: int, full: bool = True) -> tuple[Finding, ...]:
    async with world.ports.ledger_audit.snapshot(full=full) as snapshot:
        return await snapshot.findings(limit=limit)


@pytest.mark.parametrize(
    ("bend", "checks"),
    [
        (
            changed_entry,
            {"transaction_balances", "running_balance_continues", "balance_matches_entries"},
        ),
        (
            lost_entry,
            {"transaction_balances", "entries_numbered_without_gap", "balance_matches_entries"},
        ),
        (changed_running_balance, {"running_balance_continues"}),
        (changed_balance, {"balance_matches_entries"}),
        (lost_hold, {"held_matches_holds", "pending_order_has_hold_and_intent"}),
        (lost_settling_intent, {"pending_order_has_hold_and_intent"}),
        (lost_mirror_intent, {"clearing_is_mirrored_once"}),
        (lost_postings, {"fill_has_postings"}),
        (lost_header, {"entry_has_header", "fill_has_postings"}),
        (header_of_another_time, {"entry_booked_with_header"}),
        (false_reversal, {"reversal_is_registered_once", "reversal_negates_its_original"}),
        (reversal_of_nothing, {"reversal_is_registered_once"}),
        (refusal_that_posted, {"answer_is_one_that_is_kept"}),
        (answer_for_nothing, {"answered_transaction_exists"}),
        (answer_to_two, {"transaction_answers_one_key"}),
        (period_closed_before, {"nothing_is_dated_into_a_closed_period"}),
        (fold_of_open_time, {"fold_ends_in_closed_time"}),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
async def test_bent_row_is_found(world: World, store: Store, bend: Bend, checks: set[str]) -> None:
    party = await world.party()
    settled = await world.trade(party)
    await world.execution(party)
    assert await found_in(world, limit=100) == ()
    bend(store, party, settled)
    found = await found_in(world, limit=100)
    assert {finding.check for finding in found} == checks
    assert {finding.tenant_id for finding in found} == {party.tenant_id}
    assert len(await found_in(world, limit=1)) == 1


async def test_damage_below_the_mark_is_named_by_a_full_reading_alone(
    world: World, store: Store
) -> None:
    party = await world.party()
    settled = await world.trade(party)
    await fold_by_now(world, party.tenant_id)
    assert await world.ports.ledger_audit.remember(await mark_of(world, party.tenant_id))
    header_of_another_time(store, party, settled)
    found = {each.check for each in await found_in(world, limit=9)}
    assert found == {"entry_booked_with_header"}
    assert await found_in(world, limit=9, full=False) == ()
