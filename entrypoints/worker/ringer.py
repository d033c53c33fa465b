"""Rings the bell when something is due, so that it is done at once and by one worker."""

import asyncio
from datetime import timedelta
from typing import Final

from application.ports.bell import JobBell
from application.ports.intents import DueWork, IntentKind
from entrypoints.worker.endurance import sleep_unless, survives
from entrypoints.worker.runner import Runner
from entrypoints.worker.schedule import BY_TIME, LOOK_EVERY, TICK, WAITED_FOR

AFTER_ERROR: Final = timedelta(seconds=1)


class Ringer:
    """Looks by itself, because writers of due rows must not wait for a queue (docs/adr/0007).

    Where it cannot, the sweeper still does the work.
    """

    def __init__(self, *, due: DueWork, bell: JobBell, runner: Runner) -> None:
        self._due = due
        self._bell = bell
        self._runner = runner
        self._stopping = runner.stopping

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look())
            group.create_task(self._by_time())

    async def _look(self) -> None:
        while not self._stopping.is_set():
            fine = await survives("ringing for due work", self._ring_for_due())
            await sleep_unless(self._stopping, LOOK_EVERY if fine else AFTER_ERROR)

    async def _ring_for_due(self) -> None:
        for kind, intents in WAITED_FOR.items():
            if not self._runner.is_running(kind) and await self._any_due(intents):
                await self._bell.ring(kind)

    async def _any_due(self, intents: IntentKind) -> bool:
        return bool(await self._due.due_intents(intents, limit=1))

    async def _by_time(self) -> None:
        clock = asyncio.get_running_loop().time
        due_at = dict.fromkeys(BY_TIME, clock())
        while not self._stopping.is_set():
            for kind, every in BY_TIME.items():
                if clock() >= due_at[kind]:
                    due_at[kind] = clock() + every.total_seconds()
                    await survives("ringing by time", self._bell.ring(kind))
            await sleep_unless(self._stopping, TICK)
