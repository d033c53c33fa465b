"""convert-result-query and query-convert-history: the two witnesses of what happened to a quote."""

import re
from itertools import islice

from aiohttp import web

from entrypoints.simulator.bybit_convert import errors
from entrypoints.simulator.bybit_convert.errors import VendorError, ok
from entrypoints.simulator.bybit_convert.quoting import account_type, required
from entrypoints.simulator.bybit_convert.schemas import (
    Conversion,
    ConversionList,
    NestedConversion,
)
from entrypoints.simulator.bybit_convert.words import WORDS
from entrypoints.simulator.conversions import QuoteBook
from entrypoints.simulator.decimals import plain
from entrypoints.simulator.faults import FaultQueue
from entrypoints.simulator.guarding import Call, Fields
from entrypoints.simulator.orders import Order, OrderBook, Shown
from entrypoints.simulator.vendor import Vendor

LIMIT_DEFAULT, LIMIT_MAX = "20", 100
USER_ID = "20250921"
_NUMBER = re.compile(r"[0-9]{1,6}")


class Lookups:
    def __init__(self, vendor: Vendor, quotes: QuoteBook, orders: OrderBook) -> None:
        self._vendor = vendor
        self._quotes = quotes
        self._orders = orders

    def left_behind(self, fields: Fields) -> FaultQueue | None:
        """The faults an earlier header left for the quote that is asked about."""
        state = self._quotes.find(fields.get("quoteTxId", ""))
        return state.faults if state is not None and state.faults else None

    async def result(self, call: Call) -> web.Response:
        kind = account_type(call.fields)
        order = self._orders.by_quote(required(call.fields, "quoteTxId"))
        hidden = "lookup_404_then_found" in call.faults or "lookup_404_forever" in call.faults
        if order is None or hidden:
            raise VendorError(errors.NOT_FOUND)
        return ok(NestedConversion(conversion(order, order.look(), kind)), call.now_ms)

    async def history(self, call: Call) -> web.Response:
        """Newest first, in numbered pages; there is no window of time to ask for."""
        kind = account_type(call.fields)
        index, limit = (
            number(call.fields, "index", "1"),
            number(call.fields, "limit", LIMIT_DEFAULT),
        )
        if limit > LIMIT_MAX:
            raise VendorError(errors.PARAMETER, param="limit")
        start = (index - 1) * limit
        rows = islice(self._orders.newest_first(), start, start + limit)
        listed = [conversion(order, order.shown(), kind) for order in rows]
        return ok(ConversionList(listed), call.now_ms)


def number(fields: Fields, name: str, default: str) -> int:
    text = fields.get(name, default)
    if not _NUMBER.fullmatch(text) or not int(text):
        raise VendorError(errors.PARAMETER, param=name)
    return int(text)


def conversion(order: Order, shown: Shown, kind: str) -> Conversion:
    terms = order.terms
    return Conversion(
        account_type=kind,
        exchange_tx_id=order.quote.quote_id,
        user_id=USER_ID,
        from_coin=terms.from_asset,
        from_amount=plain(terms.from_amount),
        to_coin=terms.to_asset,
        to_amount=plain(terms.to_amount),
        exchange_status=WORDS[shown],
        convert_rate=plain(terms.ratio),
        created_at=str(order.created_ms),
    )
