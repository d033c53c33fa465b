"""Providers and tickers that lie, over real HTTP: an honest price of somebody else, or none."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest

from application.errors import NoLiquidity
from domain.liquidity.price_guard import GuardStage as Stage
from domain.liquidity.quote import LpName, QuoteRefusal
from domain.orders.order import OrderStatus
from domain.quotes.quote import Quote, QuoteStatus
from domain.shared.side import FixedSide, Side
from tests.liquidity.guard_stage import (
    BACKUP,
    BUSHA,
    BYBIT,
    LISTED,
    LUNO,
    PRIMARY,
    GuardStage,
    guard_stage,
)
from tests.liquidity.vendor_lab import SharedClock

BTC: Final = Decimal(10**8)
NEAR: Final = Decimal("0.005")
MANY: Final = 1_000


class Pauses:
    """Ends the pauses of those who refresh prices, when a test lets time pass."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    async def pause(self, _duration: timedelta) -> None:
        await self._next.wait()

    def end(self) -> None:
        self._next.set()
        self._next = asyncio.Event()


class Guarded:
    def __init__(self, stage: GuardStage, clock: SharedClock, pauses: Pauses) -> None:
        self.stage, self.clock, self._pauses = stage, clock, pauses

    async def later(self, duration: timedelta, symbol: str = "BTC-USDT") -> None:
        """Time passes, and every source is asked again."""
        self.clock.advance(duration)
        self._pauses.end()
        async with asyncio.timeout(5):
            while any(
                each.failures == 0 and (each.reference is None or each.age_ms != 0)
                for each in self.stage.board.report()
                if each.instrument == symbol
            ):
                await asyncio.sleep(0)
                await self.stage.board.ready(LISTED[symbol])


@pytest.fixture
async def guarded() -> AsyncIterator[Guarded]:
    clock, pauses = SharedClock(), Pauses()
    async with guard_stage(clock, pause=pauses.pause) as stage:
        yield Guarded(stage, clock, pauses)


async def refusals(stage: GuardStage, symbol: str = "BTC-USDT") -> dict[LpName, QuoteRefusal]:
    """Why each LP gives no price, when nobody does."""
    with pytest.raises(NoLiquidity) as refused:
        # A sale of an exact amount is what all of them quote for.
        await stage.quote(symbol, Side.SELL, "1")
    listed = refused.value.context["refused"]
    assert isinstance(listed, tuple)
    return dict(listed)


def is_near(stage: GuardStage, quote: Quote) -> bool:
    price = Decimal(quote.lp_quote_units) / Decimal(quote.lp_base_units)
    true = stage.true_price(quote.instrument)
    return abs(price - true) <= NEAR * true


async def test_honest_primary_is_confirmed_by_vendors_that_are_not_its_own(
    guarded: Guarded,
) -> None:
    quote = await guarded.stage.quote()
    assert (quote.lp, is_near(guarded.stage, quote)) == (PRIMARY, True)
    evidence = quote.breakdown.evidence
    assert evidence is not None
    assert evidence.stage is Stage.QUOTE
    assert evidence.sources == ("bybit_reserve", "rate_sheet")
    assert abs(evidence.deviation_ppm) <= evidence.limit_ppm == 7_500


@pytest.mark.parametrize(
    ("symbol", "lp", "sources"),
    [
        ("ETH-USDT", PRIMARY, ("bybit_reserve", "rate_sheet")),
        ("BTC-ZAR", LUNO, ("binance_backup", "rate_sheet")),
        ("USDT-NGN", BUSHA, ("rate_sheet",)),
        ("USDT-KES", BUSHA, ("rate_sheet",)),
    ],
)
async def test_every_instrument_of_the_sandbox_is_confirmed(
    guarded: Guarded, symbol: str, lp: LpName, sources: tuple[str, ...]
) -> None:
    quote = await guarded.stage.quote(symbol, base_amount="1" if lp is BUSHA else "0.1")
    evidence = quote.breakdown.evidence
    assert evidence is not None
    assert quote.lp == lp
    # Two accounts at one vendor are one opinion, of whichever answered last.
    named = tuple("binance_backup" if "binance" in each else each for each in evidence.sources)
    assert named == sources


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("bps", [200, -200])
async def test_lying_primary_leaves_the_backups_price(
    guarded: Guarded, bps: int, side: Side
) -> None:
    """Also a lie in our favour: what is too good to be true is not executed at that."""
    await guarded.stage.arm(PRIMARY, "price_off_by", bps=bps, count=MANY)
    quote = await guarded.stage.quote(side=side)
    assert (quote.lp, is_near(guarded.stage, quote)) == (BACKUP, True)


async def test_vendor_that_lies_with_both_accounts_leaves_another_vendors_price(
    guarded: Guarded,
) -> None:
    for lp in (PRIMARY, BACKUP):
        await guarded.stage.arm(lp, "price_off_by", bps=200, count=MANY)
    quote = await guarded.stage.quote(side=Side.SELL)
    assert (quote.lp, is_near(guarded.stage, quote)) == (BYBIT, True)


async def test_everybody_lying_leaves_no_price(guarded: Guarded) -> None:
    for lp in (PRIMARY, BACKUP, BYBIT):
        await guarded.stage.arm(lp, "price_off_by", bps=-200, count=MANY)
    told = await refusals(guarded.stage)
    assert [told[lp] for lp in (PRIMARY, BACKUP, BYBIT)] == [QuoteRefusal.OFF_MARKET] * 3
    assert guarded.stage.store.quotes.of(guarded.stage.tenant_id) == {}


async def test_lying_ticker_is_not_believed_against_the_sheet(guarded: Guarded) -> None:
    await guarded.stage.arm(BYBIT, "ticker_off_by", bps=300)
    quote = await guarded.stage.quote(side=Side.SELL)
    # The liar's own quote is confirmed by those that do not lie; nobody else's is.
    assert (quote.lp, is_near(guarded.stage, quote)) == (BYBIT, True)


async def test_silent_tickers_leave_no_price_once_the_last_is_too_old(guarded: Guarded) -> None:
    assert (await guarded.stage.quote()).lp == PRIMARY
    for lp in (PRIMARY, BACKUP, BYBIT, LUNO, BUSHA):
        await guarded.stage.arm(lp, "ticker_5xx")
    guarded.clock.advance(timedelta(seconds=6))
    told = await refusals(guarded.stage)
    assert [told[lp] for lp in (PRIMARY, BACKUP, BYBIT)] == [QuoteRefusal.UNREFERENCED] * 3
    await guarded.stage.disarm()
    await guarded.later(timedelta(seconds=20))
    assert (await guarded.stage.quote()).lp == PRIMARY


async def test_rate_sheet_that_is_too_old_leaves_no_price(guarded: Guarded) -> None:
    await guarded.stage.set_sheet("USDT-NGN", age_max=timedelta(seconds=60))
    guarded.clock.advance(timedelta(seconds=60))
    assert (await guarded.stage.quote("USDT-NGN", base_amount="10")).lp == BUSHA
    guarded.clock.advance(timedelta(seconds=1))
    assert (await refusals(guarded.stage, "USDT-NGN"))[BUSHA] is QuoteRefusal.UNREFERENCED
    await guarded.stage.set_sheet("USDT-NGN")
    assert (await guarded.stage.quote("USDT-NGN", base_amount="10")).lp == BUSHA


async def test_market_that_jumps_is_not_followed_until_it_stays(guarded: Guarded) -> None:
    stage = guarded.stage
    before = await stage.quote()
    jumped = str((stage.true_price("BTC-USDT") * Decimal("1.05")).quantize(Decimal(1)))
    await stage.move("BTC-USDT", jumped)
    await stage.set_sheet_at("BTC-USDT", Decimal(jumped))
    await guarded.later(timedelta(seconds=1))
    assert set((await refusals(stage)).values()) <= {
        QuoteRefusal.UNREFERENCED,
        QuoteRefusal.UNSUPPORTED,
    }
    # The last good price is old by now, and the new one has stayed.
    await guarded.later(timedelta(seconds=61))
    after = await stage.quote()
    assert Decimal(after.lp_quote_units) > Decimal("1.04") * Decimal(before.lp_quote_units)


async def test_price_that_is_gone_at_acceptance_holds_nothing_and_leaves_the_quote_open(
    guarded: Guarded,
) -> None:
    stage = guarded.stage
    quote = await stage.quote()
    moved = str((stage.true_price("BTC-USDT") * Decimal("1.02")).quantize(Decimal(1)))
    await stage.move("BTC-USDT", moved)
    await stage.set_sheet_at("BTC-USDT", Decimal(moved))
    await guarded.later(timedelta(seconds=1))
    with pytest.raises(NoLiquidity) as refused:
        await stage.accept(quote)
    assert refused.value.context == {}
    assert await stage.held() == 0
    stored = stage.store.quotes.of(stage.tenant_id)[quote.id]
    assert stored.quote.status is QuoteStatus.OPEN
    for lp in stage.running:
        await stage.control(lp, "DELETE", "prices")
    await stage.set_sheet("BTC-USDT")
    await guarded.later(timedelta(seconds=1))
    order = await stage.accept(quote)
    assert order.status is OrderStatus.FILLED


async def test_process_that_knows_no_prices_yet_asks_before_it_executes(
    guarded: Guarded,
) -> None:
    """The order may come to another process than the quote did."""
    quote = await guarded.stage.quote()
    order = await guarded.stage.accept(quote, elsewhere=True)
    assert order.status is OrderStatus.FILLED


async def test_acceptance_without_any_reference_is_refused(guarded: Guarded) -> None:
    stage = guarded.stage
    quote = await stage.quote()
    for lp in stage.running:
        await stage.arm(lp, "ticker_5xx")
    guarded.clock.advance(timedelta(seconds=6))
    with pytest.raises(NoLiquidity):
        await stage.accept(quote)
    assert await stage.held() == 0
    assert stage.store.quotes.of(stage.tenant_id)[quote.id].quote.status is QuoteStatus.OPEN


async def test_lie_that_leads_beyond_the_customers_limits_is_not_the_customers_fault(
    guarded: Guarded,
) -> None:
    """At half the price so much quote asset would buy more than the instrument's maximum."""
    await guarded.stage.arm(PRIMARY, "price_off_by", bps=-5_000, count=MANY)
    amount = str(25 * guarded.stage.true_price("BTC-USDT"))
    quote = await guarded.stage.quote("BTC-USDT", Side.BUY, amount, fixed=FixedSide.QUOTE)
    assert (quote.lp, is_near(guarded.stage, quote)) == (BACKUP, True)
