"""Who is asked, who wins, and that nobody is left running."""

import asyncio
from typing import Final

import pytest
from msgspec.structs import replace

from adapters.memory.liquidity_faults import Armed, Fault
from application.errors import NoLiquidity
from application.quotes.ask_providers import AskProviders
from domain.liquidity.listing import Listing
from domain.liquidity.quote import LpQuote, QuoteRefusal
from domain.liquidity.routing import AskMode, LeftOut, RoutingPolicy
from domain.liquidity.standing import Standing
from domain.quotes.limits import AmountAboveMaximum
from domain.quotes.pricing import LpQuoteMismatch
from domain.shared.side import Side
from tests.unit.application.quotes.lab import (
    ONE,
    PRICE,
    THREE,
    TWO,
    AskLab,
    request,
    taken,
)

# Patience of the tests that have to run out of it.
SOON_MS: Final = 10
BAD: Final = Standing(degraded=True)
SHUT: Final = Standing(may_quote=False)
PROBATION: Final = Standing(may_quote=False, probe=True)


@pytest.fixture
def lab() -> AskLab:
    return AskLab()


def still_running() -> int:
    return len(asyncio.all_tasks()) - 1


async def test_first_of_the_order_quotes_and_nobody_else_is_asked(lab: AskLab) -> None:
    lab.add(ONE)
    lab.add(TWO, price=PRICE - 1)
    won = await lab.asker().ask(request(), accept=taken)
    assert (won.lp, lab.asked()) == (ONE, [ONE])
    assert lab.standings.seen() == [(ONE, "ok")]


async def test_refusal_moves_on_to_the_next(lab: AskLab) -> None:
    one, _ = lab.add(ONE), lab.add(TWO)
    one.arm(Armed(fault=Fault.QUOTE_5XX))
    won = await lab.asker().ask(request(), accept=taken)
    assert (won.lp, lab.asked()) == (TWO, [ONE, TWO])
    assert lab.standings.seen() == [(ONE, "unavailable"), (TWO, "ok")]


async def test_quote_that_no_offer_can_be_made_of_is_a_refusal(lab: AskLab) -> None:
    lab.add(ONE)
    lab.add(TWO)

    async def not_one(lp_quote: LpQuote) -> LpQuote:
        if lp_quote.lp == ONE:
            raise LpQuoteMismatch("another trade")
        return lp_quote

    assert (await lab.asker().ask(request(), accept=not_one)).lp == TWO
    assert lab.standings.seen() == [(ONE, "invalid_response"), (TWO, "ok")]


async def test_refusal_of_the_customers_amount_is_the_answer(lab: AskLab) -> None:
    lab.add(ONE)
    lab.add(TWO)

    async def too_large(_: LpQuote) -> LpQuote:
        raise AmountAboveMaximum("amount is too large")

    with pytest.raises(AmountAboveMaximum):
        await lab.asker().ask(request(), accept=too_large)
    assert lab.asked() == [ONE]


async def test_without_any_quote_everybody_was_asked_once_and_is_named(lab: AskLab) -> None:
    for name in (ONE, TWO):
        lab.add(name).arm(Armed(fault=Fault.QUOTE_429, remaining=None))
    lab.add(THREE)
    lab.stand(THREE, SHUT)
    with pytest.raises(NoLiquidity) as refused:
        await lab.asker().ask(request(), accept=taken)
    assert lab.asked() == [ONE, TWO]
    assert refused.value.context == {
        "refused": ((ONE, QuoteRefusal.RATE_LIMITED), (TWO, QuoteRefusal.RATE_LIMITED)),
        "left_out": ((THREE, LeftOut.BAD_STANDING),),
    }


async def test_without_lps_there_is_no_liquidity(lab: AskLab) -> None:
    with pytest.raises(NoLiquidity):
        await lab.asker().ask(request(), accept=taken)


async def test_adapter_that_breaks_does_not_stop_the_others(lab: AskLab) -> None:
    one, _ = lab.add(ONE), lab.add(TWO)

    def broken(_: LpQuote) -> LpQuote:
        raise KeyError("a defect")

    one.answers.append(broken)
    assert (await lab.asker().ask(request(), accept=taken)).lp == TWO


@pytest.mark.parametrize(
    ("standing", "listed", "why"),
    [
        (SHUT, {}, LeftOut.BAD_STANDING),
        (None, {"BTC-USDT": Listing(min_base_units=10**9)}, LeftOut.BELOW_MINIMUM),
        (None, {"BTC-USDT": Listing(max_base_units=10**7)}, LeftOut.ABOVE_MAXIMUM),
        (None, {"ETH-USDT": Listing()}, LeftOut.NOT_LISTED),
    ],
)
async def test_who_is_no_use_asking_is_not_asked(
    lab: AskLab, standing: Standing | None, listed: dict[str, Listing], why: LeftOut
) -> None:
    lab.add(ONE)
    if standing is not None:
        lab.stand(ONE, standing)
    if listed:
        lab.listed[ONE] = listed
    with pytest.raises(NoLiquidity) as refused:
        await lab.asker().ask(request(), accept=taken)
    assert (lab.asked(), refused.value.context["left_out"]) == ([], ((ONE, why),))
    lab.add(TWO)
    assert (await lab.asker().ask(request(), accept=taken)).lp == TWO


async def test_slow_lp_is_overtaken_and_its_question_is_ended(lab: AskLab) -> None:
    one, _ = lab.add(ONE), lab.add(TWO)
    one.free.clear()
    lab.route(RoutingPolicy(ONE, (TWO,), hedge_after_ms=SOON_MS))
    won = await lab.asker().ask(request(), accept=taken)
    assert (won.lp, one.cancelled, still_running()) == (TWO, 1, 0)
    # An operator's patience was over, which says nothing of the LP.
    assert lab.standings.seen() == [(TWO, "ok")]


async def test_lp_that_is_overtaken_long_after_its_usual_time_has_failed(lab: AskLab) -> None:
    one, _ = lab.add(ONE), lab.add(TWO)
    one.free.clear()
    lab.stand(ONE, Standing(latency_ms=1))
    assert (await lab.asker().ask(request(), accept=taken)).lp == TWO
    assert sorted(lab.standings.seen()) == [(ONE, "timeout"), (TWO, "ok")]


async def test_slow_lp_that_comes_in_first_after_all_wins(lab: AskLab) -> None:
    one, two = lab.add(ONE), lab.add(TWO)
    one.free.clear()
    two.free.clear()
    lab.route(RoutingPolicy(ONE, (TWO,), hedge_after_ms=SOON_MS))
    asking = asyncio.create_task(lab.asker().ask(request(), accept=taken))
    await two.asked.wait()
    one.free.set()
    assert (await asking).lp == ONE
    assert (two.cancelled, still_running()) == (1, 0)
    # It had no time to show whether it is slow.
    assert lab.standings.seen() == [(ONE, "ok")]


async def test_slow_lp_is_waited_for_when_everybody_else_refused(lab: AskLab) -> None:
    one, two = lab.add(ONE), lab.add(TWO)
    one.free.clear()
    two.arm(Armed(fault=Fault.QUOTE_5XX))
    lab.route(RoutingPolicy(ONE, (TWO,), hedge_after_ms=SOON_MS))
    asking = asyncio.create_task(lab.asker().ask(request(), accept=taken))
    await two.asked.wait()
    one.free.set()
    assert (await asking).lp == ONE


async def test_deadline_ends_it_for_everybody(lab: AskLab) -> None:
    lps = [lab.add(name) for name in (ONE, TWO, THREE)]
    for lp in lps:
        lp.free.clear()
    lab.route(RoutingPolicy(ONE, (TWO, THREE), hedge_after_ms=SOON_MS))
    with pytest.raises(NoLiquidity) as refused:
        await lab.asker(deadline_ms=5 * SOON_MS).ask(request(), accept=taken)
    reasons = dict(refused.value.context["refused"])  # type: ignore[call-overload]
    assert reasons == dict.fromkeys((ONE, TWO, THREE), QuoteRefusal.TIMEOUT)
    assert ([lp.cancelled for lp in lps], still_running()) == ([1, 1, 1], 0)


async def test_caller_that_hangs_up_leaves_nothing_behind(lab: AskLab) -> None:
    one, two = lab.add(ONE), lab.add(TWO)
    one.free.clear()
    two.free.clear()
    lab.route(RoutingPolicy(ONE, (TWO,), hedge_after_ms=SOON_MS))
    asking = asyncio.create_task(lab.asker().ask(request(), accept=taken))
    await two.asked.wait()
    asking.cancel()
    await asyncio.wait({asking})
    assert asking.cancelled()
    assert (one.cancelled, two.cancelled, still_running()) == (1, 1, 0)


async def test_lp_that_does_badly_is_asked_beside_the_next(lab: AskLab) -> None:
    one, two = lab.add(ONE), lab.add(TWO)
    one.free.clear()
    lab.stand(ONE, BAD)
    assert (await lab.asker().ask(request(), accept=taken)).lp == TWO
    assert (one.asked.is_set(), one.cancelled) == (True, 1)
    assert two.requests


async def test_best_of_takes_the_best_price_and_asks_no_more_than_told(lab: AskLab) -> None:
    for name, price in ((ONE, PRICE), (TWO, PRICE - 5), (THREE, PRICE - 9)):
        lab.add(name, price=price)
    lab.route(RoutingPolicy(ONE, (TWO, THREE), mode=AskMode.BEST_OF, at_once=2))
    assert (await lab.asker().ask(request(Side.BUY), accept=taken)).lp == TWO
    assert (await lab.asker().ask(request(Side.SELL), accept=taken)).lp == ONE
    assert THREE not in lab.asked()


async def test_best_of_offers_the_second_when_the_first_cannot_be(lab: AskLab) -> None:
    lab.add(ONE)
    lab.add(TWO, price=PRICE // 100)
    lab.route(RoutingPolicy(ONE, (TWO,), mode=AskMode.BEST_OF))

    async def sane(lp_quote: LpQuote) -> LpQuote:
        if lp_quote.lp == TWO:
            raise LpQuoteMismatch("too good to be true")
        return lp_quote

    assert (await lab.asker().ask(request(), accept=sane)).lp == ONE
    assert sorted(lab.standings.seen()) == [(ONE, "ok"), (TWO, "invalid_response")]


async def test_best_of_does_not_wait_for_the_slow(lab: AskLab) -> None:
    lab.add(ONE)
    two = lab.add(TWO, price=PRICE - 1)
    two.free.clear()
    lab.route(RoutingPolicy(ONE, (TWO,), mode=AskMode.BEST_OF, hedge_after_ms=SOON_MS))
    assert (await lab.asker().ask(request(), accept=taken)).lp == ONE
    assert (two.cancelled, still_running()) == (1, 0)


async def test_best_of_asks_on_when_none_of_the_first_quotes(lab: AskLab) -> None:
    for name in (ONE, TWO):
        lab.add(name).arm(Armed(fault=Fault.QUOTE_5XX))
    lab.add(THREE)
    lab.route(RoutingPolicy(ONE, (TWO, THREE), mode=AskMode.BEST_OF))
    assert (await lab.asker().ask(request(), accept=taken)).lp == THREE


async def test_route_of_an_instrument_replaces_the_order_of_all(lab: AskLab) -> None:
    for name in (ONE, TWO, THREE):
        lab.add(name)
    lab.route(RoutingPolicy(THREE, (TWO,)))
    assert (await lab.asker().ask(request(), accept=taken)).lp == THREE


async def test_fault_named_by_the_caller_strikes_one_lp_after_the_other(lab: AskLab) -> None:
    for name in (ONE, TWO):
        lab.add(name)
    lab.stand(ONE, BAD)
    lab.route(RoutingPolicy(ONE, (TWO,), mode=AskMode.BEST_OF, hedge_after_ms=SOON_MS))
    won = await lab.asker().ask(request(scenario="execute_not_sent"), accept=taken)
    assert (won.lp, lab.asked()) == (ONE, [ONE])
    with pytest.raises(NoLiquidity):
        await lab.asker().ask(request(scenario=Fault.QUOTE_5XX), accept=taken)


async def test_probe_is_tried_by_one_and_beside_the_next(lab: AskLab) -> None:
    one, two = lab.add(ONE), lab.add(TWO)
    lab.stand(ONE, PROBATION)
    two.free.clear()
    assert (await lab.asker().ask(request(), accept=taken)).lp == ONE
    two.free.set()
    assert (await lab.asker().ask(request(), accept=taken)).lp == TWO
    assert len(one.requests) == 1
    assert lab.standings.seen().count((ONE, "ok")) == 1


async def test_probe_reports_although_it_was_overtaken(lab: AskLab) -> None:
    one, _ = lab.add(ONE), lab.add(TWO)
    lab.stand(ONE, PROBATION)
    one.free.clear()
    assert (await lab.asker().ask(request(), accept=taken)).lp == TWO
    assert lab.standings.seen() == [(TWO, "ok")]
    one.free.set()
    assert await lab.background.drain() == 0
    assert (one.cancelled, lab.standings.seen()) == (0, [(TWO, "ok"), (ONE, "ok")])


async def test_probe_of_an_lp_that_may_not_execute_is_not_offered(lab: AskLab) -> None:
    lab.add(ONE)
    lab.stand(ONE, replace(PROBATION, may_execute=False))
    with pytest.raises(NoLiquidity):
        await lab.asker().ask(request(), accept=taken)
    assert await lab.background.drain() == 0
    assert lab.standings.seen() == [(ONE, "ok")]


async def test_many_at_once_are_kept_apart(lab: AskLab) -> None:
    lab.add(ONE, price=PRICE)
    asker: AskProviders = lab.asker()
    amounts = range(1, 101)
    quotes = await asyncio.gather(
        *(asker.ask(request(units=amount * 1_000), accept=taken) for amount in amounts)
    )
    assert [quote.base_units for quote in quotes] == [amount * 1_000 for amount in amounts]
    assert still_running() == 0
