"""Gives events their numbers, a few times a second, in every worker: the database keeps them apart.

Not rung through the queue: its turn comes too often for that, and a turn with nothing to do is one
look at a table that is empty then.
"""

from datetime import timedelta
from typing import Final

from application.ports.bell import JobKind
from entrypoints.worker.endurance import sleep_unless, survives
from entrypoints.worker.runner import Runner
from entrypoints.worker.schedule import ALWAYS

RELAY_EVERY: Final = ALWAYS[JobKind.RELAY_EVENTS]
AFTER_ERROR: Final = timedelta(seconds=1)


class Relay:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def run(self) -> None:
        while not self._runner.stopping.is_set():
            fine = await survives("relaying events", self._runner.run(JobKind.RELAY_EVENTS))
            await sleep_unless(self._runner.stopping, RELAY_EVERY if fine else AFTER_ERROR)
