"""A message that comes again has no second effect."""

import asyncio

from domain.shared.ids import TenantId
from tests.contract.world import World


class InboxContract:
    async def test_message_is_taken_once(self, world: World) -> None:
        tenant_id = await world.tenant()
        assert await take(world, tenant_id, "mails", "m-1")
        assert not await take(world, tenant_id, "mails", "m-1")
        assert await take(world, tenant_id, "mails", "m-2")

    async def test_each_consumer_and_each_tenant_takes_its_own(self, world: World) -> None:
        tenant_id, other = await world.tenant(), await world.tenant()
        assert await take(world, tenant_id, "mails", "m-1")
        assert await take(world, tenant_id, "books", "m-1")
        assert await take(world, other, "mails", "m-1")

    async def test_message_whose_effect_was_not_committed_is_taken_again(
        self, world: World
    ) -> None:
        tenant_id = await world.tenant()
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.inbox.take("mails", "m-1")
        assert await take(world, tenant_id, "mails", "m-1")

    async def test_copies_at_once_have_one_effect(self, world: World) -> None:
        tenant_id = await world.tenant()
        taken = await asyncio.gather(*(take(world, tenant_id, "mails", "m-1") for _ in range(8)))
        assert taken.count(True) == 1


async def take(world: World, tenant_id: TenantId, consumer: str, message_id: str) -> bool:
    async with world.ports.uow.begin(tenant_id) as tx:
        taken = await tx.inbox.take(consumer, message_id)
        await tx.commit()
    return taken
