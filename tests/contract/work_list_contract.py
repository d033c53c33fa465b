from datetime import timedelta

from application.ports.intents import IntentKind
from application.ports.work_list import Backlog, Work, WorkFilter, WorkState
from domain.shared.ids import TenantId
from tests.contract.due_work_contract import postponed
from tests.contract.intents_contract import added, lease, set_aside
from tests.contract.world import NO_LEASE, World

MIRROR = IntentKind.MIRROR
HOUR = timedelta(hours=1)


class WorkListContract:
    async def test_work_is_seen_in_the_state_it_is_in(self, world: World) -> None:
        tenant_id, due = await postponed(world, -HOUR)
        _, waiting = await postponed(world, HOUR, tenant_id)
        _, leased = await added(world, tenant_id)
        await lease(world, tenant_id, leased)
        _, lapsed = await added(world, tenant_id)
        await lease(world, tenant_id, lapsed, duration=NO_LEASE)
        _, parked = await added(world, tenant_id)
        assert await set_aside(world, tenant_id, parked)
        seen = {each.subject: each for each in await listed(world, tenant_id)}
        assert {subject: each.state for subject, each in seen.items()} == {
            due: WorkState.DUE,
            waiting: WorkState.WAITING,
            leased: WorkState.LEASED,
            lapsed: WorkState.DUE,
            parked: WorkState.PARKED,
        }
        assert (seen[leased].lease_until is None, seen[lapsed].lease_until) == (False, None)
        assert (seen[parked].last_error, seen[parked].parked_at is None) == ("looks odd", False)
        assert (seen[due].last_error, seen[due].attempts) == ("busy", 1)

    async def test_list_is_filtered_and_goes_by_age(self, world: World) -> None:
        tenant_id, young = await postponed(world, -HOUR)
        _, old = await postponed(world, -2 * HOUR, tenant_id)
        await postponed(world, HOUR, tenant_id)
        due = WorkFilter(tenant_id=tenant_id, state=WorkState.DUE, kind=MIRROR)
        page = world.ports.work_list.page
        assert [each.subject for each in await page(due, limit=10)] == [old, young]
        assert [each.subject for each in await page(due, limit=1)] == [old]
        other = WorkFilter(tenant_id=tenant_id, kind=IntentKind.SETTLE_EXECUTION)
        assert await page(other, limit=10) == ()

    async def test_work_is_found_by_what_it_is_about(self, world: World) -> None:
        tenant_id, subject = await added(world)
        found = await world.ports.work_list.find(MIRROR, subject)
        assert found is not None
        assert (found.tenant_id, found.kind, found.payload is None) == (tenant_id, MIRROR, False)
        assert await world.ports.work_list.find(IntentKind.SETTLE_EXECUTION, subject) is None
        assert await world.ports.work_list.find(MIRROR, world.id()) is None

    async def test_backlog_counts_each_state_and_what_fails(self, world: World) -> None:
        before = await backlog(world)
        tenant_id, _ = await postponed(world, -24 * HOUR * 400)
        await postponed(world, HOUR, tenant_id)
        _, parked = await added(world, tenant_id)
        await lease(world, tenant_id, parked, duration=NO_LEASE)
        assert await set_aside(world, tenant_id, parked)
        _, leased = await added(world, tenant_id)
        await lease(world, tenant_id, leased, duration=NO_LEASE)
        await lease(world, tenant_id, leased)
        after = await backlog(world)
        assert after.due - before.due == 1
        assert after.waiting - before.waiting == 1
        assert after.parked - before.parked == 1
        assert after.leased - before.leased == 1
        assert after.failing - before.failing == 1
        assert after.oldest_due_at is not None
        assert after.oldest_due_at <= world.now - 24 * HOUR * 399


async def listed(world: World, tenant_id: TenantId) -> tuple[Work, ...]:
    return await world.ports.work_list.page(WorkFilter(tenant_id=tenant_id), limit=100)


async def backlog(world: World) -> Backlog:
    """Of mirrors; failing from the second lease on."""
    found = {each.kind: each for each in await world.ports.work_list.backlogs(failing_from=2)}
    nothing = Backlog(
        kind=MIRROR, due=0, waiting=0, leased=0, parked=0, failing=0, oldest_due_at=None
    )
    return found.get(MIRROR, nothing)
