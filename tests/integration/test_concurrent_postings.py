"""Many connections move money among few accounts: nothing is lost, made, or taken twice.

Nothing here retries, so a deadlock would reach the caller as an error and fail the test.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from asyncpg import Connection

from application.errors import InsufficientFunds
from application.idempotency import Answer
from application.ports.movements import Transfer
from domain.ledger.account import customer_owner
from domain.orders.order import Order, OrderStatus
from domain.shared.side import Side
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepted, paying, quoted
from tests.integration.direct import connected, undone
from tests.integration.stack import Stack, open_stack

WRITERS = 8
TRANSFERS_EACH = 12
CUSTOMERS = 3
START_USDT = 100
BATCHES = 4
SEED = 20_261_122

# Each strict account's entries in order: number, running balance, and the time it was booked.
RUNNING = """
SELECT count(*) AS entries,
  count(*) FILTER (WHERE balance_after < floor_units) AS below_floor,
  count(*) FILTER (WHERE account_seq <> place) AS misnumbered,
  count(*) FILTER (WHERE balance_after <> running) AS miscounted,
  count(*) FILTER (WHERE booked_at < earlier) AS back_in_time
FROM (
  SELECT e.*, a.floor_units, row_number() OVER w AS place,
    sum(e.units) OVER w AS running, lag(e.booked_at) OVER w AS earlier
  FROM aksum.ledger_entries e
  JOIN aksum.ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
  WHERE a.floor_units IS NOT NULL
  WINDOW w AS (PARTITION BY e.tenant_id, e.account_id ORDER BY e.account_seq)) numbered
"""
IMBALANCE = """
SELECT count(*) FROM (
  SELECT FROM aksum.ledger_entries GROUP BY tenant_id, asset HAVING sum(units) <> 0) unbalanced
"""
POSTED_ONCE = """
SELECT t.id FROM aksum.transfers t JOIN aksum.ledger_transactions l
  ON l.tenant_id = t.tenant_id AND l.id = t.transaction_id
JOIN aksum.ledger_entries e ON e.tenant_id = l.tenant_id AND e.transaction_id = l.id
GROUP BY t.id, t.units HAVING count(*) = 2 AND max(e.units) = t.units AND sum(e.units) = 0
"""


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database) as opened:
        yield opened


@pytest.fixture
async def admin(database: Database) -> AsyncIterator[Connection]:
    async with connected(database.admin_url) as connection:
        yield connection


async def assert_ledger_is_whole(stack: Stack, admin: Connection) -> None:
    running = dict(await admin.fetchrow(RUNNING))
    assert running.pop("entries") > 0
    assert running == dict.fromkeys(running, 0)
    assert await admin.fetchval(IMBALANCE) == 0
    while await stack.mirror_all():
        pass
    verification = await stack.verified()
    assert verification.findings == ()
    assert verification.open_mirrors == 0


async def test_writers_on_few_accounts_lose_nothing_and_go_below_no_floor(
    stack: Stack, admin: Connection
) -> None:
    tenant_id = await stack.tenant()
    customers = [await stack.customer(tenant_id, usdt=START_USDT) for _ in range(CUSTOMERS)]

    async def write(seed: int) -> list[Answer[Transfer] | InsufficientFunds]:
        chosen = random.Random(seed)  # each writer its own, so that a failure can be repeated
        answers: list[Answer[Transfer] | InsufficientFunds] = []
        for _ in range(TRANSFERS_EACH):
            payer, payee = chosen.sample(customers, 2)
            units = chosen.randrange(1, START_USDT * 10**8)
            try:
                answers.append(await stack.transfer.execute(paying(tenant_id, payer, payee, units)))
            except InsufficientFunds as refusal:
                answers.append(refusal)
        return answers

    written = await asyncio.gather(*(write(SEED + number) for number in range(WRITERS)))

    answers = [answer for each in written for answer in each]
    acknowledged = {answer.value.id for answer in answers if isinstance(answer, Answer)}
    assert len(answers) == WRITERS * TRANSFERS_EACH
    assert len(acknowledged) == sum(isinstance(answer, Answer) for answer in answers)
    assert 0 < len(acknowledged) < len(answers)
    assert {row["id"] for row in await admin.fetch(POSTED_ONCE)} == acknowledged
    assert await admin.fetchval("SELECT count(*) FROM aksum.transfers") == len(acknowledged)
    balances = [await stack.balances(tenant_id, customer) for customer in customers]
    assert sum(posted for each in balances for posted, _ in each.values()) == (
        CUSTOMERS * START_USDT * 10**8
    )
    await assert_ledger_is_whole(stack, admin)


async def test_two_who_pay_each_other_all_they_have_meet_in_no_deadlock(
    stack: Stack, admin: Connection
) -> None:
    tenant_id = await stack.tenant()
    one, other = [await stack.customer(tenant_id, usdt=START_USDT) for _ in range(2)]
    all_of_it = START_USDT * 10**8
    outcomes = await asyncio.gather(
        *(
            stack.transfer.execute(paying(tenant_id, payer, payee, all_of_it))
            for payer, payee in [(one, other), (other, one)] * 12
        ),
        return_exceptions=True,
    )
    refused = Counter(type(each) for each in outcomes if isinstance(each, BaseException))
    assert set(refused) <= {InsufficientFunds}
    await assert_ledger_is_whole(stack, admin)


async def test_customer_who_buys_and_sells_at_once_meets_no_deadlock(
    stack: Stack, admin: Connection
) -> None:
    """A buy pays from one account and is paid into the other; a sale the other way round."""
    tenant_id = await stack.tenant()
    customer = await stack.customer(tenant_id, usdt=1_000_000, btc=10)
    other = await stack.customer(tenant_id, usdt=10, btc=10)
    quotes = [
        await quoted(stack, tenant_id, customer, side) for _ in range(BATCHES * 2) for side in Side
    ]
    work: list[Coroutine[Any, Any, object]] = [accepted(stack, tenant_id, each) for each in quotes]
    work += [
        stack.transfer.execute(paying(tenant_id, payer, payee, 10**8))
        for payer, payee in [(customer, other), (other, customer)] * BATCHES
    ]
    outcomes = await asyncio.gather(*work)
    orders = [each for each in outcomes if isinstance(each, Order)]
    assert [order.status for order in orders] == [OrderStatus.FILLED] * len(quotes)
    await assert_ledger_is_whole(stack, admin)


async def test_more_orders_than_funds_hold_what_there_is_and_no_more(
    stack: Stack, admin: Connection
) -> None:
    tenant_id = await stack.tenant()
    customer = await stack.customer(tenant_id, usdt=1_200)  # two of the orders, and a bit
    quotes = [await quoted(stack, tenant_id, customer) for _ in range(8)]
    outcomes = await asyncio.gather(
        *(accepted(stack, tenant_id, quote) for quote in quotes), return_exceptions=True
    )
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert {type(each) for each in refused} == {InsufficientFunds}
    assert len(outcomes) - len(refused) == 1_200 * 10**8 // quotes[0].quote_units
    await assert_ledger_is_whole(stack, admin)


async def test_customers_never_wait_for_each_other_on_the_houses_accounts(
    stack: Stack, admin: Connection
) -> None:
    """One's posting to clearing and revenue is not committed yet; the other's goes through."""
    tenant_id = await stack.tenant()
    slow, quick = [await stack.customer(tenant_id, usdt=10_000) for _ in range(2)]
    for customer in (slow, quick):
        await accepted(stack, tenant_id, await quoted(stack, tenant_id, customer))
    async with stack.api.acquire() as connection, undone(connection, tenant_id):
        # As a posting in the middle of its transaction: the customer's accounts are locked, and
        # entries were made on those that all share.
        locked = await connection.fetch(
            "SELECT FROM ledger_balances b JOIN ledger_accounts a ON a.id = b.account_id "
            "WHERE a.owner = $1 FOR NO KEY UPDATE OF b",
            customer_owner(slow),
        )
        made = await connection.execute(
            "INSERT INTO ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units,"
            " booked_at) SELECT tenant_id, transaction_id, leg + 50, account_id, asset, units, "
            "booked_at FROM ledger_entries"
        )
        order = await accepted(stack, tenant_id, await quoted(stack, tenant_id, quick))
    assert len(locked) == 2
    assert made != "INSERT 0 0"
    assert order.status is OrderStatus.FILLED
    await assert_ledger_is_whole(stack, admin)
