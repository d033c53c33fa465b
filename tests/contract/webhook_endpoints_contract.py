import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from application.errors import VersionConflict
from application.ports.events import NUMBER_MAX
from application.ports.webhooks import SigningKeys
from domain.shared.errors import NotFound
from domain.shared.events import announce
from domain.shared.ids import EventId, TenantId, WebhookEndpointId
from domain.webhooks.announcements import WebhookEndpointPing
from domain.webhooks.endpoint import DisabledBy, Endpoint, EndpointStatus, disable, enable
from tests.contract.world import World

DAY = timedelta(days=1)


class WebhookEndpointsContract:
    async def test_added_endpoint_is_read_back_with_its_place_and_keys(self, world: World) -> None:
        party = await world.party()
        endpoint = replace(
            new_endpoint(world),
            customer_id=party.customer.id,
            description="orders, é",
            event_types=("order.*", "quote.expired.v1"),
        )
        keys = new_keys(world)
        await add(world, party.tenant_id, endpoint, keys, after=7)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.webhook_endpoints.get(endpoint.id) == endpoint
            assert await tx.webhook_endpoints.lock(endpoint.id) == endpoint
            assert await tx.webhook_endpoints.list() == (endpoint,)
            assert await tx.webhook_endpoints.place(endpoint.id) == 7
            assert await tx.webhook_endpoints.keys(endpoint.id, at=world.now) == (keys,)

    async def test_unknown_endpoint_is_not_found_by_any_method(self, world: World) -> None:
        tenant_id, unknown = await world.tenant(), new_endpoint(world)
        await refuses_all(world, tenant_id, unknown)

    async def test_removed_endpoint_is_gone_with_its_keys(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.webhook_endpoints.remove(endpoint.id)
            await tx.commit()
        await refuses_all(world, tenant_id, endpoint)
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.webhook_endpoints.list() == ()

    async def test_update_of_the_version_before_is_kept(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        disabled = disable(endpoint, by=DisabledBy.PARTNER, at=world.now)
        enabled = enable(disabled, at=world.now)
        moved = replace(enabled, url="https://other.partner.com/", version=4)
        for each in (disabled, enabled, moved):
            async with world.ports.uow.begin(tenant_id) as tx:
                await tx.webhook_endpoints.update(each)
                await tx.commit()
            assert await read(world, tenant_id, endpoint.id) == each

    async def test_update_of_another_version_is_refused(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        for version in (1, 3):
            async with world.ports.uow.begin(tenant_id) as tx:
                with pytest.raises(VersionConflict):
                    await tx.webhook_endpoints.update(replace(endpoint, version=version))
        assert await read(world, tenant_id, endpoint.id) == endpoint

    async def test_observation_keeps_the_version_and_everything_else(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        seen = replace(endpoint, failing_since=world.now, is_troubled=False, url="ignored")
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.webhook_endpoints.observe(seen)
            await tx.commit()
        assert await read(world, tenant_id, endpoint.id) == replace(seen, url=endpoint.url)

    async def test_place_moves_on_and_not_back(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.webhook_endpoints.advance(endpoint.id, to=5)
            assert await tx.webhook_endpoints.place(endpoint.id) == 5
            with pytest.raises(NotFound):
                await tx.webhook_endpoints.advance(endpoint.id, to=4)

    async def test_replaced_keys_sign_along_until_they_expire(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        now = world.now
        first, second, third = (new_keys(world, number) for number in (1, 2, 3))
        for each, expire_at in ((second, now + 2 * DAY), (third, now + DAY)):
            async with world.ports.uow.begin(tenant_id) as tx:
                await tx.webhook_endpoints.replace_keys(endpoint.id, each, expire_at=expire_at)
                await tx.commit()
        async with world.ports.uow.begin(tenant_id) as tx:
            signing = await tx.webhook_endpoints.keys(endpoint.id, at=now)
            later = await tx.webhook_endpoints.keys(endpoint.id, at=now + DAY)
        assert [each.number for each in signing] == [3, 2, 1]
        assert [each.expires_at for each in signing] == [None, now + DAY, now + DAY]
        assert [each.number for each in later] == [3]
        assert signing[2].boxed == first.boxed

    async def test_locked_endpoint_is_waited_for(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.webhook_endpoints.lock(endpoint.id)
            other = asyncio.create_task(raise_place(world, tenant_id, endpoint.id))
            await tx.webhook_endpoints.advance(endpoint.id, to=1)
            await tx.commit()
        await other
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.webhook_endpoints.place(endpoint.id) == 2

    async def test_endpoint_is_behind_when_its_tenant_has_later_events(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        me = (tenant_id, endpoint.id)
        assert me not in await behind(world)
        await tell(world, tenant_id, 2)
        assert me in await behind(world)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.webhook_endpoints.advance(endpoint.id, to=2)
            await tx.commit()
        assert me not in await behind(world)

    async def test_disabled_endpoint_is_not_looked_after(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await tell(world, tenant_id, 1)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.webhook_endpoints.update(disable(endpoint, by=DisabledBy.GONE, at=world.now))
            await tx.commit()
        assert (tenant_id, endpoint.id) not in await behind(world)
        disabled = await read(world, tenant_id, endpoint.id)
        assert disabled.status is EndpointStatus.DISABLED

    async def test_those_behind_come_in_pages(self, world: World) -> None:
        tenant_id, first = await added(world)
        _, second = await added(world, tenant_id)
        await tell(world, tenant_id, 1)
        due = world.ports.due_webhooks
        before = (tenant_id, WebhookEndpointId(tenant_id))
        page = await due.behind(after=before, limit=1)
        assert page == ((tenant_id, first.id),)
        assert await due.behind(after=page[0], limit=1) == ((tenant_id, second.id),)


def new_endpoint(world: World) -> Endpoint:
    now = world.now
    return Endpoint(
        id=WebhookEndpointId(world.id()),
        url="https://hooks.partner.com/in",
        event_types=("*",),
        created_at=now,
        updated_at=now,
    )


def new_keys(world: World, number: int = 1) -> SigningKeys:
    return SigningKeys(
        number=number, boxed=bytes([number]) * 161, public_key="whpk_x", created_at=world.now
    )


async def added(
    world: World, tenant_id: TenantId | None = None, *, after: int = 0
) -> tuple[TenantId, Endpoint]:
    tenant_id, endpoint = tenant_id or await world.tenant(), new_endpoint(world)
    await add(world, tenant_id, endpoint, new_keys(world), after=after)
    return tenant_id, endpoint


async def add(
    world: World, tenant_id: TenantId, endpoint: Endpoint, keys: SigningKeys, *, after: int
) -> None:
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.webhook_endpoints.add(endpoint, keys, after=after)
        await tx.commit()


async def read(world: World, tenant_id: TenantId, endpoint_id: WebhookEndpointId) -> Endpoint:
    async with world.ports.uow.begin(tenant_id) as tx:
        return await tx.webhook_endpoints.get(endpoint_id)


async def raise_place(world: World, tenant_id: TenantId, endpoint_id: WebhookEndpointId) -> None:
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.webhook_endpoints.lock(endpoint_id)
        place = await tx.webhook_endpoints.place(endpoint_id)
        await tx.webhook_endpoints.advance(endpoint_id, to=place + 1)
        await tx.commit()


async def behind(world: World) -> tuple[tuple[TenantId, WebhookEndpointId], ...]:
    return await world.ports.due_webhooks.behind(after=None, limit=1_000)


async def refuses_all(world: World, tenant_id: TenantId, endpoint: Endpoint) -> None:
    async with world.ports.uow.begin(tenant_id) as tx:
        endpoints = tx.webhook_endpoints
        keys = new_keys(world, 2)
        for attempt in (
            endpoints.get(endpoint.id),
            endpoints.lock(endpoint.id),
            endpoints.update(replace(endpoint, version=2)),
            endpoints.observe(endpoint),
            endpoints.remove(endpoint.id),
            endpoints.place(endpoint.id),
            endpoints.advance(endpoint.id, to=1),
            endpoints.keys(endpoint.id, at=world.now),
            endpoints.replace_keys(endpoint.id, keys, expire_at=world.now),
        ):
            with pytest.raises(NotFound):
                await attempt


async def announced(world: World, tenant_id: TenantId, count: int) -> tuple[EventId, ...]:
    """Of the tenant, about nothing in particular, and without numbers yet."""
    ids = tuple(EventId(world.id()) for _ in range(count))
    async with world.ports.uow.begin(tenant_id) as tx:
        for each in ids:
            told = announce(
                WebhookEndpointPing(id="whe_x", url="https://x.io/"),
                event_id=each,
                resource_id=world.id(),
                resource_version=1,
                customer_ids=(),
                occurred_at=world.now,
            )
            await tx.outbox.add(told)
            world.pass_time()
        await tx.commit()
    return ids


async def tell(world: World, tenant_id: TenantId, count: int) -> tuple[EventId, ...]:
    """The same, numbered."""
    ids = await announced(world, tenant_id, count)
    async with world.ports.worker_uow.begin(tenant_id) as tx:
        assert await tx.outbox.number(limit=NUMBER_MAX) == count
        await tx.commit()
    return ids
