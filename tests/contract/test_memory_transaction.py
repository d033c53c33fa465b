"""Where the store in memory is stricter than a database, so that misuse shows in unit tests."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from adapters.memory.clock import ManualClock
from adapters.memory.locks import RowLocks, RowName
from adapters.memory.open_transaction import in_transaction, require_no_transaction
from adapters.memory.session import Session
from adapters.system.ids import SystemIds
from application.errors import Overloaded
from application.ports.intents import IntentKind
from domain.ledger.commands import Post
from domain.shared.errors import InvariantViolation
from domain.shared.ids import TenantId
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.contract.ports import Ports
from tests.contract.world import LONG_LEASE, World


@pytest.fixture
def ports(memory_ports: Ports) -> Ports:
    return memory_ports


async def test_ended_transaction_is_of_no_more_use(world: World) -> None:
    tenant_id, customer = await world.tenant(), world.new_customer()
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.customers.add(customer)
        await tx.commit()
        with pytest.raises(InvariantViolation, match="has ended"):
            await tx.customers.get(customer.id)
    with pytest.raises(InvariantViolation, match="has ended"):
        await tx.commit()


async def test_transaction_whose_reservation_failed_can_only_be_left(world: World) -> None:
    party = await world.party()
    reservation = world.reservation(world.new_quote(party).quote.id)
    async with world.ports.uow.begin(party.tenant_id) as tx:
        assert await tx.trading.reserve(reservation) is None
        with pytest.raises(InvariantViolation, match="can only be left"):
            await tx.customers.get(party.customer.id)
        with pytest.raises(InvariantViolation, match="can only be left"):
            await tx.commit()


async def test_transaction_that_lost_its_race_cannot_be_committed(world: World) -> None:
    party = await world.party()
    execution = replace(await world.execution(party), lease_token=7)
    settled = await world.settlement(party, execution)
    async with world.ports.uow.begin(party.tenant_id) as tx:
        assert not await tx.trading.settle(settled)
        with pytest.raises(InvariantViolation, match="lost its race"):
            await tx.commit()


async def test_network_call_inside_a_transaction_is_refused(world: World) -> None:
    tenant_id = await world.tenant()
    require_no_transaction()
    async with world.ports.uow.begin(tenant_id):
        assert in_transaction.get()
        with pytest.raises(InvariantViolation, match="inside a transaction"):
            require_no_transaction()
        async with world.ports.uow.begin(HOUSE_TENANT_ID):
            pass
        assert in_transaction.get()
    require_no_transaction()


async def test_wait_for_a_row_ends_and_leaves_no_trace(clock: ManualClock) -> None:
    locks, tenant_id = RowLocks(), TenantId(SystemIds().new())
    row: RowName = ("customers", tenant_id, "a row")
    holder = Session(tenant_id, clock=clock, locks=locks)
    waiter = Session(tenant_id, clock=clock, locks=locks)
    await holder.lock(row)
    with pytest.raises(Overloaded):
        await waiter.lock(row, patience=timedelta(milliseconds=1))
    assert not await waiter.try_lock(row)
    holder.end()
    assert locks.is_free(row)


async def test_time_of_booking_never_runs_backwards_on_an_account(
    world: World, clock: ManualClock
) -> None:
    payer = await world.party()
    payee = await world.party(payer.tenant_id)
    latest = clock.now()
    for step in (timedelta(seconds=5), timedelta(hours=-1), timedelta(seconds=1)):
        clock.advance(step)
        moving = world.moving(payer.usdt, payee.usdt, 1)
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            await world.accept(tx, (Post(moving, world.now),))
            await tx.commit()
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            booked_at = (await tx.journal.transaction(moving.id)).booked_at
        assert booked_at >= latest
        latest = booked_at


async def test_lease_runs_out_by_the_clock_of_the_store(world: World, clock: ManualClock) -> None:
    party = await world.party()
    execution = await world.execution(party, lease=LONG_LEASE)
    kind = IntentKind.SETTLE_EXECUTION
    clock.advance(LONG_LEASE - timedelta(microseconds=1))
    assert await world.ports.due_work.due_intents(kind, limit=10) == ()
    clock.advance(timedelta(microseconds=1))
    (due,) = await world.ports.due_work.due_intents(kind, limit=10)
    assert (due.tenant_id, due.subject) == (party.tenant_id, execution.order.id)


async def test_clock_that_is_not_utc_is_refused() -> None:
    with pytest.raises(InvariantViolation):
        ManualClock().set(ManualClock().now().replace(tzinfo=None))
