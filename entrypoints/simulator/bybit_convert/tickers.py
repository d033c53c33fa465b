"""Spot tickers, of one symbol: public, and with our own word for the time of the price."""

from aiohttp import web

from entrypoints.simulator.bybit_convert import errors
from entrypoints.simulator.bybit_convert.catalog import PAIRS
from entrypoints.simulator.bybit_convert.errors import VendorError, ok
from entrypoints.simulator.bybit_convert.schemas import SpotTicker, SpotTickers
from entrypoints.simulator.decimals import plain
from entrypoints.simulator.guarding import Call
from entrypoints.simulator.tickers import ticker_book
from entrypoints.simulator.vendor import Vendor

TICKERS_PATH = "/v5/market/tickers"
SPOT = {f"{base}{quote}": (base, quote) for base, quote in PAIRS}


class Tickers:
    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    async def spot(self, call: Call) -> web.Response:
        if call.fields.get("category") != "spot":
            raise VendorError(errors.CATEGORY)
        symbol = call.fields.get("symbol", "")
        pair = SPOT.get(symbol)
        book = None if pair is None else ticker_book(self._vendor, call.faults, *pair)
        if book is None:
            raise VendorError(errors.SYMBOL)
        row = SpotTicker(
            symbol=symbol,
            bid=plain(book.bid),
            ask=plain(book.ask),
            last_price=plain(book.bid),
        )
        return ok(SpotTickers([row]), book.at_ms)
