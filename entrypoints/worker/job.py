"""What a job is: batches of one kind of work until nothing is left of it.

Whoever runs a job (the queue, because the bell was rung, or the sweeper, because time passed) finds
what is to be done in our own rows. Each batch has a scope of its own, opened inside the task that
runs it: hooks of the queue would close it under a job that is still unwinding.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from dishka import AsyncContainer

from application.ports.bell import JobKind

# Below the queue's timeout: a long backlog is continued by the next ring, not by being killed.
BUDGET: Final = timedelta(seconds=8)

Batch = Callable[[AsyncContainer], Awaitable[int]]
Beat = Callable[[], Awaitable[None]]


class Job:
    """At most one at a time in this process; other processes are kept apart by leases."""

    def __init__(self, kind: JobKind, batch: Batch) -> None:
        self.kind = kind
        self._batch = batch
        self._running: asyncio.Lock | None = None

    async def run(
        self,
        container: AsyncContainer,
        stopping: asyncio.Event,
        beat: Beat | None = None,
    ) -> int:
        """How many rows were worked on. Nothing is done when the job is running already."""
        lock = self._lock()
        if lock.locked():
            return 0
        clock = asyncio.get_running_loop().time
        deadline = clock() + BUDGET.total_seconds()
        done = 0
        async with lock:
            while not stopping.is_set() and clock() < deadline:
                async with container() as scope:
                    handled = await self._batch(scope)
                if handled == 0:
                    break
                done += handled
                if beat is not None:
                    await beat()
        return done

    @property
    def is_running(self) -> bool:
        return self._lock().locked()

    async def ended(self) -> None:
        """Returns when no run is under way."""
        async with self._lock():
            return

    def _lock(self) -> asyncio.Lock:
        if self._running is None:
            self._running = asyncio.Lock()
        return self._running


def job(kind: JobKind) -> Callable[[Batch], Job]:
    """Makes a job of a function that works on one batch and answers how many rows it handled."""

    def make(batch: Batch) -> Job:
        return Job(kind, batch)

    return make
