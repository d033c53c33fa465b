"""The Convert endpoints, on the vendor's own paths."""

import msgspec
from aiohttp import web

from entrypoints.simulator.bybit_convert.catalog import OPENING_BALANCES, PLACES
from entrypoints.simulator.bybit_convert.executing import Executing
from entrypoints.simulator.bybit_convert.guard import BybitGuard
from entrypoints.simulator.bybit_convert.lookups import Lookups
from entrypoints.simulator.bybit_convert.quoting import Quoting
from entrypoints.simulator.bybit_convert.tickers import TICKERS_PATH, Tickers
from entrypoints.simulator.bybit_convert.words import ORDER_ROW, QUOTE_ROW
from entrypoints.simulator.conversions import Quote, QuoteBook
from entrypoints.simulator.fault_catalog import TICKER_FAULTS
from entrypoints.simulator.faults import Stage
from entrypoints.simulator.guarding import Endpoint
from entrypoints.simulator.journal import Line
from entrypoints.simulator.orders import Order, OrderBook
from entrypoints.simulator.vendor import Vendor

__all__ = ["FAULTS", "OPENING_BALANCES", "BybitConvert"]

EXCHANGE = "/v5/asset/exchange"

FAULTS = (
    "quote_slow",
    "quote_5xx",
    "quote_429",
    "quote_insufficient_funds_no_id",
    "stale_price",
    "price_off_by",
    "limits_changed",
    "execute_timeout_after_commit",
    "execute_timeout_before_commit",
    "execute_502_after_commit",
    "execute_200_truncated_json",
    "execute_async_pending",
    "last_look_reject",
    "expired",
    "already_used",
    "duplicate_execute",
    "amounts_differ_from_quote",
    "unknown_enum",
    "balance_drop",
    "lookup_404_then_found",
    "lookup_404_forever",
    "lookup_5xx",
    "clock_skew",
    *TICKER_FAULTS,
)


class BybitConvert:
    def __init__(self, vendor: Vendor, seed: int) -> None:
        self._vendor = vendor
        self._quotes = QuoteBook(seed, row=QUOTE_ROW)
        self._orders = OrderBook(vendor, row=ORDER_ROW, places=PLACES)

    def routes(self) -> list[web.RouteDef]:
        lookups = Lookups(self._vendor, self._quotes, self._orders)
        guard = BybitGuard(self._vendor, lookups.left_behind)
        quoting = Quoting(self._vendor, self._quotes)
        executing = Executing(self._vendor, self._quotes, self._orders)
        post, get = "POST", "GET"
        rows = (
            (get, "query-coin-list", quoting.coins, Stage.HISTORY),
            (post, "quote-apply", quoting.apply, Stage.QUOTE),
            (post, "convert-execute", executing.execute, Stage.EXECUTE),
            (get, "convert-result-query", lookups.result, Stage.LOOKUP),
            (get, "query-convert-history", lookups.history, Stage.HISTORY),
        )
        tickers = Endpoint(
            method=get,
            path=TICKERS_PATH,
            serve=Tickers(self._vendor).spot,
            stage=Stage.TICKER,
        )
        return [
            guard.route(tickers),
            *(
                guard.route(
                    Endpoint(method=method, path=f"{EXCHANGE}/{name}", serve=serve, stage=stage)
                )
                for method, name, serve, stage in rows
            ),
        ]

    def restore(self, line: Line) -> None:
        if line.kind == QUOTE_ROW:
            self._quotes.add(msgspec.json.decode(line.row, type=Quote))
        elif line.kind == ORDER_ROW:
            order = msgspec.json.decode(line.row, type=Order)
            self._orders.add(order)
            state = self._quotes.find(order.quote.quote_id) or self._quotes.add(order.quote)
            state.spent = True
