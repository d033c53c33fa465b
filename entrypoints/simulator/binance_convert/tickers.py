"""bookTicker of one symbol; the vendor's other forms of the call are not served."""

from aiohttp import web

from entrypoints.simulator.binance_convert import errors
from entrypoints.simulator.binance_convert.catalog import SPOT
from entrypoints.simulator.binance_convert.errors import VendorError, ok
from entrypoints.simulator.binance_convert.guard import Call
from entrypoints.simulator.binance_convert.params import required
from entrypoints.simulator.binance_convert.schemas import BookTickerAnswer
from entrypoints.simulator.decimals import plain
from entrypoints.simulator.tickers import ticker_book
from entrypoints.simulator.vendor import Vendor

BOOK_TICKER_PARAMS = frozenset(("symbol",))


class Tickers:
    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    async def book_ticker(self, call: Call) -> web.Response:
        symbol = required(call.params, "symbol")
        pair = SPOT.get(symbol)
        book = None if pair is None else ticker_book(self._vendor, call.faults, *pair)
        if book is None:
            raise VendorError(errors.INVALID_PAIR)
        answer = BookTickerAnswer(
            symbol=symbol, bid_price=plain(book.bid), ask_price=plain(book.ask)
        )
        return ok(answer)
