"""Every named fault that this vendor can show, over real HTTP. Never two executions."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.liquidity.outcome import NotSeen, Pending, Rejected, Unknown
from domain.liquidity.quote import LpQuoteRequest, QuoteRefusal
from domain.shared.side import FixedSide, Side
from entrypoints.simulator.faults import Stage
from tests.contract.liquidity_faults import (
    assert_answers_agree_with_what_happened,
    faults_at,
)
from tests.contract.liquidity_lab import (
    as_quoted,
    executed,
    finished,
    let_absence_become_final,
    looked_up,
    quoted,
    refusal,
    request_for,
)
from tests.liquidity.bybit_convert.lab import BybitLab, running_lab
from tests.liquidity.instruments import BTC_USDT, DOGE_USDT


@pytest.fixture
async def lab() -> AsyncIterator[BybitLab]:
    async with running_lab() as made:
        yield made


@pytest.mark.parametrize("fault", faults_at("bybit_convert", Stage.EXECUTE))
@pytest.mark.parametrize("lookup_fault", faults_at("bybit_convert", Stage.LOOKUP))
async def test_whatever_fails_the_answers_agree_with_what_happened(
    lab: BybitLab, fault: str, lookup_fault: str
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
        ("clock_skew", QuoteRefusal.UNAVAILABLE),
    ],
)
async def test_fault_while_quoting_is_a_refusal_with_its_reason(
    lab: BybitLab, scenario: str, reason: QuoteRefusal
) -> None:
    assert await refusal(lab, request_for(lab, scenario=scenario)) is reason
    assert await lab.executions() == 0


@pytest.mark.parametrize("scenario", ["stale_price", "price_off_by", "price_off_by:bps=-200"])
async def test_odd_price_is_still_a_quote_that_adds_up(lab: BybitLab, scenario: str) -> None:
    """Whether a price is acceptable is not the adapter's to say."""
    quote = await quoted(lab, scenario=scenario)
    assert as_quoted(lab, await finished(lab, quote), quote)


async def test_vendor_is_left_alone_until_the_moment_it_named(lab: BybitLab) -> None:
    """It refuses with HTTP 200 and a header of its own."""
    limited = request_for(lab, scenario="quote_429:retry_after=7")
    assert await refusal(lab, limited) is QuoteRefusal.RATE_LIMITED
    lab.advance(timedelta(seconds=6))
    assert await refusal(lab, request_for(lab)) is QuoteRefusal.RATE_LIMITED
    lab.advance(timedelta(seconds=1))
    await quoted(lab)


async def test_vendors_own_allowance_is_a_refusal_and_then_over(lab: BybitLab) -> None:
    quote = await quoted(lab)
    for _ in range(49):
        await quoted(lab)
    assert await refusal(lab, request_for(lab)) is QuoteRefusal.RATE_LIMITED
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "rate_limited"
    lab.advance(timedelta(seconds=1))
    assert as_quoted(lab, await finished(lab, quote), quote)


async def test_price_that_moved_is_rejected_and_never_executed(lab: BybitLab) -> None:
    quote = await quoted(lab)
    await lab.arm("last_look_reject")
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "price_moved"
    assert await lab.executions() == 0


async def test_wrong_clock_while_executing_is_a_rejection(lab: BybitLab) -> None:
    quote = await quoted(lab)
    lab.clock.skew = timedelta(seconds=8)
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "clock_skew"


async def test_used_quote_is_looked_up_and_found_to_be_our_own(lab: BybitLab) -> None:
    quote = await quoted(lab)
    await lab.arm("duplicate_execute")
    assert as_quoted(lab, await executed(lab, quote), quote)
    assert await lab.executions() == 1


@pytest.mark.parametrize("fault", ["expired", "already_used"])
async def test_ambiguous_refusal_is_unknown_until_absence_is_final(
    lab: BybitLab, fault: str
) -> None:
    quote = await quoted(lab)
    await lab.arm(fault)
    assert isinstance(await executed(lab, quote), Unknown)
    early = await looked_up(lab, quote)
    assert isinstance(early, NotSeen)
    assert not early.authoritative
    let_absence_become_final(lab, quote)
    late = await looked_up(lab, quote)
    assert isinstance(late, NotSeen)
    assert late.authoritative
    assert await lab.executions() == 0


async def test_every_execution_is_acknowledged_before_it_is_told(lab: BybitLab) -> None:
    quote = await quoted(lab)
    assert await executed(lab, quote) == Pending(lp_execution_id=quote.lp_quote_id)


async def test_second_witness_in_trouble_proves_no_absence(lab: BybitLab) -> None:
    quote = await quoted(lab)
    let_absence_become_final(lab, quote)
    await lab.arm("lookup_404_forever")
    await lab.arm("lookup_5xx", count=10)
    seen = await looked_up(lab, quote)
    assert isinstance(seen, NotSeen)
    assert not seen.authoritative


async def test_amount_beyond_the_published_limits_is_not_even_asked(lab: BybitLab) -> None:
    await quoted(lab)
    await lab.arm("quote_5xx")  # what the vendor would answer
    for units, reason in ((1, QuoteRefusal.BELOW_MINIMUM), (10**12, QuoteRefusal.ABOVE_MAXIMUM)):
        asked = LpQuoteRequest(
            instrument=BTC_USDT, side=Side.SELL, fixed=FixedSide.BASE, units=units
        )
        assert await refusal(lab, asked) is reason


async def test_instrument_the_vendor_does_not_have_is_unsupported(lab: BybitLab) -> None:
    asked = LpQuoteRequest(instrument=DOGE_USDT, side=Side.SELL, fixed=FixedSide.BASE, units=10**8)
    assert await refusal(lab, asked) is QuoteRefusal.UNSUPPORTED
