"""The pass over all tenants, in memory: whom it numbers, whom it leaves, and what it survives."""

import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.due_work import MemoryDueWork
from adapters.memory.store import Store
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.system.ids import SystemIds
from application.errors import Overloaded
from application.events import relay_events
from application.events.relay_events import RelayEvents
from domain.shared.ids import TenantId
from tests.contract.conftest import memory_ports_of
from tests.contract.webhook_endpoints_contract import announced
from tests.contract.world import World


@pytest.fixture
def store() -> Store:
    return Store(clock=ManualClock(), ids=SystemIds())


@pytest.fixture
async def world(store: Store) -> World:
    made = World(memory_ports_of(store))
    await made.prepare()
    return made


@pytest.fixture
def relay(store: Store) -> RelayEvents:
    return RelayEvents(uow=MemoryUnitOfWork(store), due=MemoryDueWork(store))


async def talkative(world: World, *counts: int) -> list[TenantId]:
    tenants = [await world.tenant() for _ in counts]
    for tenant_id, count in zip(tenants, counts, strict=True):
        await announced(world, tenant_id, count)
    return tenants


async def last_seq(world: World, tenant_id: TenantId) -> int:
    async with world.ports.uow.begin(tenant_id) as tx:
        return await tx.events.last_seq()


async def test_pass_numbers_everybodys_however_many_tenants_there_are(
    world: World, relay: RelayEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_events, "TENANTS_MAX", 2)
    tenants = await talkative(world, 1, 2, 3, 4)
    assert await relay.execute() == 10
    assert [await last_seq(world, each) for each in tenants] == [1, 2, 3, 4]
    assert await relay.execute() == 0


async def test_long_backlog_takes_one_bounded_turn_in_each_pass(
    world: World, relay: RelayEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_events, "NUMBER_MAX", 3)
    much, little = await talkative(world, 7, 1)
    assert await relay.execute() == 3 + 1
    assert [await last_seq(world, each) for each in (much, little)] == [3, 1]
    assert [await relay.execute() for _ in range(3)] == [3, 1, 0]


async def test_tenant_that_another_relay_is_at_is_left_to_it(
    world: World, relay: RelayEvents
) -> None:
    taken, free = await talkative(world, 2, 2)
    async with world.ports.worker_uow.begin(taken) as tx:
        assert await tx.outbox.number(limit=1) == 1
        assert await relay.execute() == 2
        await tx.commit()
    assert [await last_seq(world, each) for each in (taken, free)] == [1, 2]
    assert await relay.execute() == 1


async def test_tenant_that_fails_stops_nobody_else(
    world: World,
    relay: RelayEvents,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, fine = sorted(await talkative(world, 1, 1))
    number = relay._number

    async def fails(tenant_id: TenantId) -> int:
        if tenant_id == broken:
            raise RuntimeError("of this tenant alone")
        return await number(tenant_id)

    monkeypatch.setattr(relay, "_number", fails)
    assert await relay.execute() == 1
    assert await last_seq(world, fine) == 1
    assert str(broken) in caplog.text
    monkeypatch.undo()
    assert await relay.execute() == 1


async def test_overload_ends_the_pass_and_loses_nothing(
    world: World, relay: RelayEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talkative(world, 1, 1)

    async def overloaded(_: TenantId) -> int:
        raise Overloaded("no connection is free")

    monkeypatch.setattr(relay, "_number", overloaded)
    with pytest.raises(Overloaded):
        await relay.execute()
    monkeypatch.undo()
    assert await relay.execute() == 2
