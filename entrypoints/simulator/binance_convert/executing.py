"""acceptQuote, and everything that can happen to its answer."""

from aiohttp import web

from entrypoints.simulator.binance_convert import errors
from entrypoints.simulator.binance_convert.errors import VendorError, ok
from entrypoints.simulator.binance_convert.guard import Call
from entrypoints.simulator.binance_convert.orders import Order, OrderBook
from entrypoints.simulator.binance_convert.params import required
from entrypoints.simulator.binance_convert.quotes import QuoteBook
from entrypoints.simulator.binance_convert.schemas import AcceptAnswer
from entrypoints.simulator.connection import hold
from entrypoints.simulator.faults import Stage
from entrypoints.simulator.vendor import Vendor

BAD_GATEWAY = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


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
        silence = call.faults.get("execute_timeout_before_commit")
        if silence is not None:
            return await hold(call.request, self._vendor.closing, silence["ms"])
        order = self._orders.accept(state, call.faults, call.now_ms)
        return await self._answer(call, order) if call.faults else ok(accepted(order))

    async def _answer(self, call: Call, order: Order) -> web.Response:
        """The order stands; from here on only the answer goes wrong."""
        if (silence := call.faults.get("execute_timeout_after_commit")) is not None:
            return await hold(call.request, self._vendor.closing, silence["ms"])
        if "execute_502_after_commit" in call.faults:
            return web.Response(status=502, body=BAD_GATEWAY, content_type="text/html")
        if "duplicate_execute" in call.faults:
            raise VendorError(errors.QUOTE_USED)
        answer = ok(accepted(order))
        if "execute_200_truncated_json" in call.faults and isinstance(answer.body, bytes):
            answer.body = answer.body[: len(answer.body) // 2]
        return answer


def accepted(order: Order) -> AcceptAnswer:
    return AcceptAnswer(
        order_id=str(order.order_id),
        create_time=order.created_ms,
        order_status=order.shown(),
    )
