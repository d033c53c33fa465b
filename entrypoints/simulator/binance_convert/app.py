"""The Convert endpoints, on the vendor's own paths and with the vendor's own weights."""

import msgspec
from aiohttp import web

from entrypoints.simulator.binance_convert.catalog import ASSETS, OPENING_BALANCES
from entrypoints.simulator.binance_convert.errors import ok
from entrypoints.simulator.binance_convert.executing import Executing
from entrypoints.simulator.binance_convert.guard import Call, Endpoint, Guard
from entrypoints.simulator.binance_convert.holdings import ACCOUNT_PARAMS, Holdings
from entrypoints.simulator.binance_convert.limits import Per
from entrypoints.simulator.binance_convert.lookups import (
    ORDER_STATUS_PARAMS,
    TRADE_FLOW_PARAMS,
    Lookups,
)
from entrypoints.simulator.binance_convert.quoting import GET_QUOTE_PARAMS, Quoting
from entrypoints.simulator.binance_convert.schemas import ServerTime
from entrypoints.simulator.binance_convert.tickers import BOOK_TICKER_PARAMS, Tickers
from entrypoints.simulator.binance_convert.words import ORDER_ROW, QUOTE_ROW
from entrypoints.simulator.conversions import Quote, QuoteBook
from entrypoints.simulator.fault_catalog import TICKER_FAULTS
from entrypoints.simulator.faults import Stage
from entrypoints.simulator.journal import Line
from entrypoints.simulator.orders import Order, OrderBook
from entrypoints.simulator.vendor import Vendor

__all__ = ["FAULTS", "OPENING_BALANCES", "BinanceConvert"]

CONVERT = "/sapi/v1/convert"

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
    "ip_ban_418",
    *TICKER_FAULTS,
)


class BinanceConvert:
    def __init__(self, vendor: Vendor, seed: int) -> None:
        self._vendor = vendor
        self._quotes = QuoteBook(seed, row=QUOTE_ROW)
        places = {asset: rule.fraction for asset, rule in ASSETS.items()}
        self._orders = OrderBook(vendor, row=ORDER_ROW, places=places)

    def routes(self) -> list[web.RouteDef]:
        lookups = Lookups(self._quotes, self._orders)
        guard = Guard(self._vendor, lookups.left_behind)
        return [
            web.route(endpoint.method, endpoint.path, guard.handler(endpoint), allow_head=False)
            if endpoint.method == "GET"
            else web.route(endpoint.method, endpoint.path, guard.handler(endpoint))
            for endpoint in self._endpoints(lookups)
        ]

    def restore(self, line: Line) -> None:
        if line.kind == QUOTE_ROW:
            self._quotes.add(msgspec.json.decode(line.row, type=Quote))
        elif line.kind == ORDER_ROW:
            order = msgspec.json.decode(line.row, type=Order)
            self._orders.add(order)
            state = self._quotes.find(order.quote.quote_id) or self._quotes.add(order.quote)
            state.spent = True

    async def _server_time(self, call: Call) -> web.Response:
        return ok(ServerTime(call.now_ms))

    def _endpoints(self, lookups: Lookups) -> list[Endpoint]:
        quoting = Quoting(self._vendor, self._quotes)
        executing = Executing(self._vendor, self._quotes, self._orders)
        return [
            *self._general(),
            *self._catalogue(quoting),
            Endpoint(
                method="POST",
                path=f"{CONVERT}/getQuote",
                weight=200,
                per=Per.UID,
                serve=quoting.get_quote,
                params=GET_QUOTE_PARAMS,
                stage=Stage.QUOTE,
            ),
            Endpoint(
                method="POST",
                path=f"{CONVERT}/acceptQuote",
                weight=500,
                per=Per.UID,
                serve=executing.accept_quote,
                params=frozenset(("quoteId",)),
                stage=Stage.EXECUTE,
            ),
            Endpoint(
                method="GET",
                path=f"{CONVERT}/orderStatus",
                weight=100,
                per=Per.UID,
                serve=lookups.order_status,
                params=ORDER_STATUS_PARAMS,
                stage=Stage.LOOKUP,
            ),
            Endpoint(
                method="GET",
                path=f"{CONVERT}/tradeFlow",
                weight=3_000,
                per=Per.UID,
                serve=lookups.trade_flow,
                params=TRADE_FLOW_PARAMS,
                stage=Stage.HISTORY,
            ),
        ]

    def _catalogue(self, quoting: Quoting) -> list[Endpoint]:
        return [
            Endpoint(
                method="GET",
                path=f"{CONVERT}/exchangeInfo",
                weight=3_000,
                per=Per.IP,
                serve=quoting.exchange_info,
                params=frozenset(("fromAsset", "toAsset")),
                signed=False,
            ),
            Endpoint(
                method="GET",
                path=f"{CONVERT}/assetInfo",
                weight=100,
                per=Per.IP,
                serve=quoting.asset_info,
                params=frozenset(),
            ),
        ]

    def _general(self) -> list[Endpoint]:
        """Of the vendor's general API, which Convert is a part of."""
        return [
            Endpoint(
                method="GET",
                path="/api/v3/time",
                weight=1,
                per=Per.IP,
                serve=self._server_time,
                params=frozenset(),
                signed=False,
            ),
            Endpoint(
                method="GET",
                path="/api/v3/ticker/bookTicker",
                weight=2,
                per=Per.IP,
                serve=Tickers(self._vendor).book_ticker,
                params=BOOK_TICKER_PARAMS,
                stage=Stage.TICKER,
                signed=False,
            ),
            Endpoint(
                method="GET",
                path="/api/v3/account",
                weight=20,
                per=Per.IP,
                serve=Holdings(self._vendor).account,
                params=ACCOUNT_PARAMS,
                stage=Stage.HISTORY,
            ),
        ]
