"""The statement that chooses a batch chooses as the rule in the domain does."""

import random
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from adapters.postgres.connection import create_pool
from adapters.postgres.due_work import PostgresDueWork
from application.ports.intents import IntentKind
from domain.jobs.fairness import Waiting, fair_batch
from domain.shared.ids import TenantId
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected

MIRROR = IntentKind.MIRROR
START = datetime(2026, 1, 1, tzinfo=UTC)
LOTS = 20_000
READ_MAX = 1_000
INSERT = """
INSERT INTO aksum.intents (tenant_id, kind, subject, next_action_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[])
"""


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[asyncpg.Pool]:
    async with await create_pool(database.worker_url, size=2, application_name="test") as pool:
        yield pool


async def fill(database: Database, backlog: list[Waiting]) -> None:
    async with connected(database.admin_url) as admin:
        await admin.execute("TRUNCATE aksum.intents")
        await admin.execute(
            INSERT,
            [each.tenant_id for each in backlog],
            [MIRROR.value] * len(backlog),
            [each.subject for each in backlog],
            [each.due_at for each in backlog],
        )


def backlog_of(dice: random.Random, counts: list[int]) -> list[Waiting]:
    return [
        Waiting(
            tenant_id=TenantId(tenant),
            subject=UUID(int=dice.getrandbits(128)),
            due_at=START - timedelta(seconds=dice.randrange(50)),
        )
        for tenant, count in [(UUID(int=dice.getrandbits(128)), count) for count in counts]
        for _ in range(count)
    ]


async def chosen(due: PostgresDueWork, limit: int) -> list[tuple[TenantId, UUID]]:
    found = await due.due_intents(MIRROR, limit=limit)
    return [(each.tenant_id, each.subject) for each in found]


@pytest.mark.parametrize("seed", range(12))
async def test_statement_chooses_as_the_rule_does(
    database: Database, worker: asyncpg.Pool, seed: int
) -> None:
    dice = random.Random(seed)
    counts = [dice.choice((1, 2, 7, 60)) for _ in range(dice.randrange(0, 12))]
    backlog = backlog_of(dice, counts)
    await fill(database, backlog)
    due = PostgresDueWork(worker)
    for limit in (1, 3, 20, 50, 500):
        expected = [(each.tenant_id, each.subject) for each in fair_batch(backlog, limit=limit)]
        assert await chosen(due, limit) == expected
    assert await due.any_due(MIRROR) == bool(backlog)


async def test_more_tenants_than_are_visited_are_all_worked_off(
    database: Database, worker: asyncpg.Pool
) -> None:
    """Whoever is passed over by the walk grows old, and what is oldest is always in reach."""
    dice = random.Random(0)
    backlog = backlog_of(dice, [10] * 6)
    await fill(database, backlog)
    due = PostgresDueWork(worker, tenants_visited_max=2)
    async with connected(database.admin_url) as admin:
        for left in range(len(backlog), 0, -2):
            batch = await chosen(due, 2)
            assert len(batch) == min(2, left)
            await admin.execute(
                "DELETE FROM aksum.intents WHERE subject = ANY($1)", [each for _, each in batch]
            )
    assert not await due.any_due(MIRROR)


async def test_batch_reads_no_more_of_a_long_backlog_than_it_needs(database: Database) -> None:
    """Counted in rows, not in time, by a connection that has planned it while there were none."""
    dice = random.Random(1)
    async with (
        await create_pool(database.worker_url, size=1, application_name="test") as pool,
        connected(database.admin_url) as admin,
    ):
        due = PostgresDueWork(pool)
        assert await chosen(due, 100) == []
        assert not await due.any_due(MIRROR)
        await fill(database, backlog_of(dice, [LOTS, 3, 3]))
        assert await rows_read(pool, admin, chosen(due, 100)) < READ_MAX
        assert await rows_read(pool, admin, due.any_due(MIRROR)) < 10


async def rows_read(
    pool: asyncpg.Pool, admin: asyncpg.Connection, work: Coroutine[Any, Any, object]
) -> int:
    """By `work`, on the pool's one connection."""
    before = await fetched(admin)
    await work
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    return await fetched(admin) - before


async def fetched(admin: asyncpg.Connection) -> int:
    await admin.execute("SELECT pg_stat_clear_snapshot()")
    found: int = await admin.fetchval(
        "SELECT coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::bigint "
        "FROM pg_stat_user_tables WHERE relname = 'intents'"
    )
    return found
