import asyncio
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from application.ports.webhook_deliveries import (
    Attempt,
    AttemptResult,
    Backlog,
    Claim,
    DeliveryState,
    ToDeliver,
)
from domain.shared.ids import EventId, TenantId, WebhookAttemptId
from domain.webhooks.endpoint import DisabledBy, Endpoint, disable
from domain.webhooks.fairness import Waiting
from tests.contract.webhook_endpoints_contract import added
from tests.contract.world import LONG_LEASE, NO_LEASE, World

MANY = 100
PAST, FUTURE = timedelta(days=-1), timedelta(days=1)


class WebhookDeliveriesContract:
    async def test_added_delivery_is_due_at_once_and_once(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        what = new(world, 1)
        assert await add(world, tenant_id, endpoint, what) == 1
        assert await add(world, tenant_id, endpoint, what, new(world, 2)) == 1
        first, second = await claim(world, tenant_id, endpoint, 5)
        assert (first.event_id, first.attempts, first.number) == (what.event_id, 1, 1)
        assert second.event_id != first.event_id
        assert await claim(world, tenant_id, endpoint, 5) == ()

    async def test_first_in_the_sequence_is_claimed_first(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        whats = [new(world, seq) for seq in (5, 3, 4, 1, 2)]
        await add(world, tenant_id, endpoint, *whats)
        claims = await claim(world, tenant_id, endpoint, 5)
        by_id = {each.event_id: each.seq for each in whats}
        assert [by_id[each.event_id] for each in claims] == [1, 2, 3, 4, 5]

    async def test_no_more_are_under_way_than_may_be(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, *(new(world, seq) for seq in range(1, 7)))
        assert len(await claim(world, tenant_id, endpoint, 2, under_way_max=3)) == 2
        (third,) = await claim(world, tenant_id, endpoint, 2, under_way_max=3)
        assert await claim(world, tenant_id, endpoint, 2, under_way_max=3) == ()
        await finish(world, third, ended(DeliveryState.DELIVERED))
        assert len(await claim(world, tenant_id, endpoint, 2, under_way_max=3)) == 1

    async def test_concurrent_claims_share_nothing_and_keep_the_bound(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, *(new(world, seq) for seq in range(1, 9)))
        found = await asyncio.gather(
            *(claim(world, tenant_id, endpoint, 2, under_way_max=5) for _ in range(5))
        )
        claimed = [each.event_id for claims in found for each in claims]
        assert len(claimed) == len(set(claimed)) == 5

    async def test_claim_that_is_not_committed_binds_nobody(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, new(world, 1))
        async with world.ports.uow.begin(tenant_id) as tx:
            ids = [WebhookAttemptId(world.id())]
            assert await tx.webhook_deliveries.claim(
                endpoint, ids, lease=LONG_LEASE, under_way_max=MANY
            )
        assert await attempts(world, tenant_id, endpoint) == ()
        assert len(await claim(world, tenant_id, endpoint, 1)) == 1

    async def test_attempt_is_on_record_before_it_is_made(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        what = new(world, 3)
        await add(world, tenant_id, endpoint, what)
        (claimed,) = await claim(world, tenant_id, endpoint, 1)
        (attempt,) = await attempts(world, tenant_id, endpoint)
        assert attempt == Attempt(
            id=claimed.attempt_id,
            event_id=what.event_id,
            event_type=what.event_type,
            seq=3,
            number=1,
            url=endpoint.url,
            started_at=attempt.started_at,
        )

    async def test_delivered_is_over(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, new(world, 1))
        (claimed,) = await claim(world, tenant_id, endpoint, 1)
        result = ended(DeliveryState.DELIVERED)
        assert await finish(world, claimed, result)
        assert await claim(world, tenant_id, endpoint, 1) == ()
        (attempt,) = await attempts(world, tenant_id, endpoint)
        assert (attempt.outcome, attempt.http_status, attempt.took_ms) == ("delivered", 200, 12)
        assert (attempt.detail, attempt.response, attempt.next_at) == ("", "fine\n", None)
        assert not await finish(world, claimed, result)
        assert await backlog(world, tenant_id, endpoint) == Backlog(
            waiting=0, failed=0, oldest_at=None
        )

    async def test_failure_is_due_again_at_its_time(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, new(world, 1))
        (first,) = await claim(world, tenant_id, endpoint, 1)
        assert await finish(world, first, ended(DeliveryState.DUE, PAST))
        (second,) = await claim(world, tenant_id, endpoint, 1)
        assert (second.attempts, second.number) == (2, 2)
        assert second.lease_token > first.lease_token
        assert await finish(world, second, ended(DeliveryState.DUE, FUTURE))
        assert await claim(world, tenant_id, endpoint, 1) == ()
        newest, oldest = await attempts(world, tenant_id, endpoint)
        assert (newest.number, oldest.number) == (2, 1)
        assert newest.next_at is not None
        assert newest.next_at - newest.started_at >= FUTURE

    async def test_exhausted_delivery_is_counted_as_failed(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, new(world, 1), new(world, 2))
        first, _ = await claim(world, tenant_id, endpoint, 2)
        await finish(world, first, ended(DeliveryState.FAILED))
        found = await backlog(world, tenant_id, endpoint)
        assert (found.waiting, found.failed) == (1, 1)
        assert found.oldest_at is not None

    async def test_lapsed_lease_is_taken_over_and_its_holder_too_late(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, new(world, 1))
        (lost,) = await claim(world, tenant_id, endpoint, 1, lease=NO_LEASE)
        (current,) = await claim(world, tenant_id, endpoint, 1)
        assert not await finish(world, lost, ended(DeliveryState.FAILED))
        assert await claim(world, tenant_id, endpoint, 1) == ()
        assert await finish(world, current, ended(DeliveryState.DELIVERED))
        newest, oldest = await attempts(world, tenant_id, endpoint)
        assert (oldest.id, oldest.outcome) == (lost.attempt_id, "timed_out")
        assert (newest.id, newest.outcome) == (current.attempt_id, "delivered")

    async def test_lapsed_lease_that_nobody_took_over_still_counts(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, new(world, 1))
        (claimed,) = await claim(world, tenant_id, endpoint, 1, lease=NO_LEASE)
        assert await finish(world, claimed, ended(DeliveryState.DELIVERED))

    @pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.FAILED])
    async def test_renewed_delivery_has_all_attempts_ahead(
        self, world: World, state: DeliveryState
    ) -> None:
        tenant_id, endpoint = await added(world)
        what, unseen = new(world, 1), new(world, 2)
        await add(world, tenant_id, endpoint, what)
        (claimed,) = await claim(world, tenant_id, endpoint, 1)
        await finish(world, claimed, ended(state))
        assert await renew(world, tenant_id, endpoint, what, unseen) == 2
        again, other = await claim(world, tenant_id, endpoint, 2)
        assert (again.event_id, again.attempts, again.number) == (what.event_id, 1, 2)
        assert (other.event_id, other.attempts, other.number) == (unseen.event_id, 1, 1)

    async def test_waiting_delivery_that_is_renewed_is_due_now(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        what = new(world, 1)
        await add(world, tenant_id, endpoint, what)
        (claimed,) = await claim(world, tenant_id, endpoint, 1)
        await finish(world, claimed, ended(DeliveryState.DUE, FUTURE))
        assert await renew(world, tenant_id, endpoint, what) == 1
        (again,) = await claim(world, tenant_id, endpoint, 1)
        assert (again.attempts, again.number) == (1, 2)

    async def test_what_is_being_sent_is_not_renewed(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        what = new(world, 1)
        await add(world, tenant_id, endpoint, what)
        (claimed,) = await claim(world, tenant_id, endpoint, 1)
        assert await renew(world, tenant_id, endpoint, what) == 0
        assert await claim(world, tenant_id, endpoint, 1) == ()
        assert await finish(world, claimed, ended(DeliveryState.DELIVERED))

    async def test_endpoint_waits_while_something_is_due_for_it(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        me = Waiting(tenant_id=tenant_id, endpoint_id=endpoint.id, is_troubled=True)
        assert me not in await waiting(world)
        await add(world, tenant_id, endpoint, new(world, 1))
        assert me in await waiting(world)
        assert me not in await waiting(world, troubled=False)
        (claimed,) = await claim(world, tenant_id, endpoint, 1)
        assert me not in await waiting(world)
        await finish(world, claimed, ended(DeliveryState.DUE, PAST))
        assert me in await waiting(world)

    async def test_healthy_endpoint_waits_in_the_other_lane(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, new(world, 1))
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.webhook_endpoints.observe(replace(endpoint, is_troubled=False))
            await tx.commit()
        me = Waiting(tenant_id=tenant_id, endpoint_id=endpoint.id, is_troubled=False)
        assert me in await waiting(world, troubled=False)
        assert me.endpoint_id not in {each.endpoint_id for each in await waiting(world)}

    async def test_disabled_endpoint_does_not_wait(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, new(world, 1))
        async with world.ports.uow.begin(tenant_id) as tx:
            disabled = disable(endpoint, by=DisabledBy.PARTNER, at=world.now)
            await tx.webhook_endpoints.update(disabled)
            await tx.commit()
        assert endpoint.id not in {each.endpoint_id for each in await waiting(world)}

    async def test_attempts_come_in_pages_and_of_one_event(self, world: World) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, *(new(world, seq) for seq in (1, 2, 3)))
        claims = await claim(world, tenant_id, endpoint, 3)
        newest = sorted((each.attempt_id for each in claims), reverse=True)
        async with world.ports.uow.begin(tenant_id) as tx:
            deliveries = tx.webhook_deliveries
            page = await deliveries.attempts(endpoint.id, before=None, limit=2)
            rest = await deliveries.attempts(endpoint.id, before=page[-1].id, limit=2)
            one = await deliveries.attempts(
                endpoint.id, before=None, limit=2, event_id=claims[1].event_id
            )
        assert [each.id for each in (*page, *rest)] == newest
        assert [each.id for each in one] == [claims[1].attempt_id]

    async def test_what_ended_long_ago_is_forgotten_and_what_waits_is_not(
        self, world: World
    ) -> None:
        tenant_id, endpoint = await added(world)
        await add(world, tenant_id, endpoint, new(world, 1), new(world, 2))
        first, second = await claim(world, tenant_id, endpoint, 2)
        await finish(world, first, ended(DeliveryState.DELIVERED))
        await finish(world, second, ended(DeliveryState.DUE, FUTURE))
        later = world.now + FUTURE
        assert await forget(world, tenant_id, world.now + PAST) == 0
        assert await forget(world, tenant_id, later) == 3
        assert await attempts(world, tenant_id, endpoint) == ()
        assert (await backlog(world, tenant_id, endpoint)).waiting == 1

    async def test_what_is_due_to_an_endpoint_that_was_removed_is_forgotten_in_time(
        self, world: World
    ) -> None:
        tenant_id, endpoint = await added(world)
        _, other = await added(world, tenant_id)
        await add(world, tenant_id, endpoint, new(world, 1), new(world, 2))
        await add(world, tenant_id, other, new(world, 1))
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.webhook_endpoints.remove(endpoint.id)
            await tx.commit()
        assert await forget(world, tenant_id, world.now + PAST) == 0
        assert await forget(world, tenant_id, world.now + FUTURE) == 2
        assert (await backlog(world, tenant_id, other)).waiting == 1


def new(world: World, seq: int) -> ToDeliver:
    return ToDeliver(EventId(world.id()), "order.filled.v1", seq)


def ended(state: DeliveryState, pause: timedelta | None = None) -> AttemptResult:
    if state is DeliveryState.DELIVERED:
        outcome, status, detail, response = "delivered", 200, "", "fine\n"
    else:
        outcome, status, detail, response = "timed_out", None, "no answer in time", ""
    return AttemptResult(
        state=state,
        pause=pause,
        outcome=outcome,
        http_status=status,
        detail=detail,
        response=response,
        took_ms=12,
    )


async def add(world: World, tenant_id: TenantId, endpoint: Endpoint, *what: ToDeliver) -> int:
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.webhook_endpoints.lock(endpoint.id)
        made = await tx.webhook_deliveries.add(endpoint.id, what)
        await tx.commit()
    return made


async def renew(world: World, tenant_id: TenantId, endpoint: Endpoint, *what: ToDeliver) -> int:
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.webhook_endpoints.lock(endpoint.id)
        renewed = await tx.webhook_deliveries.renew(endpoint.id, what)
        await tx.commit()
    return renewed


async def claim(
    world: World,
    tenant_id: TenantId,
    endpoint: Endpoint,
    count: int,
    *,
    lease: timedelta = LONG_LEASE,
    under_way_max: int = MANY,
) -> tuple[Claim, ...]:
    ids = [WebhookAttemptId(world.id()) for _ in range(count)]
    async with world.ports.uow.begin(tenant_id) as tx:
        locked = await tx.webhook_endpoints.lock(endpoint.id)
        claims = await tx.webhook_deliveries.claim(
            locked, ids, lease=lease, under_way_max=under_way_max
        )
        await tx.commit()
    return claims


async def finish(world: World, claimed: Claim, result: AttemptResult) -> bool:
    async with world.ports.uow.begin(claimed.tenant_id) as tx:
        done = await tx.webhook_deliveries.finish(claimed, result)
        await tx.commit()
    return done


async def attempts(world: World, tenant_id: TenantId, endpoint: Endpoint) -> tuple[Attempt, ...]:
    async with world.ports.uow.begin(tenant_id) as tx:
        return await tx.webhook_deliveries.attempts(endpoint.id, before=None, limit=MANY)


async def backlog(world: World, tenant_id: TenantId, endpoint: Endpoint) -> Backlog:
    async with world.ports.uow.begin(tenant_id) as tx:
        return await tx.webhook_deliveries.backlog(endpoint.id)


async def forget(world: World, tenant_id: TenantId, before: datetime) -> int:
    async with world.ports.worker_uow.begin(tenant_id) as tx:
        forgotten = await tx.webhook_deliveries.forget(before=before, limit=MANY)
        await tx.commit()
    return forgotten


async def waiting(world: World, *, troubled: bool = True) -> tuple[Waiting, ...]:
    return await world.ports.due_webhooks.waiting(troubled=troubled, limit=1_000)
