"""Rings the bell when something is due, so that it is done at once and by one worker."""

from datetime import timedelta
from typing import Final

from application.ports.bell import JobBell
from application.ports.intents import DueWork
from entrypoints.worker.endurance import sleep_unless, survives
from entrypoints.worker.runner import Runner
from entrypoints.worker.schedule import LOOK_EVERY, WAITED_FOR

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
        while not self._stopping.is_set():
            fine = await survives("ringing for due work", self._ring_for_due())
            await sleep_unless(self._stopping, LOOK_EVERY if fine else AFTER_ERROR)

    async def _ring_for_due(self) -> None:
        for kind, intents in WAITED_FOR.items():
            if not self._runner.is_running(kind) and await self._due.any_due(intents):
                await self._bell.ring(kind)
