"""Public prices of four vendors, read from their simulators over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Final

import aiohttp
import pytest

from adapters.http_client.client import HttpClient
from adapters.liquidity.binance_convert.ticker import TICKER as BINANCE
from adapters.liquidity.busha.ticker import TICKER as BUSHA
from adapters.liquidity.busha.ticker import read_ticker as read_busha
from adapters.liquidity.bybit_convert.ticker import TICKER as BYBIT
from adapters.liquidity.luno.ticker import TICKER as LUNO
from adapters.liquidity.reading import Unreadable, amount_text
from adapters.liquidity.ticker import PublicTicker, Ticker
from application.ports.price_reference import PriceReference
from domain.assets.instrument import Instrument
from entrypoints.cli.sandbox.samples import INSTRUMENTS
from entrypoints.simulator.server import RunningSimulator, create_simulator, serve
from tests.liquidity.vendor_lab import CREDENTIALS, SharedClock

LISTED: Final = {instrument.symbol: instrument for instrument in INSTRUMENTS}
VENDORS: Final = (
    ("binance_convert", BINANCE, "BTC-USDT", "64000"),
    ("binance_convert", BINANCE, "BTC-ZAR", "1177600"),
    ("bybit_convert", BYBIT, "ETH-USDT", "3100"),
    ("luno", LUNO, "BTC-ZAR", "1177600"),
    ("busha", BUSHA, "USDT-NGN", "1550"),
    ("busha", BUSHA, "USDT-KES", "129"),
)


class Lab:
    def __init__(
        self, running: RunningSimulator, clock: SharedClock, reference: PriceReference
    ) -> None:
        self.running, self.clock, self.reference = running, clock, reference

    async def control(self, method: str, path: str, body: object = None) -> None:
        async with aiohttp.ClientSession() as session:
            url = f"{self.running.control_url}/{path}"
            async with session.request(method, url, json=body) as answer:
                assert answer.ok, await answer.text()


@asynccontextmanager
async def lab_of(dialect: str, ticker: Ticker) -> AsyncIterator[Lab]:
    clock = SharedClock()
    running = await serve(create_simulator(dialect, seed=7, credentials=CREDENTIALS, clock=clock))
    reference = PublicTicker(
        ticker,
        source="ours",
        vendor=dialect,
        base_url=running.url,
        http=HttpClient(jitter=lambda limit: limit),
        clock=clock,
    )
    try:
        yield Lab(running, clock, reference)
    finally:
        await reference.close()
        await running.close()


@pytest.mark.parametrize(("dialect", "ticker", "symbol", "price"), VENDORS)
async def test_best_prices_are_read_to_the_digit_without_credentials(
    dialect: str, ticker: Ticker, symbol: str, price: str
) -> None:
    async with lab_of(dialect, ticker) as lab:
        bid, ask = Decimal(price) - Decimal("0.25"), Decimal(price) + Decimal("0.75")
        await lab.control(
            "POST", "prices", {"instrument": symbol, "bid": str(bid), "ask": str(ask)}
        )
        read = await lab.reference.read(LISTED[symbol])
        assert read is not None
        assert (read.bid, read.ask) == (bid, ask)
        assert (read.source, read.vendor) == ("ours", dialect)
        assert read.observed_at == lab.clock.now()
        assert read.source_time in {None, lab.clock.now()}


@pytest.mark.parametrize(("dialect", "ticker", "symbol", "price"), VENDORS)
async def test_lying_ticker_is_read_as_it_lies(
    dialect: str, ticker: Ticker, symbol: str, price: str
) -> None:
    async with lab_of(dialect, ticker) as lab:
        await lab.control("POST", "prices", {"instrument": symbol, "bid": price, "ask": price})
        await lab.control("POST", "faults", {"fault": "ticker_off_by", "bps": 200})
        read = await lab.reference.read(LISTED[symbol])
        assert read is not None
        assert read.bid == read.ask == Decimal(price) * Decimal("1.02")


@pytest.mark.parametrize(("dialect", "ticker", "symbol", "price"), VENDORS)
async def test_trouble_is_no_price(dialect: str, ticker: Ticker, symbol: str, price: str) -> None:
    async with lab_of(dialect, ticker) as lab:
        assert await lab.reference.read(LISTED[symbol]) is not None
        await lab.control("POST", "faults", {"fault": "ticker_5xx"})
        assert await lab.reference.read(LISTED[symbol]) is None
        await lab.control("DELETE", "faults")
        unlisted = "USDT-KES" if symbol != "USDT-KES" and dialect != "busha" else "ETH-USDT"
        assert await lab.reference.read(LISTED[unlisted]) is None
        await lab.running.close()
        assert await lab.reference.read(LISTED[symbol]) is None


@pytest.mark.parametrize(
    ("dialect", "ticker", "symbol"),
    [("bybit_convert", BYBIT, "BTC-USDT"), ("luno", LUNO, "BTC-ZAR")],
)
async def test_vendors_own_time_tells_a_price_that_stands_still(
    dialect: str, ticker: Ticker, symbol: str
) -> None:
    async with lab_of(dialect, ticker) as lab:
        await lab.control("POST", "faults", {"fault": "ticker_stale", "age_ms": 9_000})
        read = await lab.reference.read(LISTED[symbol])
        assert read is not None
        assert read.source_time == lab.clock.now() - timedelta(seconds=9)


BTC_USDT, BTC_ZAR, USDT_NGN = LISTED["BTC-USDT"], LISTED["BTC-ZAR"], LISTED["USDT-NGN"]


@pytest.mark.parametrize(
    ("ticker", "instrument", "body"),
    [
        (BINANCE, BTC_USDT, b'{"symbol":"ETHUSDT","bidPrice":"1","askPrice":"1"}'),
        (BINANCE, BTC_USDT, b'{"symbol":"BTCUSDT","bidPrice":"1"}'),
        (BINANCE, BTC_USDT, b"[]"),
        (BYBIT, BTC_USDT, b'{"retCode":10001,"retMsg":"no","result":{},"time":1}'),
        (BYBIT, BTC_USDT, b'{"retCode":0,"result":{"list":[]},"time":1}'),
        (
            LUNO,
            BTC_ZAR,
            b'{"pair":"XBTZAR","timestamp":1,"bid":"1","ask":"2","status":"SUSPENDED"}',
        ),
        (LUNO, BTC_ZAR, b'{"pair":"ETHZAR","timestamp":1,"bid":"1","ask":"2"}'),
        (BUSHA, USDT_NGN, b'{"data":[]}'),
        (BUSHA, USDT_NGN, b"<html>"),
    ],
)
def test_answer_that_is_no_price_of_the_instrument_is_unreadable(
    ticker: Ticker, instrument: Instrument, body: bytes
) -> None:
    with pytest.raises(Unreadable):
        ticker.read(body, instrument)


def test_pair_with_amounts_in_objects_is_read_too() -> None:
    body = (
        b'{"data":[{"base":"USDT","counter":"NGN","buy_price":{"amount":"1551.5","currency":"NGN"},'
        b'"sell_price":{"amount":1549.25,"currency":"NGN"}}]}'
    )
    told = read_busha(body, USDT_NGN)
    assert (amount_text(told.bid), amount_text(told.ask)) == ("1549.25", "1551.5")
