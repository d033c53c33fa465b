"""The pass over all books, in memory: what it folds, what it leaves, and what it survives."""

from datetime import timedelta

import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.ledger_clock import MemoryLedgerClock
from adapters.memory.store import Store
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.system.ids import SystemIds
from application.ledger import fold_ledger
from application.ledger.fold_ledger import FOLD_AT_THE_LATEST, FoldLedger
from domain.shared.ids import TenantId
from tests.contract.conftest import memory_ports_of
from tests.contract.world import USDT, Party, World


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> Store:
    return Store(clock=clock, ids=SystemIds())


@pytest.fixture
async def world(store: Store) -> World:
    made = World(memory_ports_of(store))
    await made.prepare()
    return made


@pytest.fixture
def fold(store: Store) -> FoldLedger:
    return FoldLedger(uow=MemoryUnitOfWork(store), ledger_clock=MemoryLedgerClock(store))


async def test_few_new_transactions_wait_until_it_is_time(
    world: World, fold: FoldLedger, clock: ManualClock
) -> None:
    party = await world.party()
    await passes(fold, clock, 3)
    assert await folded(world, party) is False
    await many(world, party, fold_ledger.FOLD_MIN)
    await passes(fold, clock, 2)
    assert await folded(world, party) is True
    await many(world, party, 1)
    before = await until(world, party.tenant_id)
    await passes(fold, clock, 2)
    assert await until(world, party.tenant_id) == before
    clock.advance(FOLD_AT_THE_LATEST)
    await passes(fold, clock, 2)
    assert await until(world, party.tenant_id) != before


async def test_backlog_is_folded_in_bounded_steps(
    world: World, fold: FoldLedger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fold_ledger, "FOLD_MAX", 10)
    monkeypatch.setattr(fold_ledger, "FOLD_MIN", 1)
    party = await world.party()
    await many(world, party, 10 * (fold_ledger.FOLDS_MAX + 1))
    clock.advance(timedelta(seconds=1))
    assert await fold.execute() == 0
    clock.advance(timedelta(seconds=1))
    assert await fold.execute() > 0
    assert await fold.execute() == 0


async def passes(fold: FoldLedger, clock: ManualClock, count: int) -> None:
    for _ in range(count):
        clock.advance(timedelta(milliseconds=1))
        await fold.execute()


async def many(world: World, party: Party, count: int) -> None:
    for _ in range(count):
        await world.deposit(party, USDT, 1)
        world.pass_time()


async def until(world: World, tenant_id: TenantId) -> object:
    async with world.ports.uow.begin(tenant_id) as tx:
        return await tx.folds.folded_until()


async def folded(world: World, party: Party) -> bool:
    return await until(world, party.tenant_id) is not None
