"""The public ticker of one pair."""

from aiohttp import web

from entrypoints.simulator.decimals import plain
from entrypoints.simulator.guarding import Call
from entrypoints.simulator.luno import errors
from entrypoints.simulator.luno.catalog import MARKETS, OURS
from entrypoints.simulator.luno.errors import VendorError, ok
from entrypoints.simulator.luno.schemas import TickerView
from entrypoints.simulator.tickers import ticker_book
from entrypoints.simulator.vendor import Vendor

TICKER_PATH = "/api/1/ticker"


class Tickers:
    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    async def ticker(self, call: Call) -> web.Response:
        pair = call.fields.get("pair", "")
        rule = MARKETS.get(pair)
        if rule is None:
            raise VendorError(errors.MARKET_UNAVAILABLE)
        base, counter = OURS.get(rule.base, rule.base), OURS.get(rule.counter, rule.counter)
        book = ticker_book(self._vendor, call.faults, base, counter)
        if book is None:
            raise VendorError(errors.MARKET_UNAVAILABLE)
        view = TickerView(
            pair=pair,
            timestamp=book.at_ms,
            bid=plain(book.bid),
            ask=plain(book.ask),
            last_trade=plain(book.bid),
        )
        return ok(view)
