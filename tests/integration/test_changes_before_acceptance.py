"""What changed between a quote and its acceptance: nothing begins that may not begin any more."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from adapters.memory.liquidity_faults import Armed, Fault
from adapters.postgres.lp_desk import PostgresLpDesk
from adapters.postgres.platform import AGE_MAX_NS
from application.customers.update_customer import UpdateCustomer, UpdateCustomerCommand
from application.errors import CustomerSuspended, NoLiquidity
from application.orders.accept_quote import POLL_EVERY, POLLS_MAX
from application.ports.lp_desk import Decision
from application.ports.parties import CustomerStatus
from domain.liquidity.outcome import LpExecute
from domain.liquidity.standing import LpState
from domain.orders.order import OrderStatus
from domain.quotes.limits import InstrumentHalted
from domain.quotes.quote import Quote
from domain.shared.ids import CustomerId, TenantId
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepted, accepting, quoted
from tests.integration.direct import connected
from tests.integration.stack import BACKUP, PRIMARY, Stack, open_stack

USDT = 1_000_000
UNTOUCHED = (USDT * 10**8, 0)


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database) as opened:
        yield opened


async def a_quote(stack: Stack) -> tuple[TenantId, CustomerId, Quote]:
    tenant_id = await stack.tenant()
    customer_id = await stack.customer(tenant_id, usdt=USDT)
    return tenant_id, customer_id, await quoted(stack, tenant_id, customer_id)


async def set_status(
    stack: Stack, tenant_id: TenantId, customer_id: CustomerId, status: CustomerStatus
) -> None:
    await UpdateCustomer(uow=stack.uow, clock=stack.clock, ids=stack.ids).execute(
        UpdateCustomerCommand(tenant_id=tenant_id, customer_id=customer_id, status=status)
    )


async def set_lp(stack: Stack, state: LpState) -> None:
    decision = Decision(by="test", reason="test", at=stack.clock.now())
    await PostgresLpDesk(stack.ops).set_state(PRIMARY, state, decision)
    await until_seen()


async def set_instrument(stack: Stack, status: str) -> None:
    async with connected(stack.admin_url) as admin:
        await admin.execute("UPDATE aksum.instruments SET status = $1", status)
    await until_seen()


async def until_seen() -> None:
    await asyncio.sleep(AGE_MAX_NS / 10**9)


def sent(stack: Stack) -> list[LpExecute]:
    return [each for each in stack.lps[PRIMARY].requests if isinstance(each, LpExecute)]


async def assert_nothing_happened(
    stack: Stack, tenant_id: TenantId, customer_id: CustomerId, quote: Quote
) -> None:
    assert sent(stack) == []
    assert (await stack.balances(tenant_id, customer_id))["USDT"] == UNTOUCHED
    async with stack.uow.begin(tenant_id) as tx:
        assert (await tx.quotes.get(quote.id)).quote == quote


async def test_customer_suspended_since_the_quote_trades_no_more(stack: Stack) -> None:
    tenant_id, customer_id, quote = await a_quote(stack)
    await set_status(stack, tenant_id, customer_id, CustomerStatus.SUSPENDED)
    command = accepting(tenant_id, quote)
    with pytest.raises(CustomerSuspended):
        await stack.accept_quote.execute(command)
    await assert_nothing_happened(stack, tenant_id, customer_id, quote)
    await set_status(stack, tenant_id, customer_id, CustomerStatus.ACTIVE)
    assert (await stack.accept_quote.execute(command)).value.status is OrderStatus.FILLED


async def test_lp_halted_since_the_quote_is_sent_nothing_new(stack: Stack) -> None:
    tenant_id, customer_id, quote = await a_quote(stack)
    await set_lp(stack, LpState.HALTED)
    command = accepting(tenant_id, quote)
    with pytest.raises(NoLiquidity):
        await stack.accept_quote.execute(command)
    await assert_nothing_happened(stack, tenant_id, customer_id, quote)
    await set_lp(stack, LpState.ACTIVE)
    assert (await stack.accept_quote.execute(command)).value.status is OrderStatus.FILLED


async def test_quote_of_an_lp_reduced_since_is_carried_out_and_no_new_one_given(
    stack: Stack,
) -> None:
    tenant_id, customer_id, quote = await a_quote(stack)
    await set_lp(stack, LpState.REDUCING)
    order = (await stack.accept_quote.execute(accepting(tenant_id, quote))).value
    assert order.status is OrderStatus.FILLED
    assert len(sent(stack)) == 1
    assert (await quoted(stack, tenant_id, customer_id)).lp == BACKUP


async def test_instrument_halted_since_the_quote_trades_no_more(stack: Stack) -> None:
    tenant_id, customer_id, quote = await a_quote(stack)
    await set_instrument(stack, "halted")
    with pytest.raises(InstrumentHalted):
        await stack.accept_quote.execute(accepting(tenant_id, quote))
    await assert_nothing_happened(stack, tenant_id, customer_id, quote)


async def test_order_of_an_lp_halted_later_is_replayed_all_the_same(stack: Stack) -> None:
    tenant_id, _, quote = await a_quote(stack)
    command = accepting(tenant_id, quote, key="one")
    order = (await stack.accept_quote.execute(command)).value
    await set_lp(stack, LpState.HALTED)
    again = await stack.accept_quote.execute(command)
    assert (again.value, again.replayed) == (order, True)


class Slow:
    """The clock of a process that was suspended once it had accepted the quote."""

    def __init__(self, stack: Stack, by: timedelta) -> None:
        self._clock, self._by, self._asked = stack.clock, by, 0

    def now(self) -> datetime:
        self._asked += 1
        return self._clock.now() + (timedelta(0) if self._asked == 1 else self._by)


async def test_quote_that_has_expired_at_its_lp_is_not_sent(stack: Stack) -> None:
    """Within the time to send, but some LPs would execute it, at the market."""
    tenant_id, customer_id, quote = await a_quote(stack)
    left = quote.lp_expires_at - stack.clock.now()
    async with connected(stack.admin_url) as admin:
        await admin.execute(
            "UPDATE aksum.quotes SET lp_expires_at = lp_expires_at - $2::interval WHERE id = $1",
            quote.id,
            left - timedelta(seconds=1),
        )
    stack.accept_quote._clock = Slow(stack, timedelta(seconds=2))
    stack.lps[BACKUP].arm(Armed(fault=Fault.QUOTE_5XX))
    order = await accepted(stack, tenant_id, quote)
    assert (order.status, order.reject_reason) == (OrderStatus.REJECTED, "deadline_passed")
    assert sent(stack) == []
    assert (await stack.balances(tenant_id, customer_id))["USDT"] == UNTOUCHED


async def test_order_pending_after_the_request_is_looked_at_soon(stack: Stack) -> None:
    tenant_id, _, quote = await a_quote(stack)
    stack.lps[PRIMARY].arm(Armed(fault=Fault.EXECUTE_ASYNC_PENDING, lookups=POLLS_MAX + 3))
    order = await accepted(stack, tenant_id, quote)
    assert order.status is OrderStatus.PENDING
    await stack.background.drain()
    await asyncio.sleep(2 * POLL_EVERY.total_seconds())
    async with stack.uow.begin(tenant_id) as tx:
        detail = await tx.orders.detail(order.id)
    assert detail.attempt is not None
    assert detail.attempt.looks == 0
    assert replace(detail.order, updated_at=order.updated_at, version=order.version) == order
