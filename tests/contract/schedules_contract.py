from datetime import datetime, timedelta

from application.ports.schedules import Run, Schedule
from tests.contract.world import LONG_LEASE, NO_LEASE, World

HOUR = timedelta(hours=1)


class SchedulesContract:
    async def test_job_is_due_from_its_first_time_on(self, world: World) -> None:
        now, later = await entered(world, -HOUR), await entered(world, HOUR)
        assert await world.ports.schedules.due((now, later, "unheard of")) == (now,)
        assert await world.ports.schedules.begin(later, lease=LONG_LEASE) is None
        assert await world.ports.schedules.begin("unheard of", lease=LONG_LEASE) is None

    async def test_oldest_is_due_first_and_only_what_was_asked_for(self, world: World) -> None:
        young, old = await entered(world, -HOUR), await entered(world, -2 * HOUR)
        await entered(world, -3 * HOUR)
        assert await world.ports.schedules.due((young, old)) == (old, young)

    async def test_job_entered_again_stays_as_it_is(self, world: World) -> None:
        job = await entered(world, HOUR)
        await world.ports.schedules.enter({job: world.now - HOUR})
        assert await world.ports.schedules.due((job,)) == ()

    async def test_one_of_two_begins(self, world: World) -> None:
        job = await entered(world, -HOUR)
        run = await begun(world, job)
        assert (run.lease_token, run.failures) == (1, 0)
        assert abs(run.started_at - world.now) < HOUR
        assert await world.ports.schedules.begin(job, lease=LONG_LEASE) is None
        assert await world.ports.schedules.due((job,)) == ()

    async def test_run_that_ended_well_is_due_when_it_says(self, world: World) -> None:
        job = await entered(world, -HOUR)
        run = await begun(world, job)
        next_run_at = world.now + HOUR
        assert await end(world, run, next_run_at=next_run_at)
        row = await row_of(world, job)
        assert (row.next_run_at, row.failures, row.last_error) == (next_run_at, 0, None)
        assert row.finished_at is not None
        assert row.lease_until is None
        assert await world.ports.schedules.due((job,)) == ()
        assert not await end(world, run, next_run_at=next_run_at)

    async def test_failures_in_a_row_are_counted_with_the_last_reason(self, world: World) -> None:
        job = await entered(world, -HOUR)
        for failures in range(3):
            run = await begun(world, job)
            assert run.failures == failures
            assert await end(world, run, next_run_at=world.now - HOUR, error="no answer")
        row = await row_of(world, job)
        assert (row.failures, row.last_error, row.finished_at) == (3, "no answer", None)
        assert await end(world, await begun(world, job), next_run_at=world.now - HOUR)
        assert (await begun(world, job)).failures == 0

    async def test_lapsed_lease_is_taken_over_and_the_late_one_decides_nothing(
        self, world: World
    ) -> None:
        job = await entered(world, -HOUR)
        late = await begun(world, job, lease=NO_LEASE)
        current = await begun(world, job)
        assert current.lease_token > late.lease_token
        assert not await world.ports.schedules.extend(late, lease=LONG_LEASE)
        assert not await world.ports.schedules.give_back(late)
        assert not await end(world, late, next_run_at=world.now + HOUR)
        assert await end(world, current, next_run_at=world.now + HOUR)

    async def test_extended_lease_keeps_others_away(self, world: World) -> None:
        job = await entered(world, -HOUR)
        run = await begun(world, job, lease=NO_LEASE)
        assert await world.ports.schedules.extend(run, lease=LONG_LEASE)
        assert await world.ports.schedules.due((job,)) == ()

    async def test_run_given_back_is_due_at_once(self, world: World) -> None:
        job = await entered(world, -HOUR)
        run = await begun(world, job)
        assert await world.ports.schedules.give_back(run)
        assert (await begun(world, job)).lease_token == run.lease_token + 1

    async def test_person_makes_it_due_unless_somebody_is_at_it(self, world: World) -> None:
        job = await entered(world, HOUR)
        assert await world.ports.schedules.make_due(job)
        await begun(world, job)
        assert not await world.ports.schedules.make_due(job)
        assert not await world.ports.schedules.make_due("unheard of")


async def entered(world: World, by: timedelta) -> str:
    job = f"job_{world.id().hex}"
    await world.ports.schedules.enter({job: world.now + by})
    return job


async def begun(world: World, job: str, *, lease: timedelta = LONG_LEASE) -> Run:
    run = await world.ports.schedules.begin(job, lease=lease)
    assert run is not None
    return run


async def end(world: World, run: Run, *, next_run_at: datetime, error: str | None = None) -> bool:
    return await world.ports.schedules.end(run, next_run_at=next_run_at, error=error)


async def row_of(world: World, job: str) -> Schedule:
    (row,) = [each for each in await world.ports.schedules.all() if each.job == job]
    return row
