"""A database with no connection free, or with rows that others hold: refused soon, or pending."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from adapters.postgres.connection import create_pool
from adapters.postgres.due_work import PostgresDueWork
from adapters.postgres.keys import PostgresAccessDirectory
from adapters.postgres.platform import PostgresPlatform
from application.errors import Overloaded
from application.ports.intents import IntentKind
from application.ports.unit_of_work import Lane
from domain.orders.order import OrderStatus
from domain.shared.ids import TenantId
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepting, paying, quoted
from tests.integration.stack import Stack, open_stack

SOON = 4
HOLD_ROW = "SELECT FROM aksum.ledger_balances FOR UPDATE"


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database, size=2) as opened:
        yield opened


@asynccontextmanager
async def dry(pool: asyncpg.Pool) -> AsyncIterator[None]:
    taken = [await pool.acquire() for _ in range(pool.get_max_size())]
    try:
        yield
    finally:
        for each in taken:
            await pool.release(each)


async def refused_soon(*asked: Awaitable[object]) -> None:
    async with asyncio.timeout(SOON):
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(answer) for answer in answers} == {Overloaded}


async def test_reads_outside_a_tenant_wait_no_longer_than_others(stack: Stack) -> None:
    platform = PostgresPlatform(pool=stack.api, uow=stack.uow)
    directory, due = PostgresAccessDirectory(stack.api), PostgresDueWork(stack.api)
    tenant_id = await stack.tenant()
    async with dry(stack.api):
        await refused_soon(
            *(platform.view() for _ in range(20)),
            platform.tenant(tenant_id),
            directory.tenant_of_key("0123456789abcdef"),
            due.due_intents(IntentKind.MIRROR, limit=1),
        )
    assert (await platform.view()).catalog.assets


async def test_server_that_is_gone_is_overload_and_no_failure(database: Database) -> None:
    pool = await create_pool(database.api_url, size=2, application_name="test")
    directory = PostgresAccessDirectory(pool)
    assert await directory.tenant_of_key("0123456789abcdef") is None
    refusing = "postgresql://aksum_api@/nothing?host=/nowhere"
    pool._connect_args = (refusing,)
    await pool.expire_connections()
    with pytest.raises(Overloaded):
        await directory.tenant_of_key("0123456789abcdef")
    pool.terminate()


async def test_row_held_by_others_refuses_a_transfer_and_leaves_its_key_free(
    stack: Stack, database: Database
) -> None:
    tenant_id = await stack.tenant()
    payer, payee = [await stack.customer(tenant_id, usdt=10) for _ in range(2)]
    command = paying(tenant_id, payer, payee)
    holder = await asyncpg.connect(database.admin_url)
    async with holder.transaction():
        await holder.execute(HOLD_ROW)
        await refused_soon(stack.transfer.execute(command))
    await holder.close()
    done = await stack.transfer.execute(command)
    assert not done.replayed


class Unreadable:
    """The units of work, once reading them has come to be impossible."""

    def __init__(self, stack: Stack) -> None:
        self._uow = stack.uow
        self.dry = False

    def begin(self, tenant_id: TenantId, *, lane: Lane = Lane.MAIN) -> object:
        if lane is Lane.MAIN and self.dry:
            raise Overloaded("no database connection became free")
        return self._uow.begin(tenant_id, lane=lane)


async def test_accepted_order_is_pending_and_never_overload(stack: Stack) -> None:
    """To a client `overloaded` means that nothing was done and another key may be used."""
    tenant_id = await stack.tenant()
    customer_id = await stack.customer(tenant_id, usdt=10_000)
    quote = await quoted(stack, tenant_id, customer_id)
    reads = Unreadable(stack)
    stack.accept_quote._record._uow = reads  # type: ignore[assignment]

    async def gone(*_: object) -> None:
        reads.dry = True
        raise ConnectionError("the LP's answer was lost with the process that waited for it")

    stack.accept_quote._call = gone  # type: ignore[method-assign,assignment]
    order = (await stack.accept_quote.execute(accepting(tenant_id, quote))).value
    assert order.status is OrderStatus.PENDING
    async with stack.uow.begin(tenant_id) as tx:
        assert await tx.orders.get(order.id) == order
