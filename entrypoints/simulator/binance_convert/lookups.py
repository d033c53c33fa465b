"""orderStatus and tradeFlow: the two witnesses of what happened to a quote."""

from itertools import islice

from aiohttp import web

from entrypoints.simulator.binance_convert import errors
from entrypoints.simulator.binance_convert.errors import VendorError, ok
from entrypoints.simulator.binance_convert.guard import Call
from entrypoints.simulator.binance_convert.params import Params, optional_int, required_int
from entrypoints.simulator.binance_convert.schemas import OrderAnswer, TradeFlowAnswer, TradeFlowRow
from entrypoints.simulator.binance_convert.words import WORDS
from entrypoints.simulator.conversions import QuoteBook
from entrypoints.simulator.decimals import plain
from entrypoints.simulator.faults import FaultQueue
from entrypoints.simulator.orders import Order, OrderBook

WINDOW_MS_MAX = 30 * 24 * 60 * 60 * 1_000
LIMIT_DEFAULT, LIMIT_MAX = 100, 1_000
ORDER_STATUS_PARAMS = frozenset(("orderId", "quoteId"))
TRADE_FLOW_PARAMS = frozenset(("startTime", "endTime", "limit"))


class Lookups:
    def __init__(self, quotes: QuoteBook, orders: OrderBook) -> None:
        self._quotes = quotes
        self._orders = orders

    def left_behind(self, sent: Params) -> FaultQueue | None:
        """The faults an earlier header left for the quote that is asked about."""
        quote_id = sent.get("quoteId")
        if quote_id is None and sent.get("orderId", "").isdecimal():
            order = self._orders.by_id(int(sent["orderId"]))
            quote_id = order.quote.quote_id if order is not None else None
        state = self._quotes.find(quote_id) if quote_id else None
        return state.faults if state is not None and state.faults else None

    async def order_status(self, call: Call) -> web.Response:
        """By orderId or by quoteId, not both. Before an accept, both find nothing."""
        order = self._asked_for(call.params)
        hidden = "lookup_404_then_found" in call.faults or "lookup_404_forever" in call.faults
        if order is None or hidden:
            raise VendorError(errors.ORDER_NOT_FOUND)
        return ok(order_answer(order, WORDS[order.look()]))

    def _asked_for(self, sent: Params) -> Order | None:
        quote_id = sent.get("quoteId")
        if quote_id and sent.get("orderId"):
            raise VendorError(errors.OPTIONAL_PARAMETERS)
        if quote_id:
            return self._orders.by_quote(quote_id)
        return self._orders.by_id(required_int(sent, "orderId"))

    async def trade_flow(self, call: Call) -> web.Response:
        """Newest first. `moreData`: the window holds more than `limit`; narrow it by endTime."""
        start_ms = required_int(call.params, "startTime")
        end_ms = required_int(call.params, "endTime")
        limit = optional_int(call.params, "limit", LIMIT_DEFAULT)
        if end_ms - start_ms > WINDOW_MS_MAX:
            raise VendorError(errors.INTERVAL_TOO_BIG)
        if end_ms < start_ms:
            raise VendorError(errors.INVALID_PARAMETER, param="endTime")
        if not 1 <= limit <= LIMIT_MAX:
            raise VendorError(errors.INVALID_PARAMETER, param="limit")
        inside = (
            order for order in self._orders.newest_first() if start_ms <= order.created_ms <= end_ms
        )
        found = list(islice(inside, limit + 1))
        return ok(
            TradeFlowAnswer(
                rows=[trade_flow_row(order) for order in found[:limit]],
                start_time=start_ms,
                end_time=end_ms,
                limit=limit,
                more_data=len(found) > limit,
            )
        )


def order_answer(order: Order, status: str) -> OrderAnswer:
    terms = order.terms
    return OrderAnswer(
        order_id=order.order_id,
        order_status=status,
        from_asset=terms.from_asset,
        from_amount=plain(terms.from_amount),
        to_asset=terms.to_asset,
        to_amount=plain(terms.to_amount),
        ratio=plain(terms.ratio),
        inverse_ratio=plain(terms.inverse_ratio),
        create_time=order.created_ms,
    )


def trade_flow_row(order: Order) -> TradeFlowRow:
    terms = order.terms
    return TradeFlowRow(
        quote_id=order.quote.quote_id,
        order_id=order.order_id,
        order_status=WORDS[order.shown()],
        from_asset=terms.from_asset,
        from_amount=plain(terms.from_amount),
        to_asset=terms.to_asset,
        to_amount=plain(terms.to_amount),
        ratio=plain(terms.ratio),
        inverse_ratio=plain(terms.inverse_ratio),
        create_time=order.created_ms,
    )
