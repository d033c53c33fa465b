"""Rings the bell when something is due, so that it is done at once and by one worker."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from application.ports.bell import JobBell, JobKind
from application.ports.intents import DueWork, IntentKind
from entrypoints.worker.endurance import sleep_unless, survives
from entrypoints.worker.job import Job
from entrypoints.worker.schedule import BY_TIME, LOOK_EVERY, TICK, WAITED_FOR

AFTER_ERROR: Final = timedelta(seconds=1)


class Ringer:
    """Looks by itself, because writers of due rows must not wait for a queue (docs/adr/0007).

    Where it cannot, the sweeper still does the work.
    """

    def __init__(self, *, due: DueWork, bell: JobBell, jobs: Mapping[JobKind, Job]) -> None:
        self._due = due
        self._bell = bell
        self._jobs = jobs

    async def run(self, stopping: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look(stopping))
            group.create_task(self._by_time(stopping))

    async def _look(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            fine = await survives("ringing for due work", self._ring_for_due())
            await sleep_unless(stopping, LOOK_EVERY if fine else AFTER_ERROR)

    async def _ring_for_due(self) -> None:
        for kind, intents in WAITED_FOR.items():
            if not self._jobs[kind].is_running and await self._any_due(intents):
                await self._bell.ring(kind)

    async def _any_due(self, intents: IntentKind) -> bool:
        return bool(await self._due.due_intents(intents, limit=1))

    async def _by_time(self, stopping: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        due_at = dict.fromkeys(BY_TIME, clock())
        while not stopping.is_set():
            for kind, every in BY_TIME.items():
                if clock() >= due_at[kind]:
                    due_at[kind] = clock() + every.total_seconds()
                    await survives("ringing by time", self._bell.ring(kind))
            await sleep_unless(stopping, TICK)
