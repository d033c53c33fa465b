"""Row 10 of SAQ's known faults: a Redis that goes away, for a while or with all it had.

Selected out as a whole where there is no server, which the end of the run says.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisUnreachable

from application.ports.bell import JobBell, JobKind
from tests.fixtures.postgres_servers import Database
from tests.fixtures.redis import HAS_REDIS, RedisServer
from tests.integration.worker_lab import (
    DEPOSITS,
    END_SECONDS_MAX,
    SECONDS_MAX,
    Books,
    belled,
    opened_books,
    worker_process,
    working,
)


@pytest.fixture
async def books(database_18: Database) -> AsyncIterator[Books]:
    async with opened_books(database_18) as opened:
        yield opened


async def rung(bell: JobBell) -> bool:
    """By whoever tries again, as the ringer does, until connections were made anew."""
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            try:
                return await bell.ring(JobKind.MIRROR)
            except RedisUnreachable:
                await asyncio.sleep(0)


class TestRedis:
    __test__ = HAS_REDIS

    async def test_row_10_outage_in_mid_run_loses_nothing_and_ends_with_it(
        self, database_18: Database, books: Books, redis_server: RedisServer
    ) -> None:
        tenant, customer = await books.open()
        async with working(database_18, redis_server.url):
            await books.deposit(tenant, customer, DEPOSITS)
            redis_server.kill()
            await books.deposit(tenant, customer, DEPOSITS)
            await books.are_mirrored()
            redis_server.start()
            await books.deposit(tenant, customer, DEPOSITS)
            await books.are_mirrored()

    async def test_worker_starts_and_stops_without_its_redis(
        self, database_18: Database, books: Books, redis_server: RedisServer, tmp_path: Path
    ) -> None:
        redis_server.kill()
        tenant, customer = await books.open()
        await books.deposit(tenant, customer, DEPOSITS)
        async with worker_process(database_18, tmp_path, queue_url=redis_server.url) as worker:
            await books.are_mirrored()
            worker.send(signal.SIGTERM)
            assert await worker.ended(END_SECONDS_MAX) == 0, worker.log()

    async def test_bell_is_heard_again_after_redis_lost_a_job_that_was_running(
        self, database_18: Database, redis_server: RedisServer
    ) -> None:
        async with belled(database_18, redis_server.url) as (bell, queue):
            assert await bell.ring(JobKind.MIRROR)
            assert await queue.dequeue(timeout=1) is not None
            assert not await bell.ring(JobKind.MIRROR)
            redis_server.kill()
            redis_server.start()
            assert await rung(bell)

    async def test_row_10_job_swept_between_being_taken_and_marked_runs_twice_to_no_effect(
        self, database_18: Database, books: Books, redis_server: RedisServer
    ) -> None:
        """On Redis, SAQ sweeps any job that was taken and is not marked as active yet."""
        tenant, customer = await books.open()
        await books.deposit(tenant, customer, DEPOSITS)
        async with belled(database_18, redis_server.url) as (bell, queue):
            await bell.ring(JobKind.MIRROR)
            assert await queue.dequeue(timeout=1) is not None
            assert await queue.sweep(abort=0.01) != []
            async with working(database_18, redis_server.url):
                await books.are_mirrored()
