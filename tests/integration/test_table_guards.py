"""Guards that are switched off or gone are named; the list of them is the schema's own."""

from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
import pytest_asyncio
from asyncpg import Connection

from adapters.postgres.table_guards import FAULTS, TRIGGERS
from tests.fixtures.postgres_servers import Database, Server
from tests.integration.direct import connected, names, undone

THERE: Final = """
SELECT c.relname || '.' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'aksum'::regnamespace AND NOT c.relispartition AND NOT t.tgisinternal
"""
# What somebody with the owner's rights does, and what is then named.
DAMAGE: Final = {
    "ALTER TABLE ledger_periods DISABLE TRIGGER USER": (
        "ledger_periods.append_only switched off",
        "ledger_periods.append_only_truncate switched off",
    ),
    "ALTER TABLE fills_before DISABLE TRIGGER append_only": (
        "fills_before.append_only switched off",
    ),
    "ALTER TABLE ledger_seals ENABLE TRIGGER append_only": (
        "ledger_seals.append_only switched off",
    ),
    "DROP TRIGGER zero_sum ON ledger_entries": ("ledger_entries.zero_sum not there",),
    "DROP TRIGGER append_only_truncate ON fills_before": (
        "fills_before.append_only_truncate not there",
    ),
    "DROP POLICY tenant_isolation ON orders": ("orders.tenant_isolation not there",),
    "DROP POLICY operators_read ON ledger_entries": ("ledger_entries.operators_read not there",),
    "ALTER TABLE customers NO FORCE ROW LEVEL SECURITY": ("customers.row_security not forced",),
    "ALTER TABLE access_directory DISABLE ROW LEVEL SECURITY": (
        "access_directory.row_security not forced",
    ),
}

# One loop, so that the connection is opened once.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def migrated(postgres_server: Server) -> Iterator[Database]:
    made = postgres_server.create_database()
    yield made
    postgres_server.drop_database(made.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(migrated: Database) -> AsyncIterator[Connection]:
    async with connected(migrated.admin_url) as connection:
        yield connection


async def faults(connection: Connection) -> list[str]:
    return await names(connection, f"SELECT guard || ' ' || fault FROM ({FAULTS}) f ORDER BY 1")


async def test_list_is_all_the_triggers_there_are(admin: Connection) -> None:
    listed = {f"{table}.{trigger}" for table, triggers in TRIGGERS.items() for trigger in triggers}
    assert set(await names(admin, THERE)) == listed


async def test_migrated_schema_has_every_guard(admin: Connection) -> None:
    assert await faults(admin) == []


async def test_partitions_made_later_have_every_guard(admin: Connection) -> None:
    async with undone(admin):
        for table in ("ledger_entries", "ledger_transactions", "fills"):
            assert await admin.fetchval("SELECT aksum.make_partitions($1, current_date, 26)", table)
        assert await faults(admin) == []


@pytest.mark.parametrize("damage", DAMAGE)
async def test_guard_that_does_not_work_is_named(admin: Connection, damage: str) -> None:
    async with undone(admin):
        await admin.execute("SET LOCAL search_path = aksum")
        await admin.execute(damage)
        assert await faults(admin) == list(DAMAGE[damage])
