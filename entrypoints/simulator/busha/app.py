"""Quotes and transfers, on the vendor's own paths."""

import msgspec
from aiohttp import web

from entrypoints.simulator.busha.catalog import OPENING_BALANCES, PLACES
from entrypoints.simulator.busha.guard import PAIRS_PATH, BushaGuard
from entrypoints.simulator.busha.quoting import Quoting
from entrypoints.simulator.busha.transfers import Transfers
from entrypoints.simulator.conversions import Quote, QuoteBook
from entrypoints.simulator.fault_catalog import TICKER_FAULTS
from entrypoints.simulator.faults import Stage
from entrypoints.simulator.guarding import Endpoint
from entrypoints.simulator.journal import Line
from entrypoints.simulator.orders import Order, OrderBook
from entrypoints.simulator.vendor import Vendor

__all__ = ["FAULTS", "OPENING_BALANCES", "Busha"]

QUOTE_ROW, ORDER_ROW = "busha.quote", "busha.transfer"

FAULTS = (
    "quote_slow",
    "quote_5xx",
    "quote_429",
    "stale_price",
    "price_off_by",
    "limits_changed",
    "execute_timeout_after_commit",
    "execute_timeout_before_commit",
    "execute_502_after_commit",
    "execute_200_truncated_json",
    "execute_async_pending",
    "last_look_reject",
    "expired_executes_at_market",
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


class Busha:
    def __init__(self, vendor: Vendor, seed: int) -> None:
        self._vendor = vendor
        self._quotes = QuoteBook(seed, row=QUOTE_ROW)
        self._orders = OrderBook(vendor, row=ORDER_ROW, places=PLACES)

    def routes(self) -> list[web.RouteDef]:
        transfers = Transfers(self._vendor, self._quotes, self._orders)
        guard = BushaGuard(self._vendor, transfers.left_behind)
        quoting = Quoting(self._vendor, self._quotes)
        post, get = "POST", "GET"
        rows = (
            (get, PAIRS_PATH, quoting.pairs, Stage.TICKER),
            (post, "/v1/quotes", quoting.quote, Stage.QUOTE),
            (post, "/v1/transfers", transfers.create, Stage.EXECUTE),
            (get, "/v1/transfers", transfers.listed, Stage.HISTORY),
            (get, "/v1/transfers/{id}", transfers.one, Stage.LOOKUP),
        )
        return [
            guard.route(Endpoint(method=method, path=path, serve=serve, stage=stage))
            for method, path, serve, stage in rows
        ]

    def restore(self, line: Line) -> None:
        if line.kind == QUOTE_ROW:
            self._quotes.add(msgspec.json.decode(line.row, type=Quote))
        elif line.kind == ORDER_ROW:
            order = msgspec.json.decode(line.row, type=Order)
            self._orders.add(order)
            state = self._quotes.find(order.quote.quote_id) or self._quotes.add(order.quote)
            state.spent = True
