"""A vendor that fails over real HTTP: it is left alone, tried again carefully, and used again."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from application.errors import NoLiquidity
from domain.liquidity.breaker import PAUSE_FIRST
from domain.liquidity.health import UNKNOWNS_TO_OPEN
from domain.liquidity.standing import Standing
from domain.orders.order import OrderStatus, OutcomeFlag
from domain.quotes.quote import Quote
from domain.shared.ids import CustomerId, TenantId
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepting, quoted
from tests.integration.lp_vendor import Reconciled, open_reconciled
from tests.integration.stack import BACKUP, PRIMARY

RECOVERED_WITHIN_SECONDS = 30


class Lab:
    """A tenant who asks for quotes; the primary is a vendor over HTTP, the backup is in process."""

    def __init__(self, vendor: Reconciled, tenant_id: TenantId, customer_id: CustomerId) -> None:
        self.vendor, self.stack = vendor, vendor.stack
        self.tenant_id, self.customer_id = tenant_id, customer_id

    async def quote(self) -> Quote:
        made = await quoted(self.stack, self.tenant_id, self.customer_id)
        await self.written_down()
        return made

    async def written_down(self) -> None:
        """What was observed, probes that outlive their request included."""
        await self.stack.background.drain()
        await self.stack.standings.flush()

    async def standing(self) -> Standing:
        return (await self.stack.standings.view()).of(PRIMARY, "BTC-USDT")

    async def arm(self, fault: str, count: int) -> None:
        await self.vendor.control("POST", "faults", {"fault": fault, "count": count})

    async def disarm(self) -> None:
        await self.vendor.control("DELETE", "faults")

    async def quote_of_the_primary(self) -> Quote:
        """Quotes are asked until it gives one."""
        async with asyncio.timeout(RECOVERED_WITHIN_SECONDS):
            while (made := await self.quote()).lp != PRIMARY:
                pass
        return made

    async def executions(self) -> int:
        listed = await self.vendor.control("GET", "executions")
        found = listed["data"]
        assert isinstance(found, list)
        return len(found)


@pytest.fixture
async def lab(database_18: Database) -> AsyncIterator[Lab]:
    async with open_reconciled(database_18) as vendor:
        tenant_id = await vendor.stack.tenant()
        customer_id = await vendor.stack.customer(tenant_id, usdt=10_000_000)
        yield Lab(vendor, tenant_id, customer_id)


async def test_vendor_whose_quotes_fail_is_left_alone_until_a_probe_succeeds(lab: Lab) -> None:
    assert (await lab.quote()).lp == PRIMARY
    await lab.arm("quote_5xx", count=1_000)
    async with asyncio.timeout(RECOVERED_WITHIN_SECONDS):
        while (standing := await lab.standing()).may_quote:
            assert (await lab.quote()).lp == BACKUP
    assert (standing.may_quote, standing.may_execute) == (False, True)
    assert "quote breaker open" in standing.reasons[0]

    # It works again, and nobody knows: it is not asked before a probe is due.
    await lab.disarm()
    assert [(await lab.quote()).lp for _ in range(3)] == [BACKUP] * 3

    lab.stack.lp_clock.ahead = PAUSE_FIRST
    await lab.quote_of_the_primary()
    async with asyncio.timeout(RECOVERED_WITHIN_SECONDS):
        while not (await lab.standing()).may_quote:
            await lab.quote()
    assert (await lab.quote()).lp == PRIMARY


async def test_vendor_whose_executions_get_lost_executes_nothing_more_until_one_succeeds(
    lab: Lab,
) -> None:
    quotes = [await lab.quote() for _ in range(UNKNOWNS_TO_OPEN + 1)]
    spare = quotes.pop()
    await lab.arm("execute_timeout_after_commit", count=1_000)
    for lost in quotes:
        assert (await lab.standing()).may_execute
        order = (await lab.stack.accept_quote.execute(accepting(lab.tenant_id, lost))).value
        assert (order.status, order.outcome) == (OrderStatus.PENDING, OutcomeFlag.UNKNOWN)
        await lab.written_down()
    assert "unknown outcomes" in (await lab.standing()).reasons[0]

    # Nothing is reserved for what may not be executed, and nothing reaches the vendor.
    before = await lab.stack.balances(lab.tenant_id, lab.customer_id)
    with pytest.raises(NoLiquidity):
        await lab.stack.accept_quote.execute(accepting(lab.tenant_id, spare))
    assert await lab.stack.balances(lab.tenant_id, lab.customer_id) == before
    assert await lab.executions() == UNKNOWNS_TO_OPEN
    assert (await lab.quote()).lp == BACKUP

    await lab.disarm()
    lab.stack.lp_clock.ahead = PAUSE_FIRST
    probe = await lab.quote_of_the_primary()
    order = (await lab.stack.accept_quote.execute(accepting(lab.tenant_id, probe))).value
    assert order.status is OrderStatus.FILLED
    await lab.written_down()
    assert (await lab.standing()).may_quote
    assert (await lab.quote()).lp == PRIMARY
