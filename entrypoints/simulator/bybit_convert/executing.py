"""convert-execute: it answers before it knows, and refuses in codes that mean two things."""

from aiohttp import web

from entrypoints.simulator.bybit_convert import errors
from entrypoints.simulator.bybit_convert.errors import VendorError, ok
from entrypoints.simulator.bybit_convert.quoting import required
from entrypoints.simulator.bybit_convert.schemas import ExecuteResult
from entrypoints.simulator.bybit_convert.words import PROCESSING, WORDS
from entrypoints.simulator.conversions import QuoteBook, QuoteState
from entrypoints.simulator.faults import Stage
from entrypoints.simulator.guarding import Call
from entrypoints.simulator.orders import NotAccepted, Order, OrderBook, Shown, Why
from entrypoints.simulator.striking import silence_before, spoilt
from entrypoints.simulator.vendor import Vendor

REFUSALS = {
    Why.EXPIRED: errors.TIMED_OUT,
    Why.USED: errors.USED,
    Why.BALANCE: errors.BALANCE,
}


class Executing:
    def __init__(self, vendor: Vendor, quotes: QuoteBook, orders: OrderBook) -> None:
        self._vendor = vendor
        self._quotes = quotes
        self._orders = orders

    async def execute(self, call: Call) -> web.Response:
        state = self._quotes.find(required(call.fields, "quoteTxId"))
        if state is None:
            # An id nobody gave out is refused in the words of one that has expired.
            raise VendorError(errors.TIMED_OUT)
        if call.asked:
            now_ms = self._vendor.clock.now_ms()
            self._vendor.faults.leave(state.faults, call.asked, Stage.EXECUTE, now_ms=now_ms)
        silent = await silence_before(self._vendor, call.request, call.faults)
        if silent is not None:
            return silent
        order = self._accept(state, call)
        if "duplicate_execute" in call.faults:
            raise VendorError(errors.USED)
        undocumented = order.shown() is Shown.UNDOCUMENTED
        result = ExecuteResult(
            exchange_status=WORDS[Shown.UNDOCUMENTED] if undocumented else PROCESSING,
            quote_tx_id=order.quote.quote_id,
        )
        return await spoilt(self._vendor, call.request, call.faults, ok(result, call.now_ms))

    def _accept(self, state: QuoteState, call: Call) -> Order:
        if "last_look_reject" in call.faults and not state.spent:
            state.void = True
            raise VendorError(errors.PRICE_MOVED)
        try:
            return self._orders.accept(state, call.faults, call.now_ms)
        except NotAccepted as refused:
            raise VendorError(REFUSALS[refused.why]) from None
