"""Books that somebody has changed behind our back are refused, not written down as if sound.

The damage is done as a superuser with the triggers off, in a transaction that is read in as well
and then rolled back.
"""

from collections.abc import Iterator
from typing import Final

import pytest

from adapters.postgres.connection import create_pool
from adapters.postgres.export import PostgresExportSnapshot
from application.ports.export import ExportScope
from domain.ledger.entry import TransactionInvalid
from domain.shared.ids import TenantId
from tests.fixtures.postgres_servers import Database, Server, in_thread
from tests.integration.stack import open_stack

TABLES: Final = ("ledger_transactions", "ledger_entries")
FETCH_SIZE: Final = 10
TRANSACTIONS: Final = 2
OF_FIRST: Final = (
    "tenant_id = $1 AND transaction_id = (SELECT transaction_id FROM ledger_entries "
    "WHERE tenant_id = $1 ORDER BY transaction_id LIMIT 1)"
)
DAMAGE: Final = {
    "an amount": f"UPDATE ledger_entries SET units = units + 1 WHERE leg = 0 AND {OF_FIRST}",
    "a lost entry": f"DELETE FROM ledger_entries WHERE leg = 0 AND {OF_FIRST}",
    "a lost header": (
        "DELETE FROM ledger_transactions WHERE tenant_id = $1 AND id = "
        "(SELECT id FROM ledger_transactions WHERE tenant_id = $1 ORDER BY id LIMIT 1)"
    ),
    "an account that is none": (
        f"UPDATE ledger_entries SET account_id = gen_random_uuid() WHERE leg = 1 AND {OF_FIRST}"
    ),
}


@pytest.fixture(scope="module")
def funded(postgres_18: Server) -> Iterator[tuple[Database, TenantId]]:
    database = postgres_18.create_database()

    async def fund() -> TenantId:
        async with open_stack(database) as stack:
            tenant_id = await stack.tenant()
            await stack.customer(tenant_id, usdt=5, btc=1)
        return tenant_id

    yield database, in_thread(fund)
    postgres_18.drop_database(database.name)


async def test_sound_books_are_exported(funded: tuple[Database, TenantId]) -> None:
    assert await exported(funded, "SELECT 1 WHERE $1::uuid IS NOT NULL") == TRANSACTIONS


@pytest.mark.parametrize("damage", DAMAGE)
async def test_damaged_books_are_refused(damage: str, funded: tuple[Database, TenantId]) -> None:
    with pytest.raises(TransactionInvalid):
        await exported(funded, DAMAGE[damage])


async def exported(funded: tuple[Database, TenantId], statement: str) -> int:
    """How many transactions there are after `statement`, which is given the tenant."""
    database, tenant_id = funded
    pool = await create_pool(database.admin_url, size=1, application_name="test")
    async with pool, pool.acquire() as connection:
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            await connection.execute("SET LOCAL search_path = aksum")
            for table in TABLES:
                await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            done = await connection.execute(statement, tenant_id)
            assert not done.endswith(" 0"), "there was nothing to damage"
            snapshot = PostgresExportSnapshot(connection, FETCH_SIZE)
            scope = ExportScope(tenant_id=tenant_id)
            return len([each async for each in snapshot.transactions(scope)])
        finally:
            await transaction.rollback()
