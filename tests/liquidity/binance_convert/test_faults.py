"""Every named fault that this vendor can show, over real HTTP. Never two executions."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.liquidity.outcome import NotSeen, Pending, Rejected, Unknown
from domain.liquidity.quote import LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.shared.side import FixedSide, Side
from entrypoints.simulator.faults import Stage
from tests.contract.liquidity_faults import (
    assert_answers_agree_with_what_happened,
    faults_at,
)
from tests.contract.liquidity_lab import (
    TENTH_OF_A_COIN,
    as_quoted,
    executed,
    let_absence_become_final,
    looked_up,
    quoted,
)
from tests.liquidity.binance_convert.lab import BinanceLab, running_lab
from tests.liquidity.instruments import DOGE_USDT, ETH_USDT


@pytest.fixture
async def lab() -> AsyncIterator[BinanceLab]:
    async with running_lab() as made:
        yield made


def request_for(lab: BinanceLab, scenario: str | None = None) -> LpQuoteRequest:
    return LpQuoteRequest(
        instrument=lab.instrument,
        side=Side.BUY,
        fixed=FixedSide.BASE,
        units=TENTH_OF_A_COIN,
        scenario=scenario,
    )


async def refused(lab: BinanceLab, scenario: str | None = None) -> QuoteRefusal:
    answer = await lab.provider.request_quote(request_for(lab, scenario))
    assert isinstance(answer, LpQuoteRefused), answer
    return answer.reason


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ("quote_slow:ms=5000", QuoteRefusal.TIMEOUT),
        ("quote_5xx", QuoteRefusal.UNAVAILABLE),
        ("quote_429", QuoteRefusal.RATE_LIMITED),
        ("ip_ban_418", QuoteRefusal.RATE_LIMITED),
        ("quote_insufficient_funds_no_id", QuoteRefusal.INSUFFICIENT_LP_BALANCE),
        ("limits_changed", QuoteRefusal.ABOVE_MAXIMUM),
        ("limits_changed:below=1", QuoteRefusal.BELOW_MINIMUM),
        ("clock_skew", QuoteRefusal.UNAVAILABLE),
    ],
)
async def test_fault_while_quoting_is_a_refusal_with_its_reason(
    lab: BinanceLab, scenario: str, reason: QuoteRefusal
) -> None:
    assert await refused(lab, scenario) is reason
    assert await lab.executions() == 0


@pytest.mark.parametrize("scenario", ["stale_price", "price_off_by", "price_off_by:bps=-200"])
async def test_odd_price_is_still_a_quote_that_adds_up(lab: BinanceLab, scenario: str) -> None:
    """Whether a price is acceptable is not the adapter's to say."""
    quote = await lab.provider.request_quote(request_for(lab, scenario))
    assert isinstance(quote, LpQuote)
    assert as_quoted(lab, await executed(lab, quote), quote)


async def test_vendor_is_left_alone_for_as_long_as_it_asked(lab: BinanceLab) -> None:
    assert await refused(lab, "quote_429:retry_after=7") is QuoteRefusal.RATE_LIMITED
    lab.advance(timedelta(seconds=6))
    assert await refused(lab) is QuoteRefusal.RATE_LIMITED
    lab.advance(timedelta(seconds=1))
    await quoted(lab)


async def test_nothing_is_executed_during_a_ban(lab: BinanceLab) -> None:
    quote = await quoted(lab)
    assert await refused(lab, "ip_ban_418:retry_after=5") is QuoteRefusal.RATE_LIMITED
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "rate_limited"
    assert isinstance(await looked_up(lab, quote), Unknown)
    lab.advance(timedelta(seconds=5))
    assert isinstance(await looked_up(lab, quote), NotSeen)
    assert as_quoted(lab, await executed(lab, quote), quote)
    assert await lab.executions() == 1


async def test_vendor_limit_while_executing_is_a_rejection(lab: BinanceLab) -> None:
    quote = await quoted(lab)
    await lab.arm("ip_ban_418")
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "rate_limited"
    assert await lab.executions() == 0


async def test_wrong_clock_while_executing_is_a_rejection(lab: BinanceLab) -> None:
    quote = await quoted(lab)
    lab.clock.skew = timedelta(seconds=8)
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "clock_skew"
    assert await lab.executions() == 0


@pytest.mark.parametrize("fault", ["execute_502_after_commit", "execute_200_truncated_json"])
async def test_broken_answer_after_the_execution_is_unknown_until_found(
    lab: BinanceLab, fault: str
) -> None:
    quote = await quoted(lab)
    await lab.arm(fault)
    assert isinstance(await executed(lab, quote), Unknown)
    assert as_quoted(lab, await looked_up(lab, quote), quote)
    assert await lab.executions() == 1


async def test_duplicated_request_is_found_to_be_our_own_execution(lab: BinanceLab) -> None:
    quote = await quoted(lab)
    await lab.arm("duplicate_execute")
    assert as_quoted(lab, await executed(lab, quote), quote)
    assert await lab.executions() == 1


async def test_used_quote_without_a_record_is_unknown_until_absence_is_final(
    lab: BinanceLab,
) -> None:
    quote = await quoted(lab)
    await lab.arm("already_used")
    assert isinstance(await executed(lab, quote), Unknown)
    let_absence_become_final(lab, quote)
    seen = await looked_up(lab, quote)
    assert isinstance(seen, NotSeen)
    assert seen.authoritative
    assert await lab.executions() == 0


async def test_fill_whose_record_cannot_be_read_yet_is_pending(lab: BinanceLab) -> None:
    quote = await quoted(lab)
    await lab.arm("lookup_5xx")
    assert isinstance(await executed(lab, quote), Pending)
    assert as_quoted(lab, await looked_up(lab, quote), quote)
    assert await lab.executions() == 1


async def test_undocumented_refusal_is_unknown_unless_confirmed_in_writing() -> None:
    for confirmed, kind in ((frozenset[str](), Unknown), (frozenset({"345233"}), Rejected)):
        async with running_lab(refusals_confirmed=confirmed) as lab:
            quote = await quoted(lab)
            await lab.arm("balance_drop")
            outcome = await executed(lab, quote)
            assert isinstance(outcome, kind)
            assert await lab.executions() == 0


async def test_second_witness_in_trouble_proves_no_absence(lab: BinanceLab) -> None:
    quote = await quoted(lab)
    let_absence_become_final(lab, quote)
    # The first lookup passes, every page of the history fails.
    await lab.arm("lookup_404_forever")
    await lab.arm("lookup_5xx", count=10)
    seen = await looked_up(lab, quote)
    assert isinstance(seen, NotSeen)
    assert not seen.authoritative


@pytest.mark.parametrize("fault", faults_at("binance_convert", Stage.EXECUTE))
@pytest.mark.parametrize("lookup_fault", faults_at("binance_convert", Stage.LOOKUP))
async def test_whatever_fails_the_answers_agree_with_what_happened(
    lab: BinanceLab, fault: str, lookup_fault: str
) -> None:
    await assert_answers_agree_with_what_happened(lab, fault, lookup_fault)


async def test_amount_finer_than_the_vendor_is_bought_and_booked_exactly(lab: BinanceLab) -> None:
    request = LpQuoteRequest(
        instrument=ETH_USDT, side=Side.BUY, fixed=FixedSide.BASE, units=123_456_780_000_000_001
    )
    quote = await lab.provider.request_quote(request)
    assert isinstance(quote, LpQuote)
    assert quote.base_units == 123_456_790_000_000_000
    lab.instrument = ETH_USDT
    assert as_quoted(lab, await executed(lab, quote), quote)


@pytest.mark.parametrize(
    ("units", "reason"),
    [(1, QuoteRefusal.BELOW_MINIMUM), (10**12, QuoteRefusal.ABOVE_MAXIMUM)],
)
async def test_amount_beyond_the_published_limits_is_not_even_asked(
    lab: BinanceLab, units: int, reason: QuoteRefusal
) -> None:
    await quoted(lab)
    request = LpQuoteRequest(
        instrument=lab.instrument, side=Side.BUY, fixed=FixedSide.BASE, units=units
    )
    await lab.arm("quote_5xx")  # what the vendor would answer
    answer = await lab.provider.request_quote(request)
    assert isinstance(answer, LpQuoteRefused)
    assert answer.reason is reason


async def test_instrument_the_vendor_does_not_have_is_unsupported(lab: BinanceLab) -> None:
    request = LpQuoteRequest(instrument=DOGE_USDT, side=Side.BUY, fixed=FixedSide.BASE, units=10**8)
    answer = await lab.provider.request_quote(request)
    assert isinstance(answer, LpQuoteRefused)
    assert answer.reason is QuoteRefusal.UNSUPPORTED
