"""acceptQuote, and everything that can happen to its answer."""

from aiohttp import web

from entrypoints.simulator.binance_convert import errors
from entrypoints.simulator.binance_convert.errors import VendorError, ok
from entrypoints.simulator.binance_convert.guard import Call
from entrypoints.simulator.binance_convert.params import required
from entrypoints.simulator.binance_convert.schemas import AcceptAnswer
from entrypoints.simulator.binance_convert.words import WORDS
from entrypoints.simulator.conversions import QuoteBook, QuoteState
from entrypoints.simulator.faults import Stage
from entrypoints.simulator.orders import NotAccepted, Order, OrderBook, Why
from entrypoints.simulator.striking import silence_before, spoilt
from entrypoints.simulator.vendor import Vendor

REFUSALS = {
    Why.EXPIRED: errors.QUOTE_EXPIRED,
    Why.USED: errors.QUOTE_USED,
    Why.BALANCE: errors.BALANCE_INSUFFICIENT,
}


class Executing:
    def __init__(self, vendor: Vendor, quotes: QuoteBook, orders: OrderBook) -> None:
        self._vendor = vendor
        self._quotes = quotes
        self._orders = orders

    async def accept_quote(self, call: Call) -> web.Response:
        state = self._quotes.find(required(call.params, "quoteId"))
        if state is None:
            raise VendorError(errors.QUOTE_UNKNOWN)
        if call.asked:
            now_ms = self._vendor.clock.now_ms()
            self._vendor.faults.leave(state.faults, call.asked, Stage.EXECUTE, now_ms=now_ms)
        silent = await silence_before(self._vendor, call.request, call.faults)
        if silent is not None:
            return silent
        order = self._accept(state, call)
        if "duplicate_execute" in call.faults:
            raise VendorError(errors.QUOTE_USED)
        answer = ok(accepted(order))
        return await spoilt(self._vendor, call.request, call.faults, answer)

    def _accept(self, state: QuoteState, call: Call) -> Order:
        try:
            return self._orders.accept(state, call.faults, call.now_ms)
        except NotAccepted as refused:
            raise VendorError(REFUSALS[refused.why]) from None


def accepted(order: Order) -> AcceptAnswer:
    return AcceptAnswer(
        order_id=str(order.order_id),
        create_time=order.created_ms,
        order_status=WORDS[order.shown()],
    )
