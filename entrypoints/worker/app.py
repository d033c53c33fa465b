"""One worker process: the queue's worker, ringer, sweeper, timekeeper and relay over the same jobs,
and what sends webhooks.

Each of them may fail or be slow without the others noticing more than a delay. Told to stop,
the process takes nothing new, finishes its batches or gives their leases back, and ends within ten
seconds.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Final

from dishka import AsyncContainer
from saq import Queue, Worker
from saq.types import Context, PartialTimersDict

from application import crash_points
from application.ports.bell import JobBell, JobKind
from application.ports.clock import Clock
from application.ports.intents import DueWork
from application.ports.schedules import Schedules
from application.ports.webhook_deliveries import DueWebhooks
from application.webhooks.deliver import DeliverWebhooks
from application.webhooks.fan_out import FanOutEvents
from entrypoints.worker.endurance import sleep_unless, survives
from entrypoints.worker.jobs import JOBS
from entrypoints.worker.relay import Relay
from entrypoints.worker.ringer import Ringer
from entrypoints.worker.runner import Runner
from entrypoints.worker.schedule import WAITED_FOR
from entrypoints.worker.sweeper import Sweeper
from entrypoints.worker.timekeeper import Timekeeper
from entrypoints.worker.webhooks import WebhookDispatcher

DRAIN: Final = timedelta(seconds=5)
QUEUE_STOP: Final = timedelta(seconds=2)
QUEUE_PART: Final = "queue"
QUEUE_AGAIN: Final = timedelta(seconds=5)
# How soon the queue's own sweep frees the key of a job whose worker was killed, and how often it
# looks for retries; it is told of new jobs, so neither is on anybody's way.
TIMERS: Final[PartialTimersDict] = {"schedule": 5, "sweep": 15, "worker_info": 30, "abort": 5}

_log = logging.getLogger(__name__)


async def run_worker(container: AsyncContainer, *, ready: Callable[[], None]) -> None:
    """Works until SIGTERM or SIGINT. Calls `ready` when all its parts run."""
    runner = Runner(container, JOBS)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, runner.stopping.set)
    await work(container, runner, ready=ready)


async def work(container: AsyncContainer, runner: Runner, *, ready: Callable[[], None]) -> None:
    """Until `runner.stopping` is set."""
    due, bell = await container.get(DueWork), await container.get(JobBell)
    timekeeper = Timekeeper(
        schedules=await container.get(Schedules),
        clock=await container.get(Clock),
        runner=runner,
    )
    parts = {
        asyncio.create_task(Ringer(due=due, bell=bell, runner=runner).run(), name="ringer"),
        asyncio.create_task(Sweeper(runner).run(), name="sweeper"),
        asyncio.create_task(Relay(runner).run(), name="relay"),
        asyncio.create_task(timekeeper.run(), name="timekeeper"),
        asyncio.create_task(_serve_queue(await container.get(Queue), runner), name=QUEUE_PART),
        asyncio.create_task(await _webhooks(container, runner.stopping), name="webhooks"),
    }
    ready()
    _log.info("worker is ready")
    told = asyncio.create_task(runner.stopping.wait(), name="signal")
    try:
        # A part that ends by itself is a bug: end the process, so that somebody notices.
        done, _ = await asyncio.wait({*parts, told}, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        runner.stopping.set()
        await _drain(parts)
    _log.info("worker has stopped")


async def _webhooks(
    container: AsyncContainer, stopping: asyncio.Event
) -> Coroutine[None, None, None]:
    dispatcher = WebhookDispatcher(
        due=await container.get(DueWebhooks),
        fan_out=await container.get(FanOutEvents),
        deliver=await container.get(DeliverWebhooks),
        stopping=stopping,
    )
    return dispatcher.run()


async def _drain(parts: set[asyncio.Task[None]]) -> None:
    """What does not finish in time is cancelled and gives its leases back; the queue's part sees to
    that by itself, and gets a little longer.
    """
    _, late = await asyncio.wait(parts, timeout=DRAIN.total_seconds())
    for each in late:
        if each.get_name() != QUEUE_PART:
            _log.warning("%s did not finish in time and is broken off", each.get_name())
            each.cancel()
    if late:
        _, late = await asyncio.wait(late, timeout=QUEUE_STOP.total_seconds())
    for each in late:
        _log.warning("%s does not stop; leases bring its work back", each.get_name())
        each.cancel()
    await asyncio.gather(*late, return_exceptions=True)


async def _serve_queue(queue: Queue, runner: Runner) -> None:
    """Runs the queue's worker, and begins again when the queue is unreachable at first."""
    while not runner.stopping.is_set():
        if not await survives("the queue", _use(queue, runner)):
            await sleep_unless(runner.stopping, QUEUE_AGAIN)
    await survives("leaving the queue", _leave(queue))


async def _leave(queue: Queue) -> None:
    async with asyncio.timeout(QUEUE_STOP.total_seconds()):
        await queue.disconnect()


async def _use(queue: Queue, runner: Runner) -> None:
    """Stops the queue's worker once its jobs have ended: it always uses up a grace period whole."""
    await queue.connect()
    working = asyncio.create_task(_worker(queue, runner).start())
    told = asyncio.create_task(runner.stopping.wait())
    await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    try:
        async with asyncio.timeout(DRAIN.total_seconds()):
            await runner.drained()
    except TimeoutError:
        _log.warning("a job did not finish in time; leases bring its work back")
    working.cancel()  # it stops itself then, also when it had not begun
    await asyncio.gather(working, return_exceptions=True)


def _worker(queue: Queue, runner: Runner) -> Worker[Context]:
    worker = Worker(
        queue,
        functions=[_function(kind, runner) for kind in WAITED_FOR],
        concurrency=len(WAITED_FOR),
        timers=TIMERS,
        after_process=_acknowledged,
        cancellation_hard_deadline_s=QUEUE_STOP.total_seconds() / 2,
    )
    worker.SIGNALS = []  # ours to handle, for all parts
    return worker


async def _acknowledged(_context: Context) -> None:
    if crash_points.armed:
        await crash_points.reach(crash_points.JOB_ACKNOWLEDGED)


def _function(kind: JobKind, runner: Runner) -> tuple[str, Callable[..., Awaitable[None]]]:
    async def run(context: Context, **_payload: str) -> None:
        if crash_points.armed:
            await crash_points.reach(crash_points.JOB_TAKEN)
        await runner.run(kind, beat=context["job"].update)
        if crash_points.armed:
            await crash_points.reach(crash_points.JOB_DONE)

    return (kind.value, run)
