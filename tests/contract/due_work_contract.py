from datetime import timedelta
from uuid import UUID

from application.ports.intents import IntentKind
from domain.ledger.commands import PlaceHold
from domain.shared.ids import TenantId
from tests.contract.holds_contract import do, hold_on
from tests.contract.intents_contract import added, lease, postpone
from tests.contract.quotes_contract import OVER
from tests.contract.world import NO_LEASE, World

EVERYTHING = 100_000


class DueWorkContract:
    async def test_due_intents_of_all_tenants_are_seen_oldest_first(self, world: World) -> None:
        """Except those under a lease, parked, or due later."""
        ages = [timedelta(days=days) for days in (1, 3, 2)]
        made = {age: await postponed(world, -age) for age in ages}
        await postponed(world, timedelta(days=1))
        tenant_id, leased = await added(world)
        await lease(world, tenant_id, leased)
        tenant_id, parked = await added(world)
        (intent,) = await lease(world, tenant_id, parked, duration=NO_LEASE)
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.intents.park(intent, error="contradiction")
            await tx.commit()
        due = await world.ports.due_work.due_intents(IntentKind.MIRROR, limit=EVERYTHING)
        seen = [(each.tenant_id, each.subject) for each in due]
        subjects = {subject for _, subject in seen}
        ours = [each for each in seen if each in made.values()]
        assert ours == [made[age] for age in sorted(ages, reverse=True)]
        assert not {leased, parked} & subjects

    async def test_backlog_of_one_tenant_lets_others_go_first(self, world: World) -> None:
        """Its second comes after everybody's first, however old it is."""
        tenant_id, first = await postponed(world, timedelta(days=-30))
        backlog = [first]
        for days in range(29, 9, -1):
            _, subject = await postponed(world, timedelta(days=-days), tenant_id)
            backlog.append(subject)
        _, other = await postponed(world, timedelta(days=-1))
        due = await world.ports.due_work.due_intents(IntentKind.MIRROR, limit=EVERYTHING)
        order = [each.subject for each in due if each.subject in {*backlog, other}]
        assert order == [backlog[0], other, *backlog[1:]]

    async def test_any_due_says_whether_a_batch_would_have_something(self, world: World) -> None:
        await postponed(world, timedelta(days=-1))
        assert await world.ports.due_work.any_due(IntentKind.MIRROR)

    async def test_intents_of_another_kind_are_left_out(self, world: World) -> None:
        made = await postponed(world, timedelta(days=-1))
        kind = IntentKind.SETTLE_EXECUTION
        due = await world.ports.due_work.due_intents(kind, limit=EVERYTHING)
        assert made not in [(each.tenant_id, each.subject) for each in due]

    async def test_lapsed_lease_makes_due_again(self, world: World) -> None:
        execution = await world.execution(await world.party(), lease=NO_LEASE)
        kind = IntentKind.SETTLE_EXECUTION
        due = await world.ports.due_work.due_intents(kind, limit=EVERYTHING)
        assert execution.order.id in [each.subject for each in due]

    async def test_no_more_is_told_than_asked(self, world: World) -> None:
        await postponed(world, timedelta(days=-1))
        await postponed(world, timedelta(days=-1))
        due = await world.ports.due_work.due_intents(IntentKind.MIRROR, limit=1)
        assert len(due) == 1

    async def test_tenants_with_expired_quotes_are_seen_until_swept(self, world: World) -> None:
        due, running = await world.party(), await world.party()
        await world.quote(due, expires_in=OVER)
        await world.quote(due, expires_in=OVER)
        await world.quote(running)
        look = world.ports.due_work.tenants_with_expired_quotes
        seen = await look(besides=(), limit=EVERYTHING)
        assert seen.count(due.tenant_id) == 1
        assert running.tenant_id not in seen
        async with world.ports.uow.begin(due.tenant_id) as tx:
            assert await tx.quotes.expire_due(now=world.now, limit=10) == 2
            await tx.commit()
        after = await look(besides=(), limit=EVERYTHING)
        assert due.tenant_id not in after

    async def test_tenants_with_expired_holds_are_seen(self, world: World) -> None:
        due, running = await world.party(), await world.party()
        hour = timedelta(hours=1)
        over = hold_on(world, due, 1, placed=world.now - 2 * hour, expires_in=hour)
        await do(world, due, PlaceHold(over))
        await do(world, running, PlaceHold(hold_on(world, running, 1, expires_in=hour)))
        await do(world, running, PlaceHold(hold_on(world, running, 1)))
        look = world.ports.due_work.tenants_with_expired_holds
        seen = await look(besides=(), limit=EVERYTHING)
        assert due.tenant_id in seen
        assert running.tenant_id not in seen
        assert due.tenant_id not in await look(besides={due.tenant_id}, limit=EVERYTHING)

    async def test_tenant_whose_quotes_stay_expired_hides_nobody_elses(self, world: World) -> None:
        stuck, other = await world.party(), await world.party()
        await world.quote(other, expires_in=OVER)
        for _ in range(2):
            await world.quote(stuck, expires_in=2 * OVER)
        look = world.ports.due_work.tenants_with_expired_quotes
        everybody = set(await look(besides=(), limit=EVERYTHING))
        others = everybody - {stuck.tenant_id, other.tenant_id}
        assert stuck.tenant_id in await look(besides=others, limit=2)
        assert await look(besides={*others, stuck.tenant_id}, limit=2) == (other.tenant_id,)

    async def test_partitions_are_made_once(self, world: World) -> None:
        await world.ports.due_work.make_partitions(months_ahead=24)
        assert await world.ports.due_work.make_partitions(months_ahead=24) == 0


async def postponed(
    world: World, by: timedelta, tenant_id: TenantId | None = None
) -> tuple[TenantId, UUID]:
    tenant_id, subject = await added(world, tenant_id)
    (intent,) = await lease(world, tenant_id, subject)
    assert await postpone(world, intent, until=world.now + by)
    return tenant_id, subject
