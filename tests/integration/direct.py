"""SQL as a role says it, past every adapter: what the database itself allows and refuses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import asyncpg
import pytest
from asyncpg import Connection

SCHEMA: Final = "aksum"
# Nobody set the tenant, or somebody emptied it: neither may show a row.
NO_TENANT: Final[tuple[str | None, ...]] = (None, "")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def undone(
    connection: Connection, tenant: UUID | str | None = None
) -> AsyncIterator[Connection]:
    """A transaction that is rolled back, as of `tenant` where one is given."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        if tenant is not None:
            await set_tenant(connection, tenant)
        yield connection
    finally:
        await transaction.rollback()


async def set_tenant(connection: Connection, tenant: UUID | str) -> None:
    await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant))


async def refused(
    connection: Connection, statement: str, *args: object, match: str | None = None
) -> None:
    """42501, and the transaction around goes on."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=match):
        async with connection.transaction():
            await connection.execute(statement, *args)


async def names(connection: Connection, query: str, *args: object) -> list[str]:
    return [name for (name,) in await connection.fetch(query, *args)]


TENANT_TABLES: Final = """
SELECT c.relname::text FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'aksum'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> 'access_directory'
ORDER BY 1
"""
PARTITIONS: Final = """
SELECT c.relname::text FROM pg_class c
WHERE c.relnamespace = 'aksum'::regnamespace AND c.relispartition AND c.relkind = 'r' ORDER BY 1
"""
COLUMNS_OF: Final = """
SELECT attname::text FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
"""
