"""Closing an account beside trades, payments and deposits that are on their way to it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from asyncpg import Connection

from adapters.memory.liquidity_faults import Armed, Fault
from application.ports.ledger import AccountView
from application.ports.trading import Reservation
from domain.ledger.account import AccountStatus
from domain.ledger.account_terms import AccountAwaited, AccountClosed, AccountNotEmpty
from domain.orders.announcements import order_reserved
from domain.quotes.quote import Quote
from domain.shared.ids import AccountId, CustomerId, EventId, OrderId, TenantId
from domain.shared.side import Side
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepted, accepting, item, paying, paying_many, quoted
from tests.integration.direct import connected
from tests.integration.stack import PRIMARY, Stack, depositing, open_stack, request

ROUNDS = 12
LOOKS_MAX = 2_000
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database) as opened:
        yield opened


@pytest.fixture
async def observer(database: Database) -> AsyncIterator[Connection]:
    async with connected(database.admin_url) as connection:
        yield connection


async def test_quote_is_refused_once_the_receiving_account_is_closed(stack: Stack) -> None:
    tenant_id = await stack.tenant()
    customer_id = await stack.customer(tenant_id, usdt=1_000)
    quote = await quoted(stack, tenant_id, customer_id)
    await close(stack, tenant_id, (await account(stack, tenant_id, customer_id, "BTC")))
    for _ in range(2):
        with pytest.raises(AccountClosed):
            await stack.accept_quote.execute(accepting(tenant_id, quote, key="one"))
    assert await stack.balances(tenant_id, customer_id) == {
        "BTC": (0, 0),
        "USDT": (1_000 * 10**8, 0),
    }
    assert stack.lps[PRIMARY].executions == ()


async def test_executed_trade_finds_its_account_however_late_it_is_known(stack: Stack) -> None:
    tenant_id = await stack.tenant()
    customer_id = await stack.customer(tenant_id, usdt=1_000)
    quote = await quoted(stack, tenant_id, customer_id)
    stack.lps[PRIMARY].arm(Armed(fault=Fault.EXECUTE_TIMEOUT_AFTER_COMMIT))
    order = await accepted(stack, tenant_id, quote)
    receiving = await account(stack, tenant_id, customer_id, "BTC")
    with pytest.raises(AccountAwaited):
        await close(stack, tenant_id, receiving)
    await stack.make_due(order.id, tenant_id)
    assert await stack.resolve_all() == [True]
    assert (await stack.balances(tenant_id, customer_id))["BTC"] == (quote.base_units, 0)
    while await stack.mirror_all():
        pass
    assert (await stack.verified()).findings == ()


async def test_closing_waits_for_an_order_that_is_being_opened_and_then_refuses(
    stack: Stack, observer: Connection
) -> None:
    tenant_id = await stack.tenant()
    customer_id = await stack.customer(tenant_id, usdt=1_000)
    quote = await quoted(stack, tenant_id, customer_id)
    receiving = await account(stack, tenant_id, customer_id, "BTC")
    async with stack.uow.begin(tenant_id) as tx:
        assert await tx.trading.reserve(
            stack.accept_quote._reservation(accepting(tenant_id, quote))
        )
        closing = asyncio.ensure_future(close(stack, tenant_id, receiving))
        await until_waiting(observer)
        await tx.commit()
    with pytest.raises(AccountAwaited):
        await closing


async def test_order_waits_for_an_account_that_is_being_closed_and_is_refused(
    stack: Stack, observer: Connection
) -> None:
    tenant_id = await stack.tenant()
    customer_id = await stack.customer(tenant_id, usdt=1_000)
    quote = await quoted(stack, tenant_id, customer_id)
    receiving = await account(stack, tenant_id, customer_id, "BTC")
    async with stack.ops_uow.begin(tenant_id) as tx:
        await tx.accounts.close(receiving)
        accepting_it = asyncio.ensure_future(accepted(stack, tenant_id, quote))
        await until_waiting(observer)
        await tx.commit()
    with pytest.raises(AccountClosed):
        await accepting_it
    assert stack.lps[PRIMARY].executions == ()


@pytest.mark.parametrize("side", list(Side))
async def test_race_of_orders_and_closings_loses_no_executed_trade(
    stack: Stack, side: Side
) -> None:
    """The account that would receive is empty, so nothing but the order is in the way."""
    tenant_id = await stack.tenant()
    funds = {"usdt": 1_000} if side is Side.BUY else {"btc": 1}
    customers = [await stack.customer(tenant_id, **funds) for _ in range(ROUNDS)]
    quotes = [await quoted(stack, tenant_id, each, side) for each in customers]
    receiving = [
        await account(stack, tenant_id, each, "BTC" if side is Side.BUY else "USDT")
        for each in customers
    ]
    for _ in range(ROUNDS // 2):
        stack.lps[PRIMARY].arm(Armed(fault=Fault.EXECUTE_TIMEOUT_AFTER_COMMIT))
    steps = [
        step
        for quote, each in zip(quotes, receiving, strict=True)
        for step in (accepted(stack, tenant_id, quote), close(stack, tenant_id, each))
    ]
    done = await asyncio.gather(*steps, return_exceptions=True)
    assert {type(each) for each in done if isinstance(each, BaseException)} <= {
        AccountClosed,
        AccountAwaited,
        AccountNotEmpty,
    }
    for order in [each for each in done[::2] if not isinstance(each, BaseException)]:
        assert order is not None
        await stack.make_due(order.id, tenant_id)
    await stack.resolve_all()
    while await stack.mirror_all():
        pass
    filled = 0
    for quote, each in zip(quotes, receiving, strict=True):
        view = await seen(stack, tenant_id, each)
        closed = view.account.status is AccountStatus.CLOSED
        assert view.posted == (0 if closed else quote.receive.units)
        filled += not closed
    assert len(stack.lps[PRIMARY].executions) == filled
    assert (await stack.verified()).findings == ()


async def test_payments_and_deposits_are_refused_for_a_closed_account(stack: Stack) -> None:
    tenant_id = await stack.tenant()
    payer = await stack.customer(tenant_id, usdt=10)
    payee = await stack.customer(tenant_id, usdt=1)
    await stack.transfer.execute(paying(tenant_id, payee, payer))
    await close(stack, tenant_id, await account(stack, tenant_id, payee, "USDT"))
    for one, other in ((payer, payee), (payee, payer)):
        with pytest.raises(AccountClosed):
            await stack.transfer.execute(paying(tenant_id, one, other))
    with pytest.raises(AccountClosed):
        await stack.deposit.execute(depositing(tenant_id, payee, "USDT", 1))
    third = await stack.customer(tenant_id)
    items = (item(payer, payee, "a"), item(payer, third, "b"))
    apart = (await stack.transfer_batch.execute(paying_many(tenant_id, *items))).value.batch
    assert [each.refusal and each.refusal.code for each in apart.answers] == [
        "account_closed",
        None,
    ]
    again = (await stack.transfer_batch.execute(paying_many(tenant_id, *items))).value.batch
    assert [each.replayed for each in again.answers] == [True, True]
    items = (item(payer, third, "c"), item(payer, payee, "d"))
    whole = paying_many(tenant_id, *items, atomic=True)
    linked = (await stack.transfer_batch.execute(whole)).value.batch
    assert [each.refusal and each.refusal.code for each in linked.answers] == [
        "linked_failed",
        "account_closed",
    ]
    assert (await stack.balances(tenant_id, payer))["USDT"] == (10 * 10**8, 0)


def reservation(stack: Stack, quote: Quote) -> Reservation:
    now = stack.clock.now()
    order_id = OrderId(stack.ids.new())
    return Reservation(
        request=request(),
        quote_id=quote.id,
        order_id=order_id,
        client_order_id=None,
        client_ref="ref",
        deadline=now + timedelta(seconds=5),
        lease=timedelta(seconds=30),
        at=now,
        announcement=order_reserved(
            EventId(stack.ids.new()),
            order_id=order_id,
            quote_id=quote.id,
            client_order_id=None,
            at=now,
        ),
    )


async def account(stack: Stack, tenant_id: TenantId, of: CustomerId, asset: str) -> AccountId:
    async with stack.uow.begin(tenant_id) as tx:
        views = await tx.accounts.of_customer(of)
    return next(each.account.id for each in views if each.account.asset == asset)


async def seen(stack: Stack, tenant_id: TenantId, account_id: AccountId) -> AccountView:
    async with stack.uow.begin(tenant_id) as tx:
        return await tx.accounts.get(account_id)


async def close(stack: Stack, tenant_id: TenantId, account_id: AccountId) -> None:
    async with stack.ops_uow.begin(tenant_id) as tx:
        await tx.accounts.close(account_id)
        await tx.commit()


async def until_waiting(observer: Connection) -> None:
    for _ in range(LOOKS_MAX):
        if await observer.fetchval(WAITING):
            return
    raise AssertionError("nobody waits")
