"""Transfers between customers of a tenant of their own, and when they were booked."""

from datetime import datetime, timedelta

from domain.ledger.commands import Post
from domain.ledger.entry import JournalTransaction
from domain.shared.ids import AccountId, TenantId, TransactionId
from tests.contract.world import LONG_LEASE, Party, World


class Payer(Party, frozen=True, kw_only=True):
    other: AccountId


async def moving(
    world: World, count: int, *, units: int = 1
) -> tuple[Payer, list[JournalTransaction]]:
    """Transfers of a tenant of its own, each booked later than the one before."""
    payer = await paying(world)
    moved = []
    for _ in range(count):
        world.pass_time()
        transaction = world.moving(payer.usdt, payer.other, units)
        await move(world, payer, transaction)
        moved.append(transaction)
    return payer, moved


async def at_once(world: World, count: int) -> tuple[Payer, list[JournalTransaction]]:
    payer = await paying(world)
    world.pass_time()
    together = [world.moving(payer.usdt, payer.other, 1) for _ in range(count)]
    await move(world, payer, *together)
    return payer, together


async def paying(world: World) -> Payer:
    payer = await world.party()
    payee = await world.party(payer.tenant_id)
    return Payer(
        tenant_id=payer.tenant_id,
        customer=payer.customer,
        usdt=payer.usdt,
        btc=payer.btc,
        other=payee.usdt,
    )


async def move(world: World, party: Party, *transactions: JournalTransaction) -> datetime:
    """When they were booked."""
    async with world.ports.uow.begin(party.tenant_id) as tx:
        await world.accept(tx, tuple(Post(each, world.now) for each in transactions))
        await tx.commit()
    return await booked(world, party.tenant_id, transactions[0].id)


async def booked(world: World, tenant_id: TenantId, transaction_id: TransactionId) -> datetime:
    async with world.ports.uow.begin(tenant_id) as tx:
        return (await tx.journal.transaction(transaction_id)).booked_at


def later(world: World) -> datetime:
    return world.now + LONG_LEASE + timedelta(days=1)
