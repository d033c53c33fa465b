"""A process that lives on while its database is restored to an earlier state."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from adapters.postgres.connection import create_pool
from adapters.postgres.known_accounts import KnownAccounts
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from domain.ledger.account import AccountKey
from domain.ledger.chart import AccountCode
from domain.shared.ids import AccountId, TenantId
from domain.shared.money import AssetCode
from tests.fixtures.postgres_servers import Database
from tests.integration.stack import Stack, open_stack

CLEARING = AccountKey(AccountCode.HOUSE_CLEARING, AssetCode("USDT"))
FORGET = "DELETE FROM aksum.ledger_accounts WHERE code = 'house_clearing'"
END_CONNECTIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'restored'
"""


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database) as opened:
        yield opened


async def clearing(uow: PostgresUnitOfWork, tenant_id: TenantId) -> AccountId:
    async with uow.begin(tenant_id) as tx:
        found = await tx.accounts.resolve((CLEARING,))
        await tx.commit()
    return found[CLEARING]


async def test_accounts_that_a_restore_undid_are_not_posted_to(
    stack: Stack, database: Database
) -> None:
    tenant_id, known = await stack.tenant(), KnownAccounts()
    pool = await create_pool(
        database.api_url, size=1, application_name="restored", on_connect=known.forget
    )
    uow = PostgresUnitOfWork(main=pool, record=pool, known=known)
    before = await clearing(uow, tenant_id)
    assert await clearing(uow, tenant_id) == before
    restoring = await asyncpg.connect(database.admin_url)
    await restoring.execute(FORGET)
    await restoring.execute(END_CONNECTIONS)
    await restoring.close()
    await pool.expire_connections()

    after = await clearing(uow, tenant_id)

    assert after != before
    async with uow.begin(tenant_id) as tx:
        assert (await tx.accounts.get(after)).account.key == CLEARING
    await pool.close()
