"""One worker process: the queue's worker, the ringer and the sweeper over the same jobs.

Each of the three may fail or be slow without the others noticing more than a delay. Told to stop,
the process takes nothing new, finishes its batches, and ends within ten seconds.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from dishka import AsyncContainer
from saq import Queue, Worker
from saq.types import Context, PartialTimersDict

from application.ports.bell import JobBell
from application.ports.intents import DueWork
from entrypoints.worker.endurance import sleep_unless, survives
from entrypoints.worker.job import Job
from entrypoints.worker.jobs import JOBS
from entrypoints.worker.ringer import Ringer
from entrypoints.worker.sweeper import Sweeper

DRAIN: Final = timedelta(seconds=5)
QUEUE_STOP: Final = timedelta(seconds=2)
QUEUE_AGAIN: Final = timedelta(seconds=5)
# How soon the queue's own sweep frees the key of a job whose worker was killed, and how often it
# looks for retries; it is told of new jobs, so neither is on anybody's way.
TIMERS: Final[PartialTimersDict] = {"schedule": 5, "sweep": 15, "worker_info": 30, "abort": 5}

_log = logging.getLogger(__name__)


async def run_worker(container: AsyncContainer, *, ready: Callable[[], None]) -> None:
    """Works until SIGTERM or SIGINT. Calls `ready` when all three parts run."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    jobs = {job.kind: job for job in JOBS}
    ringer = Ringer(due=await container.get(DueWork), bell=await container.get(JobBell), jobs=jobs)
    parts = {
        asyncio.create_task(ringer.run(stopping), name="ringer"),
        asyncio.create_task(Sweeper(container, jobs).run(stopping), name="sweeper"),
        asyncio.create_task(_serve_queue(container, stopping), name="queue"),
    }
    ready()
    _log.info("worker is ready")
    try:
        # A part that ends by itself is a bug: end the process, so that somebody notices.
        done, _ = await asyncio.wait(
            {*parts, asyncio.create_task(stopping.wait(), name="signal")},
            return_when=asyncio.FIRST_COMPLETED,
        )
        for each in done:
            each.result()
    finally:
        stopping.set()
        await _drain(parts)
    _log.info("worker has stopped")


async def _drain(parts: set[asyncio.Task[None]]) -> None:
    patience = DRAIN + QUEUE_STOP
    _, late = await asyncio.wait(parts, timeout=patience.total_seconds())
    for each in late:
        _log.warning("%s did not finish in time; leases bring its work back", each.get_name())
        each.cancel()
    await asyncio.gather(*late, return_exceptions=True)


async def _serve_queue(container: AsyncContainer, stopping: asyncio.Event) -> None:
    """Runs the queue's worker, and begins again when the queue is unreachable at first."""
    queue = await container.get(Queue)
    while not stopping.is_set():
        if not await survives("the queue", _use(queue, container, stopping)):
            await sleep_unless(stopping, QUEUE_AGAIN)
    async with asyncio.timeout(QUEUE_STOP.total_seconds()):
        await queue.disconnect()


async def _use(queue: Queue, container: AsyncContainer, stopping: asyncio.Event) -> None:
    await queue.connect()
    await _until(stopping, _worker(queue, container, stopping))


def _worker(queue: Queue, container: AsyncContainer, stopping: asyncio.Event) -> Worker[Context]:
    worker = Worker(
        queue,
        functions=[_function(each, container, stopping) for each in JOBS],
        concurrency=len(JOBS),
        timers=TIMERS,
        cancellation_hard_deadline_s=QUEUE_STOP.total_seconds() / 2,
    )
    worker.SIGNALS = []  # ours to handle, for all three parts
    return worker


def _function(
    each: Job, container: AsyncContainer, stopping: asyncio.Event
) -> tuple[str, Callable[..., Awaitable[Any]]]:
    async def run(context: Context, **_payload: str) -> None:
        await each.run(container, stopping, beat=context["job"].update)

    return (each.kind.value, run)


async def _until(stopping: asyncio.Event, worker: Worker[Context]) -> None:
    """Stops `worker` once its jobs have ended: its own grace period is always used up whole."""
    working = asyncio.create_task(worker.start())
    told = asyncio.create_task(stopping.wait())
    await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if stopping.is_set():
        try:
            async with asyncio.timeout(DRAIN.total_seconds()):
                await asyncio.gather(*(each.ended() for each in JOBS))
        except TimeoutError:
            _log.warning("a job did not finish in time; leases bring its work back")
    await worker.stop()
    await working
