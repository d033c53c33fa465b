"""Every named fault that this vendor can show, over real HTTP. Never two executions."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from domain.liquidity.outcome import Filled, NotSeen, Rejected, Unknown
from domain.liquidity.quote import QuoteRefusal
from domain.shared.side import Side
from entrypoints.simulator.faults import Stage
from tests.contract.liquidity_faults import assert_answers_agree_with_what_happened, faults_at
from tests.contract.liquidity_lab import (
    as_quoted,
    executed,
    let_absence_become_final,
    looked_up,
    quoted,
    refusal,
    request_for,
)
from tests.liquidity.instruments import BTC_USDT, BTC_ZAR
from tests.liquidity.luno.lab import LunoLab, running_lab


@pytest.fixture
async def lab() -> AsyncIterator[LunoLab]:
    async with running_lab() as made:
        yield made


async def move_to(lab: LunoLab, price: str) -> None:
    await lab.control("POST", "prices", {"instrument": BTC_ZAR.symbol, "price": price})


@pytest.mark.parametrize("fault", faults_at("luno", Stage.EXECUTE))
@pytest.mark.parametrize("lookup_fault", faults_at("luno", Stage.LOOKUP))
async def test_whatever_fails_the_answers_agree_with_what_happened(
    lab: LunoLab, fault: str, lookup_fault: str
) -> None:
    await assert_answers_agree_with_what_happened(lab, fault, lookup_fault)


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ("quote_slow:ms=5000", QuoteRefusal.TIMEOUT),
        ("quote_5xx", QuoteRefusal.UNAVAILABLE),
        ("quote_429", QuoteRefusal.RATE_LIMITED),
    ],
)
async def test_fault_while_quoting_is_a_refusal_with_its_reason(
    lab: LunoLab, scenario: str, reason: QuoteRefusal
) -> None:
    assert await refusal(lab, request_for(lab, scenario=scenario)) is reason
    assert await lab.executions() == 0


async def test_fault_named_at_the_quote_strikes_the_order_made_of_it(lab: LunoLab) -> None:
    quote = await quoted(lab, scenario="execute_timeout_after_commit, lookup_404_then_found")
    assert isinstance(await executed(lab, quote), Unknown)
    assert isinstance(await looked_up(lab, quote), NotSeen)
    assert isinstance(await looked_up(lab, quote), NotSeen)
    assert as_quoted(lab, await looked_up(lab, quote), quote)


@pytest.mark.parametrize(("side", "price"), [(Side.BUY, "1210000"), (Side.SELL, "1190000")])
async def test_book_that_moved_against_us_kills_the_order(
    lab: LunoLab, side: Side, price: str
) -> None:
    quote = await quoted(lab, side)
    await move_to(lab, price)
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "lp_failed"
    assert await lab.executions() == 0


@pytest.mark.parametrize(("side", "price"), [(Side.BUY, "1190000"), (Side.SELL, "1210000")])
async def test_book_that_moved_for_us_fills_at_better_than_quoted(
    lab: LunoLab, side: Side, price: str
) -> None:
    quote = await quoted(lab, side)
    await move_to(lab, price)
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Filled)
    better = quote.quote_units - outcome.quote_units
    assert (better if side is Side.BUY else -better) > 0
    assert outcome.base_units >= quote.base_units


@pytest.mark.parametrize("side", Side)
async def test_buffer_carries_an_order_over_a_small_move(side: Side) -> None:
    async with running_lab(price_buffer_ppm=2_000) as lab:
        quote = await quoted(lab, side)
        await move_to(lab, "1201500" if side is Side.BUY else "1198500")
        assert isinstance(await executed(lab, quote), Filled)


async def test_order_that_arrives_after_its_deadline_is_refused_and_proven_absent(
    lab: LunoLab,
) -> None:
    quote = await quoted(lab)
    lab.clock.skew = timedelta(seconds=11)
    assert isinstance(await executed(lab, quote), Unknown)
    lab.clock.skew = timedelta(0)
    let_absence_become_final(lab, quote)
    seen = await looked_up(lab, quote)
    assert isinstance(seen, NotSeen)
    assert seen.authoritative
    assert await lab.executions() == 0


async def test_our_balance_that_ran_out_is_unknown_until_absence_is_final(lab: LunoLab) -> None:
    quote = await quoted(lab)
    await lab.arm("balance_drop")
    assert isinstance(await executed(lab, quote), Unknown)
    let_absence_become_final(lab, quote)
    seen = await looked_up(lab, quote)
    assert isinstance(seen, NotSeen)
    assert seen.authoritative


async def test_our_balance_that_ran_out_is_a_rejection_once_the_vendor_confirmed_its_code() -> None:
    async with running_lab(refusals_confirmed=["ErrInsufficientFunds"]) as lab:
        quote = await quoted(lab)
        await lab.arm("balance_drop")
        outcome = await executed(lab, quote)
        assert isinstance(outcome, Rejected)
        assert outcome.reason == "insufficient_lp_balance"


async def test_vendors_own_allowance_is_a_refusal_and_then_over(lab: LunoLab) -> None:
    quote = await quoted(lab)
    answers = [await lab.provider.request_quote(request_for(lab)) for _ in range(300)]
    assert QuoteRefusal.RATE_LIMITED in {getattr(each, "reason", None) for each in answers}
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "rate_limited"
    lab.advance(timedelta(minutes=1))
    assert isinstance(await executed(lab, await quoted(lab)), Filled)


async def test_market_the_vendor_does_not_have_is_unsupported(lab: LunoLab) -> None:
    request = msgspec.structs.replace(request_for(lab), instrument=BTC_USDT)
    assert await refusal(lab, request) is QuoteRefusal.UNSUPPORTED


async def test_quote_of_another_vendor_is_never_sent(lab: LunoLab) -> None:
    quote = msgspec.structs.replace(await quoted(lab), lp_quote_id="4f1c0b")
    outcome = await executed(lab, quote)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "not_sent"


async def test_wrong_key_gets_no_price() -> None:
    async with running_lab(api_secret="another") as lab:
        assert await refusal(lab, request_for(lab)) is QuoteRefusal.UNAVAILABLE
