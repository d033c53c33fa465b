"""The exchange's endpoints, on the vendor's own paths."""

import msgspec
from aiohttp import web

from entrypoints.simulator.fault_catalog import TICKER_FAULTS
from entrypoints.simulator.faults import Stage
from entrypoints.simulator.guarding import Endpoint
from entrypoints.simulator.journal import Line
from entrypoints.simulator.leftovers import Leftovers
from entrypoints.simulator.luno.catalog import OPENING_BALANCES
from entrypoints.simulator.luno.guard import LunoGuard
from entrypoints.simulator.luno.orders import ORDER_ROW, Order, Orders
from entrypoints.simulator.luno.placing import Placing
from entrypoints.simulator.luno.reading import Reading
from entrypoints.simulator.luno.tickers import TICKER_PATH, Tickers
from entrypoints.simulator.vendor import Vendor

__all__ = ["FAULTS", "OPENING_BALANCES", "Luno"]

FAULTS = (
    "quote_slow",
    "quote_5xx",
    "quote_429",
    "stale_price",
    "price_off_by",
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


class Luno:
    def __init__(self, vendor: Vendor, _seed: int) -> None:
        self._vendor = vendor
        self._orders = Orders(vendor)

    def routes(self) -> list[web.RouteDef]:
        leftovers = Leftovers(market="pair")
        guard = LunoGuard(self._vendor, leftovers.find)
        reading = Reading(self._vendor, self._orders, leftovers)
        placing = Placing(self._vendor, self._orders, leftovers)
        post, get = "POST", "GET"
        rows = (
            (get, "/api/exchange/1/markets", reading.markets, None),
            (get, "/api/1/orderbook_top", reading.top_of_book, Stage.QUOTE),
            (get, TICKER_PATH, Tickers(self._vendor).ticker, Stage.TICKER),
            (get, "/api/1/fee_info", reading.fee_info, None),
            (post, "/api/1/postorder", placing.post_order, Stage.EXECUTE),
            (get, "/api/exchange/3/order", reading.order, Stage.LOOKUP),
            (get, "/api/exchange/2/listorders", reading.list_orders, Stage.HISTORY),
            (get, "/api/1/balance", reading.balance, Stage.HISTORY),
        )
        return [
            guard.route(Endpoint(method=method, path=path, serve=serve, stage=stage))
            for method, path, serve, stage in rows
        ]

    def restore(self, line: Line) -> None:
        if line.kind == ORDER_ROW:
            self._orders.add(msgspec.json.decode(line.row, type=Order))
