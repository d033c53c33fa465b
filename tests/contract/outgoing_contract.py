"""Other tests' tenants are in the same store, so what this one adds is looked for."""

from datetime import timedelta

import msgspec
from msgspec.structs import replace

from application.ports.events import NUMBER_MAX
from application.ports.outgoing import OutgoingWebhooks
from application.ports.webhook_deliveries import DeliveryState
from domain.shared.ids import TenantId
from domain.webhooks.endpoint import DisabledBy, Endpoint, disable
from tests.contract.webhook_deliveries_contract import add, claim, ended, finish, new
from tests.contract.webhook_endpoints_contract import added, announced
from tests.contract.world import World


class OutgoingContract:
    async def test_deliveries_are_counted_by_lane_and_by_whether_they_are_due(
        self, world: World
    ) -> None:
        before = await world.ports.outgoing.webhooks()
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, *(new(world, seq) for seq in range(1, 5)))
        sent, _ = await claim(world, tenant_id, endpoint, 2)
        await finish(world, sent, ended(DeliveryState.DUE, pause=timedelta(days=1)))
        await observed(world, tenant_id, replace(endpoint, failing_since=world.now))
        healthy, troubled = await world.ports.outgoing.webhooks()
        assert figures(healthy) == figures(before[0])
        # Two may be sent now; one is being sent, and one waits for a day.
        assert added_to(before[1], troubled) == {
            "endpoints": 1,
            "failing": 1,
            "due": 2,
            "waiting": 4,
        }
        assert troubled.oldest_due_at is not None
        await observed(world, tenant_id, replace(endpoint, is_troubled=False))
        healthy, troubled = await world.ports.outgoing.webhooks()
        assert added_to(before[0], healthy) == {
            "endpoints": 1,
            "failing": 0,
            "due": 2,
            "waiting": 4,
        }
        assert figures(troubled) == figures(before[1])

    async def test_what_is_for_nobody_at_the_moment_is_not_counted(self, world: World) -> None:
        before = await world.ports.outgoing.webhooks()
        disabled_before = await world.ports.outgoing.disabled_endpoints()
        for by in (DisabledBy.FAILING, DisabledBy.GONE, DisabledBy.PARTNER):
            tenant_id, endpoint = await added(world)
            await add(world, tenant_id, endpoint, new(world, 1))
            async with world.ports.uow.begin(tenant_id) as tx:
                await tx.webhook_endpoints.update(disable(endpoint, by=by, at=world.now))
                await tx.commit()
        tenant_id, endpoint = await added(world)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.webhook_endpoints.remove(endpoint.id)
            await tx.commit()
        after = await world.ports.outgoing.webhooks()
        assert [figures(each) for each in after] == [figures(each) for each in before]
        assert await world.ports.outgoing.disabled_endpoints() - disabled_before == 2

    async def test_events_without_a_number_are_counted_until_they_have_one(
        self, world: World
    ) -> None:
        before = await world.ports.outgoing.events()
        tenant_id, _ = await added(world)
        await announced(world, tenant_id, 3)
        waiting = await world.ports.outgoing.events()
        assert waiting.unnumbered - before.unnumbered == 3
        assert waiting.oldest_at is not None
        async with world.ports.worker_uow.begin(tenant_id) as tx:
            await tx.outbox.number(limit=NUMBER_MAX)
            await tx.commit()
        after = await world.ports.outgoing.events()
        assert after.unnumbered == before.unnumbered
        assert after.behind_max >= 3


async def observed(world: World, tenant_id: TenantId, endpoint: Endpoint) -> None:
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.webhook_endpoints.observe(endpoint)
        await tx.commit()


def figures(of: OutgoingWebhooks) -> dict[str, int]:
    fields = msgspec.structs.asdict(of)
    return {name: fields[name] for name in ("endpoints", "failing", "due", "waiting")}


def added_to(before: OutgoingWebhooks, after: OutgoingWebhooks) -> dict[str, int]:
    return {name: figures(after)[name] - each for name, each in figures(before).items()}
