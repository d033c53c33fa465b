"""The audit finds what no port would let happen: rows are bent behind the adapters' backs."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
from msgspec.structs import replace

from adapters.memory.store import Store
from application.ports.intents import IntentKind
from application.ports.trading import Settlement
from application.ports.verification import Finding
from domain.shared.ids import HoldId, TenantId
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
