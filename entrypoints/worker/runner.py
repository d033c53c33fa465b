"""Runs jobs: batch after batch, one run of a kind at a time in this process.

Other processes are kept apart by the leases on our rows, not by this.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Final

from dishka import AsyncContainer

from application.ports.bell import JobKind
from entrypoints.worker.job import Job

# Below the queue's timeout: a long backlog is continued by the next ring, not by being killed.
BUDGET: Final = timedelta(seconds=8)

Beat = Callable[[], Awaitable[None]]


class Runner:
    def __init__(self, container: AsyncContainer, jobs: Iterable[Job]) -> None:
        self._container = container
        self._jobs = {job.kind: job for job in jobs}
        self._running: dict[JobKind, asyncio.Event] = {}
        self.stopping = asyncio.Event()

    @property
    def kinds(self) -> tuple[JobKind, ...]:
        return tuple(self._jobs)

    def is_running(self, kind: JobKind) -> bool:
        return kind in self._running

    async def run(self, kind: JobKind, beat: Beat | None = None) -> int | None:
        """How many rows were handled. None when nothing was begun: the job is running already, or
        the process was told to stop.

        Each batch has a scope of its own, opened here, inside the task that runs it: hooks of the
        queue would close it under a job that is still unwinding. `beat` is called between batches.
        """
        if self.is_running(kind) or self.stopping.is_set():
            return None
        clock = asyncio.get_running_loop().time
        deadline = clock() + BUDGET.total_seconds()
        ended = self._running[kind] = asyncio.Event()
        job = self._jobs[kind]
        done = 0
        try:
            while not self.stopping.is_set() and clock() < deadline:
                async with self._container() as scope:
                    handled = await job.batch(scope)
                done += handled
                if handled < job.full:
                    break
                if beat is not None:
                    await beat()
        finally:
            del self._running[kind]
            ended.set()
        return done

    async def drained(self) -> None:
        """Returns when no run is under way."""
        for running in tuple(self._running.values()):
            await running.wait()
