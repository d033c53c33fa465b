"""Months are made ahead, one function makes them, and every one is as closed as its parent."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import asyncpg
import pytest
from asyncpg import Connection

from adapters.postgres.connection import create_pool
from adapters.postgres.due_work import PostgresDueWork
from tests.fixtures.postgres_servers import Database, Server
from tests.integration.catalog_rules import RULES, offenders
from tests.integration.direct import connected, names, refused, set_tenant, undone

MONTHS_AHEAD = 24
TENANT = UUID(int=7)
INSERT = """
INSERT INTO aksum.ledger_transactions (tenant_id, id, template, reference, effective_on, booked_at)
VALUES ($1, $2, 'transfer', 'x', current_date, now()) RETURNING tableoid::regclass::text
"""
BOUNDS = """
SELECT p.name AS parent, c.relname::text AS partition,
  substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \\((.+)\\) TO') AS lower,
  substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\((.+)\\)') AS upper
FROM aksum.partitioned_tables p
JOIN pg_inherits i ON i.inhparent = ('aksum.' || p.name)::regclass
JOIN pg_class c ON c.oid = i.inhrelid
"""
PARENTS = """
SELECT c.relname::text FROM pg_class c
WHERE c.relnamespace = 'aksum'::regnamespace AND c.relkind = 'p' ORDER BY 1
"""
LOCKS_MOST = "SET LOCAL lock_timeout = '100ms'"


@pytest.fixture(scope="module")
def migrated(postgres_server: Server) -> Iterator[Database]:
    """For tests that leave the partitions as they are."""
    made = postgres_server.create_database()
    yield made
    postgres_server.drop_database(made.name)


@pytest.fixture
async def admin(migrated: Database) -> AsyncIterator[Connection]:
    async with connected(migrated.admin_url) as connection:
        yield connection


def uuid7_of(at: datetime, *, rest: int = 0) -> UUID:
    """A UUIDv7 of this millisecond; `rest` are the random bits below version and variant."""
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | rest)


def month_after(first: datetime, months: int) -> datetime:
    total = first.year * 12 + first.month - 1 + months
    return first.replace(year=total // 12, month=total % 12 + 1)


async def this_month(connection: Connection) -> datetime:
    found: datetime = await connection.fetchval("SELECT date_trunc('month', now(), 'UTC')")
    return found.astimezone(UTC)


async def test_every_partitioned_table_is_registered(admin: Connection) -> None:
    registered = await names(admin, "SELECT name FROM aksum.partitioned_tables ORDER BY 1")
    assert registered == await names(admin, PARENTS)


async def test_months_follow_each_other_without_a_gap_for_two_years(admin: Connection) -> None:
    first = await this_month(admin)
    rows = await admin.fetch(BOUNDS)
    for table in await names(admin, PARENTS):
        own = sorted(
            (row for row in rows if row["parent"] == table),
            key=lambda row: (row["lower"] != "MINVALUE", row["lower"]),
        )
        assert [row["partition"] for row in own] == [
            f"{table}_before",
            *(f"{table}_{month_after(first, months):%Y_%m}" for months in range(MONTHS_AHEAD + 1)),
        ]
        assert own[0]["lower"] == "MINVALUE"
        for before, after in pairwise(own):
            assert before["upper"] == after["lower"]


async def test_id_goes_into_the_month_of_its_time_to_the_millisecond(admin: Connection) -> None:
    first = await this_month(admin)
    millisecond = timedelta(milliseconds=1)
    highest = (1 << 62) - 1
    for months in (1, 5, MONTHS_AHEAD):
        starts = month_after(first, months)
        own = f"aksum.ledger_transactions_{starts:%Y_%m}"
        before = f"aksum.ledger_transactions_{month_after(first, months - 1):%Y_%m}"
        async with undone(admin):
            last = uuid7_of(starts - millisecond, rest=highest)
            assert await admin.fetchval(INSERT, TENANT, last) == before
            assert await admin.fetchval(INSERT, TENANT, uuid7_of(starts)) == own


@pytest.mark.parametrize(
    "identifier",
    [UUID(int=0), uuid7_of(datetime(2001, 2, 3, tzinfo=UTC)), UUID(int=0x0123 << 64)],
    ids=["zero", "far past", "no UUIDv7 at all"],
)
async def test_id_of_the_far_past_has_a_place(admin: Connection, identifier: UUID) -> None:
    async with undone(admin):
        place = await admin.fetchval(INSERT, TENANT, identifier)
    assert place == "aksum.ledger_transactions_before"


async def test_id_beyond_the_last_month_is_refused(admin: Connection) -> None:
    """Rather than kept in a partition that could never be split without moving it."""
    beyond = month_after(await this_month(admin), MONTHS_AHEAD + 1)
    async with undone(admin):
        with pytest.raises(asyncpg.CheckViolationError, match="no partition"):
            await admin.fetchval(INSERT, TENANT, uuid7_of(beyond))


async def test_worker_makes_the_months_to_come_and_again_none(database: Database) -> None:
    async with (
        await create_pool(database.worker_url, size=1, application_name="test") as pool,
        connected(database.admin_url) as admin,
    ):
        due = PostgresDueWork(pool)
        tables = await names(admin, PARENTS)
        assert await due.make_partitions(months_ahead=MONTHS_AHEAD) == 0
        assert await due.make_partitions(months_ahead=MONTHS_AHEAD + 3) == 3 * len(tables)
        assert await due.make_partitions(months_ahead=MONTHS_AHEAD + 3) == 0
        assert await due.make_partitions(months_ahead=0) == 0
        newest = month_after(await this_month(admin), MONTHS_AHEAD + 3)
        async with undone(admin):
            place = await admin.fetchval(INSERT, TENANT, uuid7_of(newest))
        assert place == f"aksum.ledger_transactions_{newest:%Y_%m}"
        broken = {rule: found for rule in RULES if (found := await offenders(admin, rule))}
        assert broken == {}


async def test_partitions_made_later_are_like_the_first(database: Database) -> None:
    """Columns, constraints, indexes, triggers and rights."""
    async with connected(database.admin_url) as admin:
        before = {table: await shapes(admin, table) for table in await names(admin, PARENTS)}
        async with connected(database.worker_url) as worker:
            await worker.execute(
                "SELECT make_partitions(name, current_date, 30) FROM partitioned_tables"
            )
        for table, shape in before.items():
            assert len(shape) == 1
            assert await shapes(admin, table) == shape


async def test_many_at_once_make_each_month_once(database: Database) -> None:
    async with (
        await create_pool(database.worker_url, size=6, application_name="test") as pool,
        connected(database.admin_url) as admin,
    ):
        due = PostgresDueWork(pool)
        wanted = (26, 25, 28, 27, 28, 26)
        made = await asyncio.gather(*(due.make_partitions(months_ahead=each) for each in wanted))
        assert sum(made) == (28 - MONTHS_AHEAD) * len(await names(admin, PARENTS))


async def test_months_are_made_beside_open_trades(database: Database) -> None:
    """An exclusive lock on a parent would wait for every open transaction, and stop every new."""
    async with (
        connected(database.api_url) as api,
        connected(database.worker_url) as worker,
        connected(database.admin_url) as admin,
    ):
        tables = await names(api, PARENTS)
        # No one role may write all of them.
        async with undone(api, TENANT), undone(admin):
            for table in tables:
                await admin.execute(f"LOCK TABLE aksum.{table} IN ROW EXCLUSIVE MODE")
            async with worker.transaction():
                await worker.execute(LOCKS_MOST)
                made = await worker.fetchval(
                    "SELECT sum(make_partitions(name, current_date, 25)) FROM partitioned_tables"
                )
                assert made == len(tables)
                await set_tenant(api, TENANT)
                await api.execute(LOCKS_MOST)
                for table in tables:
                    assert await api.fetchval(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize(
    ("table", "months"),
    [
        ("customers", 1),
        ("pg_class", 1),
        ("quotes; DROP TABLE quotes", 1),
        ("", 1),
        (None, 1),
        ("quotes", -1),
        ("quotes", 121),
    ],
)
async def test_other_tables_and_other_spans_are_refused(
    migrated: Database, table: str | None, months: int
) -> None:
    async with connected(migrated.worker_url) as worker:
        with pytest.raises(asyncpg.InvalidParameterValueError):
            await worker.execute("SELECT make_partitions($1, current_date, $2)", table, months)


async def test_months_before_the_first_are_refused(migrated: Database) -> None:
    async with connected(migrated.worker_url) as worker:
        with pytest.raises(asyncpg.InvalidObjectDefinitionError, match="overlap"):
            await worker.execute("SELECT make_partitions('quotes', '2001-01-01', 1)")


async def test_api_makes_no_partitions(migrated: Database) -> None:
    async with connected(migrated.api_url) as api:
        await refused(api, "SELECT make_partitions('quotes', current_date, 1)")


@pytest.mark.parametrize("role", ["api_url", "worker_url"])
async def test_row_is_looked_up_in_one_partition(migrated: Database, role: str) -> None:
    """Also under the policy, and with a plan made for any id."""
    async with connected(getattr(migrated, role)) as connection, undone(connection, TENANT):
        for mode in ("force_custom_plan", "force_generic_plan"):
            await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
            await connection.execute(
                f"PREPARE {mode} (uuid, uuid) AS "
                "SELECT * FROM ledger_entries WHERE tenant_id = $1 AND transaction_id = $2"
            )
            now = uuid7_of(datetime.now(UTC))
            plan = await names(
                connection, f"EXPLAIN (ANALYZE, COSTS off) EXECUTE {mode} ('{TENANT}', '{now}')"
            )
            touched = [line for line in plan if " on ledger_entries" in line]
            executed = [line for line in touched if "never executed" not in line]
            assert len(executed) == 1, plan
            assert "Index Scan" in executed[0] or "Bitmap" in executed[0], plan


async def shapes(connection: Connection, parent: str) -> set[str]:
    """What the partitions of `parent` look like, with their names and bounds taken out."""
    return set(
        await names(
            connection,
            """
            SELECT replace(concat_ws(E'\\n', c.relrowsecurity, c.relforcerowsecurity,
                c.relowner::regrole, c.relacl, c.reloptions,
                (SELECT string_agg(format('%s %s %s %s', attnum, attname, atttypid::regtype,
                   attnotnull) || coalesce(pg_get_expr(adbin, adrelid), ''), ',' ORDER BY attnum)
                 FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
                 WHERE attrelid = c.oid AND attnum > 0),
                (SELECT string_agg(concat(conname, pg_get_constraintdef(k.oid), conislocal,
                   coninhcount), ',' ORDER BY conname) FROM pg_constraint k
                 WHERE conrelid = c.oid AND contype = 'c'),
                (SELECT string_agg(shape, ',' ORDER BY shape) FROM pg_index,
                   regexp_replace(pg_get_indexdef(indexrelid), 'INDEX \\S+', '') shape
                 WHERE indrelid = c.oid),
                (SELECT string_agg(concat(tgenabled, pg_get_triggerdef(t.oid)), ',' ORDER BY tgname)
                 FROM pg_trigger t WHERE tgrelid = c.oid)), c.relname, 'IT')
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = ('aksum.' || $1)::regclass
            """,
            parent,
        )
    )
