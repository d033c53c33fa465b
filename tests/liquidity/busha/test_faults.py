"""Every named fault that this vendor can show, over real HTTP. Never two executions."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from domain.liquidity.outcome import Filled, NotSeen, Rejected, Unknown
from domain.liquidity.quote import LpQuote, QuoteRefusal
from domain.shared.side import FixedSide, Side
from entrypoints.simulator.faults import Stage
from tests.contract.liquidity_faults import assert_answers_agree_with_what_happened, faults_at
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
from tests.liquidity.busha.lab import BushaLab, running_lab
from tests.liquidity.instruments import BTC_USDT, USDT_KES


@pytest.fixture
async def lab() -> AsyncIterator[BushaLab]:
    async with running_lab() as made:
        yield made


@pytest.mark.parametrize("fault", faults_at("busha", Stage.EXECUTE))
@pytest.mark.parametrize("lookup_fault", faults_at("busha", Stage.LOOKUP))
async def test_whatever_fails_the_answers_agree_with_what_happened(
    lab: BushaLab, fault: str, lookup_fault: str
) -> None:
    await assert_answers_agree_with_what_happened(lab, fault, lookup_fault)


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ("quote_slow:ms=5000", QuoteRefusal.TIMEOUT),
        ("quote_5xx", QuoteRefusal.UNAVAILABLE),
        ("quote_429", QuoteRefusal.RATE_LIMITED),
        ("limits_changed", QuoteRefusal.ABOVE_MAXIMUM),
        ("limits_changed:below=1", QuoteRefusal.BELOW_MINIMUM),
    ],
)
async def test_fault_while_quoting_is_a_refusal_with_its_reason(
    lab: BushaLab, scenario: str, reason: QuoteRefusal
) -> None:
    assert await refusal(lab, request_for(lab, scenario=scenario)) is reason
    assert await lab.executions() == 0


@pytest.mark.parametrize("scenario", ["stale_price", "price_off_by", "price_off_by:bps=-200"])
async def test_odd_price_is_still_a_quote_that_adds_up(lab: BushaLab, scenario: str) -> None:
    """Whether a price is acceptable is not the adapter's to say."""
    quote = await quoted(lab, scenario=scenario)
    assert as_quoted(lab, await finished(lab, quote), quote)


@pytest.mark.parametrize("after_ms", [27_000, 29_999, 30_000, 600_000])
async def test_quote_near_its_expiry_is_never_sent(lab: BushaLab, after_ms: int) -> None:
    """It is good for 30 seconds at the vendor, who would execute it at the market afterwards."""
    quote = await quoted(lab)
    lab.advance(timedelta(milliseconds=after_ms))
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "quote_expired"
    assert await lab.executions() == 0


async def test_quote_that_has_longer_than_the_guard_is_sent(lab: BushaLab) -> None:
    quote = await quoted(lab)
    lab.advance(timedelta(milliseconds=26_999))
    assert as_quoted(lab, await executed(lab, quote), quote)


async def test_expired_quote_of_a_vendor_ahead_of_us_is_told_as_the_market_had_it(
    lab: BushaLab,
) -> None:
    """What the guard cannot know of: the fill is as executed, and the difference is seen."""
    quote = await quoted(lab, Side.SELL, FixedSide.BASE)
    await lab.control("POST", "prices", {"instrument": "USDT-NGN", "price": "1400"})
    lab.clock.skew = timedelta(minutes=1)
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Filled)
    assert outcome.base_units == quote.base_units
    assert outcome.quote_units < quote.quote_units
    assert await lab.executions() == 1


async def test_market_that_moved_against_us_is_told_as_executed(lab: BushaLab) -> None:
    quote = await quoted(lab, Side.SELL, FixedSide.BASE)
    await lab.arm("expired_executes_at_market", bps=1_000)
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Filled)
    assert outcome.quote_units == quote.quote_units * 9 // 10


async def test_clock_ahead_of_ours_does_not_lengthen_a_quote(lab: BushaLab) -> None:
    quote = await quoted(lab, scenario="clock_skew:ms=60000")
    assert quote.expires_at <= lab.now() + timedelta(seconds=27)


async def test_lost_request_stays_open_however_late_it_is_asked_about(lab: BushaLab) -> None:
    quote = await quoted(lab)
    await lab.arm("execute_timeout_before_commit")
    assert isinstance(await executed(lab, quote), Unknown)
    let_absence_become_final(lab, quote)
    lab.advance(timedelta(days=1))
    seen = await looked_up(lab, quote)
    assert isinstance(seen, NotSeen)
    assert not seen.authoritative


async def test_used_quote_is_looked_up_and_found_to_be_our_own(lab: BushaLab) -> None:
    quote = await quoted(lab)
    await lab.arm("duplicate_execute")
    assert as_quoted(lab, await executed(lab, quote), quote)
    assert await lab.executions() == 1


async def test_history_over_many_pages_is_whole(lab: BushaLab) -> None:
    since = lab.now()
    quotes: list[LpQuote] = []
    for _ in range(3):
        quotes += [await quoted(lab) for _ in range(40)]
        for quote in quotes[-40:]:
            assert as_quoted(lab, await executed(lab, quote), quote)
        lab.advance(timedelta(minutes=1))
    page = await lab.provider.list_executions(since=since, until=lab.now(), limit=500)
    assert page.complete
    assert [row.lp_quote_id for row in page.executions] == [each.lp_quote_id for each in quotes]


async def test_shillings_are_quoted_as_naira_are(lab: BushaLab) -> None:
    request = msgspec.structs.replace(request_for(lab), instrument=USDT_KES)
    assert isinstance(await lab.provider.request_quote(request), LpQuote)


async def test_pair_the_vendor_does_not_trade_is_unsupported(lab: BushaLab) -> None:
    request = msgspec.structs.replace(request_for(lab), instrument=BTC_USDT)
    assert await refusal(lab, request) is QuoteRefusal.UNSUPPORTED


@pytest.mark.parametrize("wrong", [{"api_secret": "another"}, {"api_key": "BUS_2"}])
async def test_wrong_secret_or_profile_gets_no_price(wrong: dict[str, object]) -> None:
    async with running_lab(**wrong) as lab:
        assert await refusal(lab, request_for(lab)) is QuoteRefusal.UNAVAILABLE
