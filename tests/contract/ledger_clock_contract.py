from datetime import datetime

from domain.ledger.commands import Post
from domain.shared.ids import TenantId, TransactionId
from tests.contract.world import World

# A mark is reached in one call more. What else the store is doing may cost some.
CALLS_MAX = 100


class LedgerClockContract:
    async def test_time_that_is_over_is_closed_in_the_end(self, world: World) -> None:
        wanted = world.now
        assert await closed_after(world, wanted)

    async def test_closed_time_never_goes_back(self, world: World) -> None:
        answers = [await world.ports.ledger_clock.advance() for _ in range(5)]
        seen = [each for each in answers if each is not None]
        assert seen == sorted(seen)
        assert await world.ports.ledger_clock.closed_until() == seen[-1]

    async def test_open_transaction_holds_back_the_time_it_booked_at(self, world: World) -> None:
        payer = await world.party()
        payee = await world.party(payer.tenant_id)
        moving = world.moving(payer.usdt, payee.usdt, 1)
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            await world.accept(tx, (Post(moving, world.now),))
            for _ in range(10):
                await world.ports.ledger_clock.advance()
            closed = await world.ports.ledger_clock.closed_until()
            await tx.commit()
        booked_at = await booked(world, payer.tenant_id, moving.id)
        assert closed is None or closed <= booked_at
        assert await closed_after(world, booked_at)

    async def test_nothing_is_booked_in_closed_time(self, world: World) -> None:
        payer = await world.party()
        payee = await world.party(payer.tenant_id)
        for _ in range(5):
            moving = world.moving(payer.usdt, payee.usdt, 1)
            closed = await world.ports.ledger_clock.advance()
            async with world.ports.uow.begin(payer.tenant_id) as tx:
                await world.accept(tx, (Post(moving, world.now),))
                await tx.commit()
            assert closed is None or await booked(world, payer.tenant_id, moving.id) >= closed


async def closed_after(world: World, at: datetime) -> bool:
    for _ in range(CALLS_MAX):
        closed = await world.ports.ledger_clock.advance()
        if closed is not None and closed > at:
            return True
        world.pass_time()
    return False


async def booked(world: World, tenant_id: TenantId, transaction_id: TransactionId) -> datetime:
    async with world.ports.uow.begin(tenant_id) as tx:
        return (await tx.journal.transaction(transaction_id)).booked_at
