"""Every named fault that this vendor can show, over real HTTP. Never two executions."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.liquidity.outcome import Filled, NotSeen, Rejected, Unknown
from domain.liquidity.quote import LpQuoteRequest, QuoteRefusal
from domain.shared.side import FixedSide, Side
from entrypoints.simulator.faults import Stage
from tests.contract.liquidity_contract import holdings
from tests.contract.liquidity_faults import (
    assert_answers_agree_with_what_happened,
    faults_at,
)
from tests.contract.liquidity_lab import (
    executed,
    let_absence_become_final,
    looked_up,
    quoted,
    refusal,
    request_for,
)
from tests.liquidity.b2c2.lab import B2c2Lab, running_lab
from tests.liquidity.instruments import BTC_USDT, DOGE_USDT


@pytest.fixture
async def lab() -> AsyncIterator[B2c2Lab]:
    async with running_lab() as made:
        yield made


@pytest.mark.parametrize("fault", faults_at("b2c2", Stage.EXECUTE))
@pytest.mark.parametrize("lookup_fault", faults_at("b2c2", Stage.LOOKUP))
async def test_whatever_fails_the_answers_agree_with_what_happened(
    lab: B2c2Lab, fault: str, lookup_fault: str
) -> None:
    await assert_answers_agree_with_what_happened(lab, fault, lookup_fault)


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ("quote_slow:ms=5000", QuoteRefusal.TIMEOUT),
        ("quote_5xx", QuoteRefusal.UNAVAILABLE),
        ("quote_429", QuoteRefusal.RATE_LIMITED),
        ("quote_insufficient_funds_no_id", QuoteRefusal.INSUFFICIENT_LP_BALANCE),
        ("limits_changed", QuoteRefusal.ABOVE_MAXIMUM),
        ("limits_changed:below=1", QuoteRefusal.BELOW_MINIMUM),
    ],
)
async def test_fault_while_quoting_is_a_refusal_with_its_reason(
    lab: B2c2Lab, scenario: str, reason: QuoteRefusal
) -> None:
    assert await refusal(lab, request_for(lab, scenario=scenario)) is reason
    assert await lab.executions() == 0


async def test_fault_named_at_the_quote_strikes_its_order(lab: B2c2Lab) -> None:
    quote = await quoted(lab, scenario="execute_502_after_commit")
    assert isinstance(await executed(lab, quote), Unknown)
    assert isinstance(await looked_up(lab, quote), Filled)
    assert await lab.executions() == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("executed_price_null", "lp_failed"),
        ("last_look_reject", "price_moved"),
        ("expired", "quote_expired"),
    ],
)
async def test_definitive_refusal_is_rejected_with_its_reason(
    lab: B2c2Lab, fault: str, reason: str
) -> None:
    quote = await quoted(lab)
    await lab.arm(fault)
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
    assert await lab.executions() == 0


@pytest.mark.parametrize("side", Side)
async def test_price_that_improved_is_executed_at_the_better_one(lab: B2c2Lab, side: Side) -> None:
    quote = await quoted(lab, side)
    better = "63000" if side is Side.BUY else "65000"
    await lab.control("POST", "prices", {"instrument": "BTC-USDT", "price": better})
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Filled)
    assert outcome.base_units == quote.base_units
    if side is Side.BUY:
        assert outcome.quote_units < quote.quote_units
    else:
        assert outcome.quote_units > quote.quote_units


@pytest.mark.parametrize("side", Side)
async def test_price_that_worsened_kills_the_order(lab: B2c2Lab, side: Side) -> None:
    quote = await quoted(lab, side)
    worse = "65000" if side is Side.BUY else "63000"
    await lab.control("POST", "prices", {"instrument": "BTC-USDT", "price": worse})
    assert isinstance(await executed(lab, quote), Rejected)
    assert isinstance(await looked_up(lab, quote), Rejected)
    assert await lab.executions() == 0


async def test_used_id_is_looked_up_and_found_to_be_our_own(lab: B2c2Lab) -> None:
    quote = await quoted(lab)
    await lab.arm("duplicate_execute")
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Filled)
    assert await executed(lab, quote) == outcome
    assert await lab.executions() == 1


async def test_what_we_pay_with_need_not_lie_there_and_is_owed_afterwards(lab: B2c2Lab) -> None:
    quote = await quoted(lab)
    assert (await holdings(lab))["USDT"] == 0
    assert isinstance(await executed(lab, quote), Filled)
    held = await holdings(lab)
    assert (held["BTC"], held["USDT"]) == (Decimal("0.1"), Decimal("-6401.28"))


async def test_order_beyond_the_credit_is_rejected(lab: B2c2Lab) -> None:
    """Twenty million dollars: six orders of fifty coins are three millions each."""
    for _ in range(6):
        assert isinstance(await executed(lab, await quoted(lab, units=50 * 10**8)), Filled)
    outcome = await executed(lab, await quoted(lab, units=50 * 10**8))
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "risk_exposure"
    assert await lab.executions() == 6


async def test_second_witness_in_trouble_proves_no_absence(lab: B2c2Lab) -> None:
    quote = await quoted(lab)
    let_absence_become_final(lab, quote)
    await lab.arm("lookup_404_forever")
    await lab.arm("lookup_5xx", count=10)
    seen = await looked_up(lab, quote)
    assert isinstance(seen, NotSeen)
    assert not seen.authoritative


async def test_vendor_that_throttles_an_order_has_proven_nothing(lab: B2c2Lab) -> None:
    quote = await quoted(lab)
    assert await refusal(lab, request_for(lab, scenario="quote_429:retry_after=3")) is (
        QuoteRefusal.RATE_LIMITED
    )
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)  # not even sent
    assert outcome.reason == "rate_limited"
    lab.advance(timedelta(seconds=3))
    assert isinstance(await executed(lab, quote), Filled)


async def test_quantity_finer_than_the_vendor_is_bought_in_full_and_sold_in_part(
    lab: B2c2Lab,
) -> None:
    assert (await quoted(lab, Side.BUY, units=10_000_001)).base_units == 10_010_000
    assert (await quoted(lab, Side.SELL, units=10_009_999)).base_units == 10_000_000


async def test_amount_beyond_the_published_limits_is_not_even_asked(lab: B2c2Lab) -> None:
    await quoted(lab)
    await lab.arm("quote_5xx")  # what the vendor would answer
    for units, reason in ((1, QuoteRefusal.BELOW_MINIMUM), (10**12, QuoteRefusal.ABOVE_MAXIMUM)):
        asked = LpQuoteRequest(
            instrument=BTC_USDT, side=Side.BUY, fixed=FixedSide.BASE, units=units
        )
        assert await refusal(lab, asked) is reason


async def test_instrument_the_vendor_does_not_have_is_unsupported(lab: B2c2Lab) -> None:
    asked = LpQuoteRequest(instrument=DOGE_USDT, side=Side.BUY, fixed=FixedSide.BASE, units=10**8)
    assert await refusal(lab, asked) is QuoteRefusal.UNSUPPORTED
