"""A definitive refusal is followed by one attempt at the backup; anything else is not."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from adapters.memory.liquidity_faults import Armed, Fault
from application.ports.reconciliation import Execution
from application.ports.trading import OrderDetail
from domain.ledger.account import AccountKey
from domain.ledger.chart import AccountCode
from domain.liquidity.outcome import LpExecute
from domain.liquidity.quote import LpQuoteRequest
from domain.liquidity.resolution import AttemptStatus
from domain.orders.order import Order, OrderStatus, OutcomeFlag
from domain.quotes.quote import Quote
from domain.shared.ids import CustomerId, TenantId
from domain.shared.money import AssetCode
from domain.shared.price import parse_price
from domain.shared.side import Side
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepted, accepting, quoted
from tests.integration.direct import connected
from tests.integration.stack import BACKUP, PRIMARY, Stack, open_stack

USDT, BTC = 1_000_000, 10


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database) as opened:
        yield opened


class Trade:
    def __init__(
        self, stack: Stack, tenant_id: TenantId, customer_id: CustomerId, quote: Quote
    ) -> None:
        self.stack, self.tenant_id, self.customer_id = stack, tenant_id, customer_id
        self.quote = quote

    async def accepted(self) -> Order:
        return await accepted(self.stack, self.tenant_id, self.quote)

    async def detail(self, order: Order) -> OrderDetail:
        async with self.stack.uow.begin(self.tenant_id) as tx:
            return await tx.orders.detail(order.id)

    async def held(self) -> int:
        balances = await self.stack.balances(self.tenant_id, self.customer_id)
        return sum(held for _, held in balances.values())


async def a_trade(stack: Stack, side: Side = Side.BUY) -> Trade:
    tenant_id = await stack.tenant()
    customer_id = await stack.customer(tenant_id, usdt=USDT, btc=BTC)
    return Trade(stack, tenant_id, customer_id, await quoted(stack, tenant_id, customer_id, side))


def refuse(stack: Stack, fault: Fault = Fault.LAST_LOOK_REJECT) -> None:
    stack.lps[PRIMARY].arm(Armed(fault=fault))


def asked(stack: Stack) -> list[type[object]]:
    return [type(each) for each in stack.lps[BACKUP].requests]


async def pnl(stack: Stack) -> dict[str, int]:
    keys = [AccountKey(AccountCode.TRADING_PNL, AssetCode(code)) for code in ("BTC", "USDT")]
    async with stack.ops_uow.begin(HOUSE_TENANT_ID) as tx:
        accounts = await tx.accounts.resolve(keys)
        views = [await tx.accounts.get(accounts[key]) for key in keys]
        await tx.commit()
    return {view.account.asset: view.posted for view in views}


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("fault", [Fault.LAST_LOOK_REJECT, Fault.EXECUTE_NOT_SENT, Fault.EXPIRED])
async def test_refused_order_is_filled_at_the_backup_as_quoted(
    stack: Stack, side: Side, fault: Fault
) -> None:
    trade = await a_trade(stack, side)
    # A quarter of the platform's spread worse: less than the house has.
    worse = {Side.BUY: "50025", Side.SELL: "49975"}[side]
    stack.lps[BACKUP].set_price("BTC-USDT", parse_price(worse))
    refuse(stack, fault)

    order = await trade.accepted()

    assert order.status is OrderStatus.FILLED
    assert (order.base_units, order.quote_units) == (
        trade.quote.base_units,
        trade.quote.quote_units,
    )
    detail = await trade.detail(order)
    assert detail.attempt is not None
    (first,) = detail.earlier
    second = detail.attempt
    assert (first.lp, first.number, first.status) == (PRIMARY, 1, AttemptStatus.REJECTED)
    assert (second.lp, second.number, second.status) == (BACKUP, 2, AttemptStatus.FILLED)
    assert first.client_ref != second.client_ref
    assert (second.reported_base_units, second.reported_quote_units) == (
        second.lp_base_units,
        second.lp_quote_units,
    )
    assert await trade.held() == 0
    assert len(stack.lps[PRIMARY].executions) == 0
    assert len(stack.lps[BACKUP].executions) == 1

    await stack.mirror_all()
    lost = abs(second.lp_quote_units - trade.quote.lp_quote_units)
    assert lost > 0
    assert await pnl(stack) == {"BTC": 0, "USDT": -lost}
    assert (await stack.verified(full=True)).findings == ()


async def test_order_refused_by_both_is_rejected_and_the_hold_given_back(stack: Stack) -> None:
    trade = await a_trade(stack)
    refuse(stack)
    stack.lps[BACKUP].arm(Armed(fault=Fault.LAST_LOOK_REJECT))
    order = await trade.accepted()
    assert order.status is OrderStatus.REJECTED
    assert asked(stack) == [LpQuoteRequest, LpExecute]
    assert await trade.held() == 0
    detail = await trade.detail(order)
    assert [each.status for each in detail.earlier] == [AttemptStatus.REJECTED]
    assert detail.attempt is not None
    assert detail.attempt.number == 2


@pytest.mark.parametrize(
    "fault",
    [Fault.EXECUTE_TIMEOUT_BEFORE_COMMIT, Fault.EXECUTE_TIMEOUT_AFTER_COMMIT, Fault.UNKNOWN_ENUM],
)
async def test_backup_hears_nothing_while_the_outcome_is_unknown(
    stack: Stack, fault: Fault
) -> None:
    trade = await a_trade(stack)
    refuse(stack, fault)
    stack.lps[PRIMARY].arm(Armed(fault=Fault.LOOKUP_404_FOREVER, remaining=None))
    order = await trade.accepted()
    assert (order.status, order.outcome) == (OrderStatus.PENDING, OutcomeFlag.UNKNOWN)
    for _ in range(3):
        await stack.make_due(order.id, trade.tenant_id)
        await stack.resolve_all()
    assert asked(stack) == []
    assert await trade.held() == trade.quote.pay.units


async def test_offer_beyond_the_accepted_price_is_not_taken(stack: Stack) -> None:
    trade = await a_trade(stack)
    stack.lps[BACKUP].set_price("BTC-USDT", parse_price("50200"))
    refuse(stack)
    order = await trade.accepted()
    assert order.status is OrderStatus.REJECTED
    assert asked(stack) == [LpQuoteRequest]
    assert await trade.held() == 0


async def test_second_attempt_that_is_unknown_stays_with_the_backup(stack: Stack) -> None:
    trade = await a_trade(stack)
    refuse(stack)
    stack.lps[BACKUP].arm(Armed(fault=Fault.EXECUTE_TIMEOUT_AFTER_COMMIT))
    order = await trade.accepted()
    assert (order.status, order.outcome) == (OrderStatus.PENDING, OutcomeFlag.UNKNOWN)
    async with stack.uow.begin(trade.tenant_id) as tx:
        (open_one,) = await tx.execution_trail.unfinished(BACKUP)
        assert await tx.execution_trail.unfinished(PRIMARY) == ()
    assert isinstance(open_one, Execution)
    await stack.make_due(order.id, trade.tenant_id)
    assert await stack.resolve_all() == [True]
    async with stack.uow.begin(trade.tenant_id) as tx:
        found = await tx.orders.get(order.id)
    assert found.status is OrderStatus.FILLED
    assert len(stack.lps[BACKUP].executions) == 1
    assert await trade.held() == 0


async def test_database_refuses_a_second_open_attempt(stack: Stack) -> None:
    trade = await a_trade(stack)
    refuse(stack, Fault.EXECUTE_TIMEOUT_BEFORE_COMMIT)
    order = await trade.accepted()
    async with connected(stack.admin_url) as admin:
        with pytest.raises(asyncpg.UniqueViolationError, match="lp_attempts_open"):
            await admin.execute(
                "INSERT INTO aksum.lp_attempts SELECT tenant_id, order_id, 2, 'backup', "
                "lp_quote_id, client_ref, 'sending', lp_expires_at, deadline, NULL, NULL, NULL, "
                "0, NULL, NULL, 1, created_at, updated_at, lp_base_units, lp_quote_units "
                "FROM aksum.lp_attempts WHERE order_id = $1",
                order.id,
            )


async def test_amounts_other_than_quoted_make_an_incident_and_are_trading_pnl(
    stack: Stack,
) -> None:
    trade = await a_trade(stack)
    stack.lps[PRIMARY].arm(Armed(fault=Fault.AMOUNTS_DIFFER_FROM_QUOTE))
    order = await trade.accepted()
    assert order.status is OrderStatus.FILLED
    assert order.quote_units == trade.quote.quote_units
    async with stack.uow.begin(trade.tenant_id) as tx:
        (incident,) = await tx.incidents.page(is_open=True, limit=10)
    assert (incident.order_id, incident.attempt, incident.lp) == (order.id, 1, PRIMARY)
    assert incident.quoted == (trade.quote.lp_base_units, trade.quote.lp_quote_units)
    reported = incident.reported
    assert reported is not None
    assert reported != incident.quoted
    await stack.mirror_all()
    assert await pnl(stack) == {
        "BTC": reported.base_units - incident.quoted.base_units,
        "USDT": incident.quoted.quote_units - reported.quote_units,
    }
    assert (await stack.verified(full=True)).findings == ()


async def test_refusal_is_on_record_when_trying_the_backup_fails(stack: Stack) -> None:
    trade = await a_trade(stack)
    refuse(stack)
    # What is refused at its insertion, as any statement may be.
    async with connected(stack.admin_url) as admin:
        await admin.execute(
            "ALTER TABLE aksum.lp_attempts ADD CONSTRAINT one CHECK (attempt = 1) NOT VALID"
        )
    order = await trade.accepted()
    assert order.status is OrderStatus.REJECTED
    assert asked(stack) == [LpQuoteRequest]
    assert await trade.held() == 0
    detail = await trade.detail(order)
    assert detail.earlier == ()
    assert detail.attempt is not None
    assert (detail.attempt.lp, detail.attempt.status) == (PRIMARY, AttemptStatus.REJECTED)


async def test_replay_of_a_repriced_order_answers_the_same_order(stack: Stack) -> None:
    trade = await a_trade(stack)
    refuse(stack)
    command = accepting(trade.tenant_id, trade.quote)
    first = await stack.accept_quote.execute(command)
    again = await stack.accept_quote.execute(command)
    assert again.replayed
    assert again.value.id == first.value.id
    assert len(stack.lps[BACKUP].executions) == 1
