"""Does what is due without any queue. Losing every queued job costs a few seconds, nothing else."""

import asyncio
from collections.abc import Mapping

from dishka import AsyncContainer

from application.ports.bell import JobKind
from entrypoints.worker.endurance import sleep_unless, survives
from entrypoints.worker.job import Job
from entrypoints.worker.schedule import SWEEP_EVERY


class Sweeper:
    """Starts with a sweep: what a killed worker left behind is taken up when its lease ends."""

    def __init__(self, container: AsyncContainer, jobs: Mapping[JobKind, Job]) -> None:
        self._container = container
        self._jobs = jobs

    async def run(self, stopping: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for kind in SWEEP_EVERY:
                group.create_task(self._sweep(self._jobs[kind], stopping))

    async def _sweep(self, job: Job, stopping: asyncio.Event) -> None:
        every = SWEEP_EVERY[job.kind]
        while not stopping.is_set():
            await survives(f"sweeping {job.kind}", job.run(self._container, stopping))
            await sleep_unless(stopping, every)
