"""An LP that cannot fix the customer's side is asked for the other one, and at most once more."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from application.errors import NoLiquidity
from domain.liquidity.answer import covers
from domain.liquidity.capabilities import Capabilities
from domain.liquidity.quote import LpQuote, LpQuoteRequest, QuoteRefusal
from domain.shared.side import FixedSide, Side
from tests.unit.application.quotes.lab import (
    EXACT_BASE,
    EXACT_IN,
    ONE,
    PRICE,
    TWO,
    AskLab,
    HeldLp,
    request,
    taken,
)

BUY, SELL, BASE, QUOTE = Side.BUY, Side.SELL, FixedSide.BASE, FixedSide.QUOTE
INVERTED = [
    (EXACT_BASE, BUY, QUOTE, 50_000 * 10**8),
    (EXACT_BASE, SELL, QUOTE, 50_000 * 10**8),
    (EXACT_IN, BUY, BASE, 10**8),
    (EXACT_IN, SELL, QUOTE, 50_000 * 10**8),
]
DIRECT = [
    (EXACT_BASE, BUY, BASE, 10**8),
    (EXACT_BASE, SELL, BASE, 10**8),
    (EXACT_IN, BUY, QUOTE, 50_000 * 10**8),
    (EXACT_IN, SELL, BASE, 10**8),
]


def sent(lp: HeldLp) -> list[LpQuoteRequest]:
    return [each for each in lp.requests if isinstance(each, LpQuoteRequest)]


def dearer(ppm: int) -> Callable[[LpQuote], LpQuote]:
    """Against us: more to pay on a buy, less to get on a sell."""

    def moved(quote: LpQuote) -> LpQuote:
        sign = 1 if quote.side is BUY else -1
        return replace(quote, quote_units=quote.quote_units * (10**6 + sign * ppm) // 10**6)

    return moved


@pytest.mark.parametrize(("capabilities", "side", "fixed", "units"), DIRECT)
async def test_side_that_the_lp_can_fix_is_asked_as_it_is(
    capabilities: Capabilities, side: Side, fixed: FixedSide, units: int
) -> None:
    lab = AskLab()
    lp = lab.add(ONE, capabilities=capabilities)
    asked = request(side, fixed, units)
    await lab.asker().ask(asked, accept=taken)
    assert sent(lp) == [asked]


@pytest.mark.parametrize(("capabilities", "side", "fixed", "units"), INVERTED)
async def test_other_side_is_asked_twice_at_first_and_then_once(
    capabilities: Capabilities, side: Side, fixed: FixedSide, units: int
) -> None:
    lab = AskLab()
    lp = lab.add(ONE, capabilities=capabilities)
    asker, asked = lab.asker(), request(side, fixed, units)
    assert covers(asked, await asker.ask(asked, accept=taken))
    # No rate was known, so that the first question could only be about the price.
    assert len(sent(lp)) == 2
    assert covers(asked, await asker.ask(asked, accept=taken))
    assert len(sent(lp)) == 3
    assert all(each.fixed is not fixed for each in sent(lp))


async def test_rate_of_another_lp_serves_for_the_first_question() -> None:
    lab = AskLab()
    one, two = lab.add(ONE), lab.add(TWO, capabilities=EXACT_BASE)
    asker = lab.asker()
    await asker.ask(request(BUY, QUOTE, 10**12), accept=taken)
    one.set_price("BTC-USDT", one._prices.pop("BTC-USDT"))
    one._prices.clear()
    asked = request(BUY, QUOTE, 2 * 10**12)
    assert covers(asked, await asker.ask(asked, accept=taken))
    assert len(sent(two)) == 1


@pytest.mark.parametrize(("capabilities", "side", "fixed", "units"), INVERTED)
async def test_price_that_moves_in_between_ends_it_after_two_questions(
    capabilities: Capabilities, side: Side, fixed: FixedSide, units: int
) -> None:
    lab = AskLab()
    lp = lab.add(ONE, capabilities=capabilities)
    lp.answers = [dearer(0), dearer(2_000)]
    if capabilities is EXACT_IN and fixed is BASE:
        lp.answers[1] = lambda quote: replace(quote, base_units=quote.base_units * 998 // 1_000)
    with pytest.raises(NoLiquidity) as refused:
        await lab.asker().ask(request(side, fixed, units), accept=taken)
    assert refused.value.context["refused"] == ((ONE, QuoteRefusal.MOVED),)
    assert len(sent(lp)) == 2


async def test_backup_is_asked_when_the_price_moved_in_between() -> None:
    lab = AskLab()
    lab.add(ONE, capabilities=EXACT_BASE).answers = [dearer(0), dearer(2_000)]
    lab.add(TWO)
    won = await lab.asker().ask(request(BUY, QUOTE, 50_000 * 10**8), accept=taken)
    assert (won.lp, won.quote_units) == (TWO, PRICE * 10**8)
    # It is nobody's fault that a market moves.
    assert [each.cause for each in lab.standings.observed] == ["moved", None]


async def test_refusal_of_the_second_question_is_the_answer() -> None:
    lab = AskLab()
    lp = lab.add(ONE, capabilities=EXACT_BASE)

    def gone(quote: LpQuote) -> LpQuote:
        lp._prices.clear()
        return quote

    lp.answers = [gone]
    with pytest.raises(NoLiquidity) as refused:
        await lab.asker().ask(request(BUY, QUOTE, 50_000 * 10**8), accept=taken)
    assert refused.value.context["refused"] == ((ONE, QuoteRefusal.UNSUPPORTED),)


async def test_named_fault_goes_with_the_quote_that_is_offered_and_with_no_other() -> None:
    lab = AskLab()
    lp = lab.add(ONE, capabilities=EXACT_BASE)
    asker = lab.asker()
    for _ in range(2):
        asked = request(BUY, QUOTE, 50_000 * 10**8, scenario="execute_not_sent")
        await asker.ask(asked, accept=taken)
    assert [each.scenario for each in sent(lp)] == [None, "execute_not_sent"] * 2
