"""What time makes due, over processes that share one store and come and go."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from dishka import AsyncContainer, Provider, Scope, make_async_container
from typing_extensions import override

from adapters.memory.clock import ManualClock
from adapters.memory.schedules import MemorySchedules, shown
from adapters.memory.store import Store
from adapters.system.ids import SystemIds
from application.ports.bell import JobKind
from application.ports.schedules import Schedule
from entrypoints.worker.job import Job
from entrypoints.worker.runner import Runner
from entrypoints.worker.schedule import BY_TIME, RUN_LEASE
from entrypoints.worker.timekeeper import Timekeeper

RECONCILE = JobKind.RECONCILE
DAY = timedelta(days=1)
TICK = timedelta(milliseconds=1)
SECONDS_MAX = 20
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
THREE = timedelta(hours=15)  # from noon until it is due


class Work:
    """Counts its runs; `gate` holds one open, `error` makes it fail."""

    def __init__(self) -> None:
        self.runs: list[datetime] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None


class CountedSchedules(MemorySchedules):
    looks = 0

    @override
    async def due(self, jobs: Collection[str]) -> tuple[str, ...]:
        self.looks += 1
        return await super().due(jobs)


class Lab:
    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.store = Store(clock=self.clock, ids=SystemIds())
        self.schedules = CountedSchedules(self.store)
        self.work = Work()

    def runner(self) -> Runner:
        async def batch(scope: AsyncContainer) -> int:
            self.work.runs.append(self.clock.now())
            await self.work.gate.wait()
            if self.work.error is not None:
                raise self.work.error
            return 0

        container = make_async_container(Provider(scope=Scope.APP))
        return Runner(container, [Job(RECONCILE, batch)])

    @asynccontextmanager
    async def process(self) -> AsyncIterator[asyncio.Task[None]]:
        """One worker's timekeeper. Left, it is told to stop and must end."""
        runner = self.runner()
        keeper = Timekeeper(schedules=self.schedules, clock=self.clock, runner=runner, tick=TICK)
        task = asyncio.create_task(keeper.run())
        try:
            await until(lambda: self.row() is not None)
            yield task
        finally:
            runner.stopping.set()
            self.work.gate.set()
            await asyncio.gather(task, return_exceptions=True)

    def row(self) -> Schedule | None:
        found = self.store.schedules.get(RECONCILE)
        return None if found is None else shown(RECONCILE, found, NOON)


@pytest.fixture
def lab() -> Lab:
    return Lab()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not condition():  # noqa: ASYNC110 - tasks of the code under test meet it
            await asyncio.sleep(0)


async def looked_again(lab: Lab) -> None:
    """Until the processes have looked so often that each did."""
    looks = lab.schedules.looks
    await until(lambda: lab.schedules.looks >= looks + 12)


async def test_days_work_waits_for_its_time_and_runs_once(lab: Lab) -> None:
    async with lab.process(), lab.process(), lab.process():
        await looked_again(lab)
        assert lab.work.runs == []
        lab.clock.advance(THREE)
        await until(lambda: len(lab.work.runs) == 1)
        await looked_again(lab)
        lab.clock.advance(DAY - timedelta(seconds=1))
        await looked_again(lab)
        assert len(lab.work.runs) == 1
        lab.clock.advance(timedelta(seconds=1))
        await until(lambda: len(lab.work.runs) == 2)


async def test_day_without_any_worker_is_made_up_for_once(lab: Lab) -> None:
    async with lab.process():
        pass
    lab.clock.advance(THREE + 3 * DAY + timedelta(hours=5))
    async with lab.process(), lab.process():
        await until(lambda: len(lab.work.runs) == 1)
        await looked_again(lab)
    assert len(lab.work.runs) == 1
    row = lab.row()
    assert row is not None
    assert row.next_run_at == NOON + THREE + 4 * DAY


async def test_failed_run_is_tried_again_soon_with_its_reason_kept(lab: Lab) -> None:
    lab.work.error = OSError("no answer\nwith a secret below")
    async with lab.process():
        lab.clock.advance(THREE)
        await until(lambda: (row := lab.row()) is not None and row.failures == 1)
        row = lab.row()
        assert row is not None
        assert row.last_error == "OSError: no answer"
        lab.work.error = None
        lab.clock.advance(timedelta(minutes=2))
        await until(lambda: (row := lab.row()) is not None and row.finished_at is not None)
    assert len(lab.work.runs) == 2


async def test_process_that_is_stopped_in_mid_run_gives_it_to_another_at_once(lab: Lab) -> None:
    lab.work.gate.clear()
    async with lab.process() as task:
        lab.clock.advance(THREE)
        await until(lambda: len(lab.work.runs) == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with lab.process():
        await until(lambda: len(lab.work.runs) == 2)


async def test_run_of_a_process_that_died_is_taken_over_when_its_lease_ends(lab: Lab) -> None:
    async with lab.process():
        pass
    lab.clock.advance(THREE)
    assert await lab.schedules.begin(RECONCILE, lease=RUN_LEASE) is not None
    async with lab.process():
        await looked_again(lab)
        assert lab.work.runs == []
        lab.clock.advance(RUN_LEASE)
        await until(lambda: len(lab.work.runs) == 1)


async def test_process_told_to_stop_before_it_began_leaves_the_work_due(lab: Lab) -> None:
    """The worst moment: the lease is taken, and nothing is run any more."""
    async with lab.process():
        pass
    lab.clock.advance(THREE)
    runner = lab.runner()
    keeper = Timekeeper(schedules=lab.schedules, clock=lab.clock, runner=runner)
    runner.stopping.set()
    run = await lab.schedules.begin(RECONCILE, lease=RUN_LEASE)
    assert run is not None
    await keeper._run(RECONCILE, run)
    assert lab.work.runs == []
    assert await lab.schedules.due((RECONCILE,)) == (RECONCILE,)


def test_every_timetable_is_of_work_that_time_alone_makes_due() -> None:
    assert BY_TIME[RECONCILE].every == DAY
    assert not BY_TIME[RECONCILE].at_once
