"""A connection that the server ends in the middle of a transaction takes nothing else with it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from asyncpg import Connection

from adapters.postgres.connection import create_pool
from adapters.postgres.known_accounts import KnownAccounts
from adapters.postgres.unit_of_work import BROKEN, PostgresUnitOfWork
from application.errors import InsufficientFunds
from application.ports.unit_of_work import Transaction
from domain.shared.errors import NotFound
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected

Then = Callable[[Transaction], Awaitable[None]]
# As many as would have emptied the pool if broken connections were not replaced.
TIMES = 3
POOL_SIZE = 2


@pytest.fixture
async def uow(database: Database) -> AsyncIterator[PostgresUnitOfWork]:
    async with await create_pool(database.api_url, size=POOL_SIZE, application_name="test") as pool:
        yield PostgresUnitOfWork(main=pool, record=pool, known=KnownAccounts())


@pytest.fixture
async def admin(database: Database) -> AsyncIterator[Connection]:
    async with connected(database.admin_url) as connection:
        yield connection


async def end_others(admin: Connection) -> None:
    """Ends every other connection to the database, and waits until it is gone."""
    ended = await admin.fetch(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert ended


async def broken(uow: PostgresUnitOfWork, admin: Connection, then: Then) -> None:
    """A transaction whose connection has just gone when `then` is called."""
    async with uow.begin(HOUSE_TENANT_ID) as tx:
        await end_others(admin)
        await then(tx)


async def refuse(tx: Transaction) -> None:
    raise InsufficientFunds("not enough")


async def look(tx: Transaction) -> None:
    await tx.tenants.get()


async def commit(tx: Transaction) -> None:
    await tx.commit()


async def leave(tx: Transaction) -> None:
    pass


@pytest.mark.parametrize(
    ("then", "error"), [(refuse, InsufficientFunds), (look, BROKEN), (commit, BROKEN)]
)
async def test_callers_error_is_kept_and_the_pool_stays_whole(
    uow: PostgresUnitOfWork,
    admin: Connection,
    then: Then,
    error: type[Exception] | tuple[type[Exception], ...],
) -> None:
    for _ in range(TIMES):
        with pytest.raises(error):
            await broken(uow, admin, then)
        async with uow.begin(HOUSE_TENANT_ID) as tx:
            with pytest.raises(NotFound):
                await tx.tenants.get()


async def test_leaving_a_broken_transaction_without_a_word_raises_nothing(
    uow: PostgresUnitOfWork, admin: Connection
) -> None:
    for _ in range(TIMES):
        await broken(uow, admin, leave)
