"""The worker on a real database, with each queue that can be had here."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from adapters.jobs.schema import make_queue_tables
from application.ports.bell import JobKind
from tests.fixtures.postgres_servers import Database
from tests.integration.worker_lab import (
    DEPOSITS,
    STOP_SECONDS_MAX,
    Books,
    belled,
    execute,
    opened_books,
    working,
)


@pytest.fixture
async def books(database_18: Database) -> AsyncIterator[Books]:
    async with opened_books(database_18) as opened:
        yield opened


async def test_due_work_is_rung_for_and_done(
    database_18: Database, books: Books, queue_url: str | None
) -> None:
    await make_queue_tables(database_18.admin_url)
    tenant, customer = await books.open()
    async with working(database_18, queue_url):
        await books.deposit(tenant, customer, DEPOSITS)
        await books.are_mirrored()


async def test_work_is_done_without_any_queue(database_18: Database, books: Books) -> None:
    """Nobody made the queue's tables: the sweeper asks no queue."""
    tenant, customer = await books.open()
    async with working(database_18):
        await books.deposit(tenant, customer, DEPOSITS)
        await books.are_mirrored()


async def test_many_rings_are_one_job(database_18: Database, queue_url: str | None) -> None:
    await make_queue_tables(database_18.admin_url)
    async with belled(database_18, queue_url) as (bell, queue):
        assert await bell.ring(JobKind.MIRROR) is True
        assert await bell.ring(JobKind.MIRROR) is False
        assert await bell.ring(JobKind.SETTLE_EXECUTION) is True
        assert await queue.count("queued") == 2


async def test_job_carries_its_kind_alone_and_ends_before_the_lease(database_18: Database) -> None:
    await make_queue_tables(database_18.admin_url)
    async with belled(database_18) as (bell, _):
        await bell.ring(JobKind.MIRROR)
    rows = await execute(database_18, "SELECT key, job FROM aksum_queue.saq_jobs ORDER BY key")
    assert [row["key"] for row in rows] == ["mirror"]
    job = json.loads(rows[0]["job"])
    assert job["kwargs"] == {"kind": "mirror"}
    # No fault of the queue can keep a job past the lease of the rows it works on.
    assert 0 < job["heartbeat"] < job["timeout"] < 30
    assert job["retries"] > 1


async def test_worker_role_cannot_make_tables_in_the_queue(database_18: Database) -> None:
    await make_queue_tables(database_18.admin_url)
    connection = await asyncpg.connect(database_18.worker_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE aksum_queue.mine (id int)")
    finally:
        await connection.close()


async def test_told_to_stop_it_ends_in_time(database_18: Database, queue_url: str | None) -> None:
    await make_queue_tables(database_18.admin_url)
    clock: Callable[[], float] = asyncio.get_running_loop().time
    async with working(database_18, queue_url) as runner:
        began = clock()
        runner.stopping.set()
    assert clock() - began < STOP_SECONDS_MAX
