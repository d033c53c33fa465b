"""Does what is due without any queue. Losing every queued job costs a few seconds, nothing else."""

import asyncio

from application import crash_points
from application.ports.bell import JobKind
from entrypoints.worker.endurance import sleep_unless, survives
from entrypoints.worker.runner import Runner
from entrypoints.worker.schedule import SWEEP_EVERY, WAITED_FOR


class Sweeper:
    """Starts with a sweep: what a killed worker left behind is taken up when its lease ends."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for kind in WAITED_FOR:
                group.create_task(self._sweep(kind))

    async def _sweep(self, kind: JobKind) -> None:
        while not self._runner.stopping.is_set():
            await survives(f"sweeping {kind}", self._runner.run(kind))
            if crash_points.armed:
                await crash_points.reach(crash_points.SWEEP_DONE)
            await sleep_unless(self._runner.stopping, SWEEP_EVERY)
