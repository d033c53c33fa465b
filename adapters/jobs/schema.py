"""SAQ's tables, in a schema of their own, made once by the owner.

SAQ makes its tables itself when a queue connects, and when several processes do so at once on an
empty database, all but one fail. So `aksum migrate` makes them, under a lock, with SAQ's own
statements; the worker's role may use them and make none.
"""

from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier
from saq.queue.postgres import JOBS_TABLE, STATS_TABLE, VERSIONS_TABLE
from saq.queue.postgres_migrations import get_migrations

from adapters.postgres.roles import OWNER, Role
from adapters.postgres.urls import with_user

QUEUE_SCHEMA: Final = "aksum_queue"
LOCK_KEY: Final = 0x616B73756D03  # "aksum", 3
CONNECT_SECONDS: Final = 10

# An operator may look into the queue and empty it: that costs a delay and nothing else.
GRANTS = f"""
GRANT USAGE ON SCHEMA {QUEUE_SCHEMA} TO {Role.WORKER}, {Role.OPS};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {QUEUE_SCHEMA} TO {Role.WORKER};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA {QUEUE_SCHEMA} TO {Role.WORKER};
GRANT SELECT, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA {QUEUE_SCHEMA} TO {Role.OPS};
"""


async def make_queue_tables(url: str) -> None:
    """Make or upgrade them in the database of `url`, as the migrator. Safe to repeat."""
    connection = await AsyncConnection.connect(
        with_user(url, Role.MIGRATOR),
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        row_factory=tuple_row,
    )
    async with connection:
        await connection.execute(SQL("SET ROLE {}").format(Identifier(OWNER)))
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK_KEY,))
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {QUEUE_SCHEMA}")
            await connection.execute(f"SET LOCAL search_path = {QUEUE_SCHEMA}")
            await _upgrade(connection)
            await connection.execute(GRANTS)


async def _upgrade(connection: AsyncConnection[tuple[object, ...]]) -> None:
    versions = Identifier(VERSIONS_TABLE)
    await connection.execute(SQL("CREATE TABLE IF NOT EXISTS {} (version int)").format(versions))
    found = await (
        await connection.execute(SQL("SELECT version FROM {}").format(versions))
    ).fetchone()
    at = 0 if found is None else found[0]
    migrations = get_migrations(
        jobs_table=Identifier(JOBS_TABLE), stats_table=Identifier(STATS_TABLE)
    )
    for version, statements in migrations:
        if isinstance(at, int) and version > at:
            for statement in statements:
                await connection.execute(statement)
    await connection.execute(SQL("DELETE FROM {}").format(versions))
    await connection.execute(
        SQL("INSERT INTO {} (version) VALUES (%s)").format(versions), (migrations[-1][0],)
    )
