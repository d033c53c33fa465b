"""Asking several vendors over HTTP: slow, gone, lying, or unable to fix the customer's side."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from msgspec.structs import replace

from application.errors import NoLiquidity
from domain.liquidity.answer import covers
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRequest, QuoteRefusal
from domain.liquidity.routing import HEDGE_FACTOR, AskMode, RoutingPolicy
from domain.liquidity.standing import Standing
from domain.quotes.pricing import LpQuoteMismatch
from domain.shared.side import FixedSide, Side
from tests.liquidity.instruments import BTC_USDT, BTC_ZAR
from tests.liquidity.routing_lab import RoutingLab
from tests.unit.application.quotes.lab import taken

PRIMARY, BACKUP, THIRD = LpName("primary"), LpName("backup"), LpName("third")
HEDGE_MS: Final = 60
DEADLINE_MS: Final = 20_000
# Longer than any test waits: who gets an answer did not wait for this one.
SLOW_MS: Final = 25_000
ASKED: Final = LpQuoteRequest(
    instrument=BTC_USDT, side=Side.BUY, fixed=FixedSide.BASE, units=1_000_000
)


@asynccontextmanager
async def two_vendors() -> AsyncIterator[RoutingLab]:
    lab = RoutingLab(BTC_USDT, price="64000")
    try:
        for name in (PRIMARY, BACKUP):
            await lab.add(name)
        lab.route(RoutingPolicy(PRIMARY, (BACKUP,), hedge_after_ms=HEDGE_MS))
        # What an adapter loads before its first price is not what is looked at here.
        for vendor in lab.vendors.values():
            await vendor.provider.request_quote(ASKED)
            vendor.quotes_asked = 0
        yield lab
    finally:
        await lab.close()


async def quote_from(lab: RoutingLab, asked: LpQuoteRequest = ASKED) -> LpQuote:
    return await lab.asker(deadline_ms=DEADLINE_MS).ask(asked, accept=taken)


def counts(lab: RoutingLab) -> list[int]:
    return [vendor.quotes_asked for vendor in lab.vendors.values()]


async def test_primary_that_is_well_is_asked_alone() -> None:
    async with two_vendors() as lab:
        lab.route(RoutingPolicy(PRIMARY, (BACKUP,), hedge_after_ms=10_000))
        assert (await quote_from(lab)).lp == PRIMARY
        assert counts(lab) == [1, 0]


async def test_slow_primary_is_overtaken_and_nothing_of_it_is_left() -> None:
    async with two_vendors() as lab:
        lab.standings.of[PRIMARY] = Standing(latency_ms=HEDGE_MS // HEDGE_FACTOR)
        await lab.vendors[PRIMARY].arm("quote_slow", ms=SLOW_MS)
        async with asyncio.timeout(DEADLINE_MS / 2_000):
            assert (await quote_from(lab)).lp == BACKUP
        assert counts(lab) == [1, 1]
        assert (PRIMARY, "timeout") in lab.standings.seen()
        ours = [task for task in asyncio.all_tasks() if "AskProviders" in repr(task.get_coro())]
        assert ours == []


async def test_primary_that_is_gone_costs_no_quote() -> None:
    async with two_vendors() as lab:
        await lab.vendors[PRIMARY].running.close()
        assert (await quote_from(lab)).lp == BACKUP
        assert counts(lab) == [0, 1]


@pytest.mark.parametrize(
    "fault", ["quote_5xx", "quote_429", "quote_insufficient_funds_no_id", "ip_ban_418"]
)
async def test_primary_that_refuses_is_followed_by_the_backup(fault: str) -> None:
    async with two_vendors() as lab:
        await lab.vendors[PRIMARY].arm(fault)
        assert (await quote_from(lab)).lp == BACKUP
        assert counts(lab) == [1, 1]


async def test_price_that_is_a_lie_is_refused_and_the_backups_taken() -> None:
    async with two_vendors() as lab:
        await lab.vendors[PRIMARY].arm("price_off_by", bps=-2_000)

        async def sane(lp_quote: LpQuote) -> LpQuote:
            """What a price guard does, with a reference of its own."""
            if lp_quote.quote_units * 100 < 63_000 * lp_quote.base_units * 100:
                raise LpQuoteMismatch("far from what it is worth")
            return lp_quote

        won = await lab.asker(deadline_ms=DEADLINE_MS).ask(ASKED, accept=sane)
        assert (won.lp, counts(lab)) == (BACKUP, [1, 1])
        assert (PRIMARY, "invalid_response") in lab.standings.seen()


async def test_without_a_vendor_that_quotes_there_is_honestly_no_liquidity() -> None:
    async with two_vendors() as lab:
        await lab.vendors[PRIMARY].arm("quote_slow", ms=SLOW_MS)
        await lab.vendors[BACKUP].running.close()
        with pytest.raises(NoLiquidity) as refused:
            await lab.asker(deadline_ms=500).ask(ASKED, accept=taken)
        reasons = dict(refused.value.context["refused"])  # type: ignore[call-overload]
        assert reasons == {PRIMARY: QuoteRefusal.TIMEOUT, BACKUP: QuoteRefusal.UNAVAILABLE}
        assert counts(lab) == [1, 0]


async def test_best_of_two_markets_is_taken() -> None:
    async with two_vendors() as lab:
        await lab.vendors[BACKUP].price("63000", instrument=BTC_USDT)
        lab.route(RoutingPolicy(PRIMARY, (BACKUP,), mode=AskMode.BEST_OF, hedge_after_ms=10_000))
        assert (await quote_from(lab)).lp == BACKUP
        selling = LpQuoteRequest(
            instrument=BTC_USDT, side=Side.SELL, fixed=FixedSide.BASE, units=1_000_000
        )
        assert (await quote_from(lab, selling)).lp == PRIMARY
        assert counts(lab) == [2, 2]


@pytest.mark.parametrize(
    ("dialect", "side", "fixed", "units"),
    [
        ("b2c2", Side.BUY, FixedSide.QUOTE, 200_000 * 10**8),
        ("b2c2", Side.SELL, FixedSide.QUOTE, 200_000 * 10**8),
        ("bybit_convert", Side.BUY, FixedSide.BASE, 1_234_567),
        ("bybit_convert", Side.SELL, FixedSide.QUOTE, 777 * 10**8),
        ("luno", Side.BUY, FixedSide.QUOTE, 12_345_67),
        ("luno", Side.SELL, FixedSide.QUOTE, 12_345_67),
    ],
)
async def test_vendor_that_cannot_fix_the_side_is_asked_twice_and_covers_it(
    dialect: str, side: Side, fixed: FixedSide, units: int
) -> None:
    # Real minima: the first question of all is about an amount that they suggest.
    traded, least = (BTC_ZAR, 2_000) if dialect == "luno" else (BTC_USDT, 10**8)
    instrument = replace(traded, min_base_units=10**5, min_quote_units=least)
    lab = RoutingLab(instrument, price="1200000" if dialect == "luno" else "64000")
    try:
        vendor = await lab.add(PRIMARY, dialect)
        asked = LpQuoteRequest(instrument=instrument, side=side, fixed=fixed, units=units)
        asker = lab.asker(deadline_ms=DEADLINE_MS)
        await _learn(lab, asked)
        assert not vendor.provider.capabilities.fixes(side, fixed)
        vendor.quotes_asked = 0
        won = await asker.ask(asked, accept=taken)
        assert covers(asked, won)
        assert vendor.quotes_asked <= 2
        # The market stands still, and the rate is known now.
        assert covers(asked, await asker.ask(asked, accept=taken))
        assert vendor.quotes_asked <= 3
    finally:
        await lab.close()


async def _learn(lab: RoutingLab, asked: LpQuoteRequest) -> None:
    """What the adapter loads before its first price."""
    await lab.vendors[PRIMARY].provider.request_quote(asked)
