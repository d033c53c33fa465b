"""Runs what time makes due, one process at a time, by rows that all workers share."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from application import crash_points
from application.ports.bell import JobKind
from application.ports.clock import Clock
from application.ports.schedules import Run, Schedules
from domain.jobs.timetable import after_run, first_time
from entrypoints.worker.endurance import sleep_unless, survives
from entrypoints.worker.runner import Runner
from entrypoints.worker.schedule import BY_TIME, RENEW_EVERY, RUN_LEASE, RUN_RETRY, TICK

REASON_MAX: Final = 200

_log = logging.getLogger(__name__)


class Timekeeper:
    """Asks no queue and keeps no time of its own: a row says when its work is due again."""

    def __init__(
        self, *, schedules: Schedules, clock: Clock, runner: Runner, tick: timedelta = TICK
    ) -> None:
        self._schedules = schedules
        self._clock = clock
        self._runner = runner
        self._timetables = {kind: BY_TIME[kind] for kind in runner.kinds if kind in BY_TIME}
        self._tick = tick
        self._entered = False

    async def run(self) -> None:
        """Ends when the process is told to stop and its runs have ended; cancelled, at once."""
        async with asyncio.TaskGroup() as group:
            while not self._runner.stopping.is_set():
                await survives("looking for what time makes due", self._start_due(group))
                await sleep_unless(self._runner.stopping, self._tick)

    async def _start_due(self, group: asyncio.TaskGroup) -> None:
        if not self._entered:
            now = self._clock.now()
            await self._schedules.enter(
                {kind: first_time(table, now) for kind, table in self._timetables.items()}
            )
            self._entered = True
        for job in await self._schedules.due(self._timetables):
            kind = JobKind(job)
            run = await self._schedules.begin(kind, lease=RUN_LEASE)
            if run is not None:
                group.create_task(survives(f"running {kind}", self._run(kind, run)), name=kind)

    async def _run(self, kind: JobKind, run: Run) -> None:
        renewing = asyncio.create_task(self._renew(run))
        try:
            if crash_points.armed:
                await crash_points.reach(crash_points.SCHEDULE_BEGUN)
            ran = await self._runner.run(kind)
            if crash_points.armed:
                await crash_points.reach(crash_points.SCHEDULE_RAN)
        except asyncio.CancelledError:
            await self._give_back(run)
            raise
        except Exception as error:
            await self._end(kind, run, error)
            raise
        else:
            if ran is None:
                await self._give_back(run)
            else:
                await self._end(kind, run, None)
        finally:
            renewing.cancel()

    async def _end(self, kind: JobKind, run: Run, error: Exception | None) -> None:
        failures = 0 if error is None else run.failures + 1
        held = await self._schedules.end(
            run,
            next_run_at=after_run(
                self._timetables[kind],
                started_at=run.started_at,
                failures=failures,
                retry=RUN_RETRY,
            ),
            error=None if error is None else _reason(error),
        )
        if crash_points.armed:
            await crash_points.reach(crash_points.SCHEDULE_ENDED)
        if not held:
            _log.warning("%s took so long that somebody else has begun it", kind)

    async def _give_back(self, run: Run) -> None:
        giving = survives(f"giving {run.job} back", self._schedules.give_back(run))
        await asyncio.shield(giving)

    async def _renew(self, run: Run) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY.total_seconds())
            await survives(
                f"renewing the lease of {run.job}", self._schedules.extend(run, lease=RUN_LEASE)
            )


def _reason(error: Exception) -> str:
    first = f"{type(error).__name__}: {error}".partition("\n")[0][:REASON_MAX]
    return "".join(each if each.isprintable() else "?" for each in first)
