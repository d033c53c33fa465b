"""What is told of an LP by executing and by looking up, and what is not."""

from datetime import timedelta
from typing import Final

import pytest
from msgspec.structs import replace

from adapters.memory.clock import ManualClock
from adapters.memory.liquidity import MemoryLiquidityProvider
from adapters.memory.liquidity_faults import Armed, Fault
from adapters.memory.standings import MemoryStandings
from adapters.memory.store import Store
from adapters.system.ids import SystemIds
from application.liquidity.observed_provider import ObservedProvider
from domain.liquidity.health import MICRO, Tally
from domain.liquidity.observation import Operation
from domain.liquidity.outcome import ExecutionKey, Filled, LpExecute, Outcome, Unknown
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRequest
from domain.shared.ids import OrderId
from domain.shared.price import parse_price
from domain.shared.side import FixedSide, Side
from tests.unit.domain.builders import instrument_of

LP: Final = LpName("lp_a")
BTC_USDT: Final = instrument_of()


class Lab:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = Store(clock=self.clock, ids=SystemIds())
        self.lp = MemoryLiquidityProvider(
            LP, clock=self.clock, prices={"BTC-USDT": parse_price("60000")}
        )
        standings = MemoryStandings(self.store)
        self.observed = ObservedProvider(self.lp, standings, self.clock)

    async def request(self) -> LpExecute:
        quote = await self.observed.request_quote(
            LpQuoteRequest(
                instrument=BTC_USDT, side=Side.BUY, fixed=FixedSide.BASE, units=50_000_000
            )
        )
        assert isinstance(quote, LpQuote)
        return LpExecute(
            order_id=OrderId(SystemIds().new()),
            lp_quote_id=quote.lp_quote_id,
            client_ref="ref",
            instrument=BTC_USDT,
            side=quote.side,
            base_units=quote.base_units,
            quote_units=quote.quote_units,
            lp_expires_at=quote.expires_at,
            deadline=self.clock.now() + timedelta(seconds=5),
        )

    def tally(self, operation: Operation) -> Tally | None:
        row = self.store.lp_health.get((LP, "BTC-USDT", operation))
        return None if row is None else row.tally


@pytest.fixture
def lab() -> Lab:
    return Lab()


async def lost(lab: Lab, request: LpExecute) -> Outcome:
    lab.lp.arm(Armed(fault=Fault.EXECUTE_TIMEOUT_AFTER_COMMIT))
    outcome = await lab.observed.execute_quote(request)
    assert isinstance(outcome, Unknown)
    return outcome


async def test_executions_and_lookups_are_told_and_quotes_are_not(lab: Lab) -> None:
    request = await lab.request()
    sent_at = lab.clock.now()
    await lost(lab, request)
    lab.clock.advance(timedelta(seconds=7))
    seen = await lab.observed.get_execution(
        ExecutionKey(
            lp_quote_id=request.lp_quote_id,
            client_ref=request.client_ref,
            sent_at=sent_at,
            lp_expires_at=request.lp_expires_at,
            instrument=BTC_USDT,
            side=request.side,
        )
    )
    assert isinstance(seen, Filled)
    assert lab.tally(Operation.QUOTE) is None
    executed, looked_up = lab.tally(Operation.EXECUTE), lab.tally(Operation.LOOKUP)
    assert executed is not None
    assert looked_up is not None
    assert (executed.samples, executed.failed) == (MICRO, MICRO)
    assert (looked_up.samples, looked_up.failed, looked_up.open_ms) == (MICRO, 0, 7_000)


async def test_fault_that_a_partner_named_says_nothing_about_the_lp(lab: Lab) -> None:
    await lost(lab, replace(await lab.request(), scenario="execute_timeout_after_commit"))
    assert lab.store.lp_health == {}
