"""Several worker processes, killed in the middle of their work and replaced."""

import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from adapters.jobs.schema import make_queue_tables
from application import crash_points
from tests.fixtures.postgres_servers import Database
from tests.integration.worker_lab import (
    END_SECONDS_MAX,
    LAPSE,
    Books,
    WorkerProcess,
    as_admin,
    opened_books,
    until_row,
    worker_process,
    working,
)

WORKERS: Final = 2
KILLS: Final = 2
DEPOSITS: Final = 30
# By the worker that is to be killed, or by another: either way one dies while work is under way.
UNDER_WAY: Final = "SELECT FROM aksum.intents WHERE lease_until > now()"
# Long enough for the test to see a lease, short enough for work to go on.
FINISHED: Final = """
SELECT FROM aksum.schedules WHERE job = ANY($1::text[])
HAVING bool_and(finished_at IS NOT NULL AND lease_token > 1)
"""
LAPSE_RUNS: Final = "UPDATE aksum.schedules SET lease_until = now() - interval '1 ms'"
SLOWED: Final = {"AKSUM_CRASH_POINT": "mirror.leased:pause=300"}


@pytest.fixture
async def books(database_18: Database) -> AsyncIterator[Books]:
    await make_queue_tables(database_18.admin_url)
    async with opened_books(database_18) as opened:
        yield opened


@pytest.mark.parametrize("point", [crash_points.SCHEDULE_BEGUN, crash_points.SCHEDULE_RAN])
async def test_run_by_time_whose_worker_was_killed_is_made_by_another(
    database_18: Database, tmp_path: Path, point: str
) -> None:
    armed = {"AKSUM_CRASH_POINT": f"{point}:kill"}
    async with worker_process(database_18, tmp_path, environment=armed) as worker:
        assert await worker.ended(END_SECONDS_MAX) == -signal.SIGKILL
    begun = await as_admin(database_18, "SELECT job FROM aksum.schedules WHERE lease_token = 1")
    assert begun
    assert await as_admin(database_18, "SELECT FROM aksum.schedules WHERE next_run_at > now()") == (
        await as_admin(database_18, "SELECT FROM aksum.schedules WHERE job = 'reconcile'")
    )
    await as_admin(database_18, LAPSE_RUNS)
    async with working(database_18):
        await until_row(database_18, FINISHED, [row["job"] for row in begun])


@pytest.mark.slow
async def test_workers_killed_in_mid_run_and_replaced_lose_nothing_and_do_nothing_twice(
    database_18: Database, books: Books, tmp_path: Path
) -> None:
    tenant, customer = await books.open()
    async with AsyncExitStack() as stack:

        async def start(number: int) -> WorkerProcess:
            folder = tmp_path / str(number)
            folder.mkdir()
            process = worker_process(database_18, folder, environment=SLOWED)
            return await stack.enter_async_context(process)

        running = [await start(number) for number in range(WORKERS)]
        for kill in range(KILLS):
            await books.deposit(tenant, customer, DEPOSITS)
            await until_row(database_18, UNDER_WAY)
            victim = running.pop(0)
            victim.send(signal.SIGKILL)
            assert await victim.ended(END_SECONDS_MAX) == -signal.SIGKILL
            await as_admin(database_18, LAPSE)
            running.append(await start(WORKERS + kill))
        await books.are_mirrored()
        for worker in running:
            worker.send(signal.SIGTERM)
            assert await worker.ended(END_SECONDS_MAX) == 0, worker.log()
