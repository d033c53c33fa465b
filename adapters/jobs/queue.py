"""SAQ's queue as a doorbell, with its known faults kept from mattering.

A job is its kind and nothing else; there is one of a kind at a time. It leaves no row behind when
it ends, so the next ring finds its key free. No job has a group (a group starves all others), none
is a cron job, and a queue that cannot be reached slows its worker down instead of spinning it.
"""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from saq import Job, Queue
from saq.queue.postgres import PostgresQueue
from typing_extensions import override

from adapters.jobs.schema import QUEUE_SCHEMA
from application import crash_points
from application.ports.bell import JobKind

NAME: Final = "aksum"
CONNECTIONS_MAX: Final = 5  # one listens, the others fetch and finish
CHECKOUT_SECONDS: Final = 5

# The lease of an intent is 30 s: a job must have ended before anybody else takes its row.
TIMEOUT: Final = timedelta(seconds=20)
HEARTBEAT: Final = timedelta(seconds=12)
RETRIES: Final = 5
RETRY_DELAY: Final = timedelta(seconds=1)
NO_TRACE: Final = -1  # SAQ's word for deleting a job's row when it ends
UNREACHABLE_PAUSE: Final = timedelta(seconds=1)

_log = logging.getLogger(__name__)


class DoorbellQueue(PostgresQueue):
    """Makes no tables (see `schema.py`), and waits a moment after every error."""

    @override
    async def init_db(self) -> None:
        return

    @override
    async def _dequeue(self) -> None:
        try:
            await super()._dequeue()
        except Exception:  # noqa: BLE001 - whatever it is, SAQ would try again at once, for ever
            _log.warning("the queue cannot be read", exc_info=True)
            await asyncio.sleep(UNREACHABLE_PAUSE.total_seconds())


def postgres_queue(url: str) -> Queue:
    """`url` is the worker role's. Connects when told to, not before."""
    pool: AsyncConnectionPool[AsyncConnection[TupleRow]] = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=CONNECTIONS_MAX,
        timeout=CHECKOUT_SECONDS,
        kwargs={
            "autocommit": True,
            "application_name": "aksum queue",
            "options": f"-c search_path={QUEUE_SCHEMA}",
        },
        check=AsyncConnectionPool.check_connection,
        open=False,
    )
    return DoorbellQueue(
        pool=pool,
        name=NAME,
        min_size=1,
        max_size=CONNECTIONS_MAX,
        manage_pool_lifecycle=True,
    )


class SaqBell:
    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    async def ring(self, kind: JobKind) -> bool:
        if crash_points.armed:
            await crash_points.reach(crash_points.RING_BEFORE)
        job = Job(
            function=kind.value,
            kwargs={"kind": kind.value},
            key=kind.value,
            timeout=int(TIMEOUT.total_seconds()),
            heartbeat=int(HEARTBEAT.total_seconds()),
            retries=RETRIES,
            retry_delay=RETRY_DELAY.total_seconds(),
            ttl=NO_TRACE,
        )
        rung = await self._queue.enqueue(job) is not None
        if crash_points.armed:
            await crash_points.reach(crash_points.RING_RUNG)
        return rung
