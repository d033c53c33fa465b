"""The vendor's endpoints, on its own paths; it insists on the slash at their end."""

import msgspec
from aiohttp import web

from entrypoints.simulator.b2c2.catalog import OPENING_BALANCES
from entrypoints.simulator.b2c2.guard import B2c2Guard
from entrypoints.simulator.b2c2.orders import ORDER_ROW, Order, Orders
from entrypoints.simulator.b2c2.reading import Reading
from entrypoints.simulator.b2c2.trading import Trading
from entrypoints.simulator.faults import Stage
from entrypoints.simulator.guarding import Endpoint
from entrypoints.simulator.journal import Line
from entrypoints.simulator.leftovers import Leftovers
from entrypoints.simulator.vendor import Vendor

__all__ = ["FAULTS", "OPENING_BALANCES", "B2c2"]

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
    "last_look_reject",
    "executed_price_null",
    "expired",
    "already_used",
    "duplicate_execute",
    "lookup_404_then_found",
    "lookup_404_forever",
    "lookup_5xx",
    "clock_skew",
)


class B2c2:
    def __init__(self, vendor: Vendor, _seed: int) -> None:
        self._vendor = vendor
        self._orders = Orders(vendor)

    def routes(self) -> list[web.RouteDef]:
        leftovers = Leftovers(market="instrument")
        guard = B2c2Guard(self._vendor, leftovers.find)
        reading = Reading(self._vendor, self._orders)
        trading = Trading(self._vendor, self._orders, leftovers)
        post, get = "POST", "GET"
        rows = (
            (get, "/instruments/", reading.instruments, None),
            (post, "/request_for_quote/", trading.request_for_quote, Stage.QUOTE),
            (post, "/v2/order/", trading.order, Stage.EXECUTE),
            (get, "/order/{client_order_id}/", reading.order, Stage.LOOKUP),
            (get, "/trade/", reading.trades, Stage.HISTORY),
            (get, "/balance/", reading.balance, Stage.HISTORY),
            (get, "/account_info/", reading.account_info, Stage.HISTORY),
        )
        return [
            guard.route(Endpoint(method=method, path=path, serve=serve, stage=stage))
            for method, path, serve, stage in rows
        ]

    def restore(self, line: Line) -> None:
        if line.kind == ORDER_ROW:
            self._orders.add(msgspec.json.decode(line.row, type=Order))
