"""How often a trade asks the database: the bound that a change must not creep beyond unseen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import pytest
from msgspec.structs import replace

from adapters.postgres.connection import create_pool
from domain.shared.ids import CustomerId, TenantId
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepted, item, paying, paying_many, quoted
from tests.integration.stack import Stack

# Beside BEGIN, which carries the tenant, and COMMIT. A trade needs three; whoever finds the
# platform's shared rows older than a second, or meets an account for the first time, reads them.
TRADE_STATEMENTS_MAX = 10
TRADE_TRANSACTIONS_MAX = 4
# And the routes, standings and room of LPs and the terms of prices, which a process reads once a
# second whatever it trades.
FIRST_TRADE_STATEMENTS_MAX = TRADE_STATEMENTS_MAX + 3
# The key, the customers, the posting, the transfer, what is announced of it; whoever meets an
# account first looks it up.
TRANSFER_STATEMENTS_MAX = 5
FIRST_TRANSFER_STATEMENTS_MAX = 8
# Whatever the number of its items.
BATCH_STATEMENTS_MAX = 14
BATCH_ITEMS = 100
# One connection each, so that the first trade prepares what the second is counted with.
POOL_SIZE = 1
FRAMING = ("BEGIN", "COMMIT", "ROLLBACK")


class Sent:
    """Queries in the order they were sent. Once prepared, each is one round trip."""

    def __init__(self) -> None:
        self.queries: list[str] = []

    def note(self, logged: asyncpg.connection.LoggedQuery) -> None:
        self.queries.append(" ".join(logged.query.split()))

    @property
    def statements(self) -> list[str]:
        return [query for query in self.queries if not query.startswith(FRAMING)]

    def framed(self, word: str) -> int:
        return sum(query.startswith(word) for query in self.queries)

    def shown(self) -> str:
        framing = ", ".join(f"{self.framed(word)} {word}" for word in FRAMING)
        lines = [f"{len(self.statements)} statements, and {framing}"]
        return "\n  ".join(lines + [query[:90] for query in self.statements])


@asynccontextmanager
async def listening(*pools: asyncpg.Pool) -> AsyncIterator[Sent]:
    sent = Sent()
    for pool in pools:
        async with pool.acquire() as connection:
            connection.add_query_logger(sent.note)
    yield sent
    await asyncio.sleep(0)  # the loggers are called in the next turn of the loop


@pytest.fixture
async def pools(database: Database) -> AsyncIterator[list[asyncpg.Pool]]:
    urls = (database.api_url, database.api_url, database.worker_url, database.ops_url)
    async with AsyncExitStack() as opened:
        yield [
            await opened.enter_async_context(
                await create_pool(url, size=POOL_SIZE, application_name="test")
            )
            for url in urls
        ]


async def test_trade_asks_the_database_no_more_than_its_bound(pools: list[asyncpg.Pool]) -> None:
    stack, tenant_id, customer = await stack_with_a_trade(pools)
    async with listening(stack.api, pools[1]) as sent:
        await accepted(stack, tenant_id, await quoted(stack, tenant_id, customer))
        await stack.background.drain()
    print(f"quote and order: {sent.shown()}")
    assert 0 < len(sent.statements) <= TRADE_STATEMENTS_MAX, sent.shown()
    assert sent.framed("BEGIN") <= TRADE_TRANSACTIONS_MAX, sent.shown()
    assert sent.framed("COMMIT") == 3


async def test_first_trade_of_a_process_keeps_the_bound_too(pools: list[asyncpg.Pool]) -> None:
    """It knows no tenant, no instrument and no account yet."""
    _, tenant_id, customer = await stack_with_a_trade(pools)
    stack = stack_on(pools)
    async with listening(stack.api, pools[1]) as sent:
        await accepted(stack, tenant_id, await quoted(stack, tenant_id, customer))
        await stack.background.drain()
    print(f"quote and order, nothing remembered: {sent.shown()}")
    assert 0 < len(sent.statements) <= FIRST_TRADE_STATEMENTS_MAX, sent.shown()


async def test_transfer_asks_the_database_no_more_than_its_bound(
    pools: list[asyncpg.Pool],
) -> None:
    stack = stack_on(pools)
    await stack.seed()
    tenant_id = await stack.tenant()
    payer, payee = [await stack.customer(tenant_id, usdt=10) for _ in range(2)]
    await stack.transfer.execute(paying(tenant_id, payer, payee))
    async with listening(stack.api) as sent:
        await stack.transfer.execute(paying(tenant_id, payer, payee))
    print(f"transfer: {sent.shown()}")
    assert 0 < len(sent.statements) <= TRANSFER_STATEMENTS_MAX, sent.shown()


async def test_first_transfer_of_a_process_is_posted_in_one_transaction_too(
    pools: list[asyncpg.Pool],
) -> None:
    """It knows neither account, and one of them is only opened by it."""
    stack = stack_on(pools)
    await stack.seed()
    tenant_id = await stack.tenant()
    payer, payee = await stack.customer(tenant_id, usdt=10), await stack.customer(tenant_id)
    stack = stack_on(pools)
    await stack.platform.tenant(tenant_id)
    await stack.platform.view()
    async with listening(stack.api) as sent:
        await stack.transfer.execute(paying(tenant_id, payer, payee))
    assert sent.framed("BEGIN") == sent.framed("COMMIT") == 1, sent.shown()
    assert 0 < len(sent.statements) <= FIRST_TRANSFER_STATEMENTS_MAX, sent.shown()


async def test_batch_asks_the_database_as_often_whatever_its_size(
    pools: list[asyncpg.Pool],
) -> None:
    """Also when some are refused, repeat an earlier one, or open their payee's account."""
    stack = stack_on(pools)
    await stack.seed()
    tenant_id = await stack.tenant()
    payer = await stack.customer(tenant_id, usdt=10_000)
    payees = [await stack.customer(tenant_id) for _ in range(BATCH_ITEMS // 10)]
    sizes = (1, 2, BATCH_ITEMS)
    counted: list[list[str]] = []
    for turn, size in enumerate(sizes):
        items = [item(payer, payees[n % len(payees)], f"{turn}-{n}") for n in range(size)]
        items += [item(payer, payer, f"{turn}-self"), item(payees[0], payer, f"{turn}-x", "9999")]
        items += [item(payer, payees[0], f"{turn - 1}-0")]
        await stack.transfer_batch.execute(paying_many(tenant_id, *items[:-1]))
        repeated = [replace(each, key=f"again-{each.key}") for each in items[:-1]] + [items[-1]]
        async with listening(stack.api) as sent:
            done = await stack.transfer_batch.execute(paying_many(tenant_id, *repeated))
        answers = done.value.batch.answers
        assert sum(each.refusal is None for each in answers) >= size
        assert sent.framed("BEGIN") == sent.framed("COMMIT") == 1, sent.shown()
        counted.append(sent.statements)
    assert counted[0] != []
    # The first has nothing to repeat yet.
    assert len(counted[1]) == len(counted[2]) <= BATCH_STATEMENTS_MAX, counted[2]


def stack_on(pools: list[asyncpg.Pool]) -> Stack:
    api, record, worker, ops = pools
    return Stack(api=api, record=record, worker=worker, ops=ops)


async def stack_with_a_trade(pools: list[asyncpg.Pool]) -> tuple[Stack, TenantId, CustomerId]:
    """Every statement of a trade is prepared on every connection."""
    stack = stack_on(pools)
    await stack.seed()
    tenant_id = await stack.tenant()
    customer = await stack.customer(tenant_id, usdt=10_000)
    await accepted(stack, tenant_id, await quoted(stack, tenant_id, customer))
    return stack, tenant_id, customer
