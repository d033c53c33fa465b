"""transfers: what executes a quote, whenever it comes, and what is told of it afterwards."""

from itertools import islice

import msgspec
from aiohttp import web

from entrypoints.simulator.busha import errors
from entrypoints.simulator.busha.catalog import PLACES
from entrypoints.simulator.busha.errors import VendorError, ok, page
from entrypoints.simulator.busha.quoting import local_time
from entrypoints.simulator.busha.schemas import TransferView
from entrypoints.simulator.conversions import QuoteBook, QuoteState, Side, off_by, price_terms
from entrypoints.simulator.faults import FaultQueue, Stage
from entrypoints.simulator.guarding import Call, Fields
from entrypoints.simulator.market import Book
from entrypoints.simulator.orders import NotAccepted, Order, OrderBook, Shown, Why
from entrypoints.simulator.striking import silence_before, spoilt
from entrypoints.simulator.vendor import Vendor

LIMIT_DEFAULT, LIMIT_MAX = 50, 100
WORDS = {
    Shown.PENDING: "pending",
    Shown.LAST_PENDING: "processing",
    Shown.FILLED: "completed",
    Shown.FAILED: "cancelled",
    Shown.UNDOCUMENTED: "settling",
}
REFUSALS = {Why.USED: errors.QUOTE_USED, Why.BALANCE: errors.BALANCE}


class Transfers:
    def __init__(self, vendor: Vendor, quotes: QuoteBook, orders: OrderBook) -> None:
        self._vendor = vendor
        self._quotes = quotes
        self._orders = orders

    def left_behind(self, fields: Fields) -> FaultQueue | None:
        """The faults an earlier header left for the quote that this call is about."""
        quote_id = fields.get("quote_id")
        if (order := self._by_id(fields.get("id", ""))) is not None:
            quote_id = order.quote.quote_id
        state = self._quotes.find(quote_id) if quote_id else None
        return state.faults if state is not None and state.faults else None

    async def create(self, call: Call) -> web.Response:
        state = self._quotes.find(call.fields.get("quote_id", ""))
        if state is None:
            raise VendorError(errors.QUOTE_NOT_FOUND)
        if call.asked:
            now_ms = self._vendor.clock.now_ms()
            self._vendor.faults.leave(state.faults, call.asked, Stage.EXECUTE, now_ms=now_ms)
        silent = await silence_before(self._vendor, call.request, call.faults)
        if silent is not None:
            return silent
        order = self._accept(state, call)
        if "duplicate_execute" in call.faults:
            raise VendorError(errors.QUOTE_USED)
        answer = ok(transfer_view(order, order.shown()))
        return await spoilt(self._vendor, call.request, call.faults, answer)

    async def one(self, call: Call) -> web.Response:
        order = self._by_id(call.fields.get("id", ""))
        if order is None or self._hidden(call):
            raise VendorError(errors.TRANSFER_NOT_FOUND)
        return ok(transfer_view(order, order.look()))

    async def listed(self, call: Call) -> web.Response:
        """Of one quote, or of all: newest first, a page after `cursor`."""
        quote_id = call.fields.get("quote_id")
        if quote_id:
            order = None if self._hidden(call) else self._orders.by_quote(quote_id)
            found = [] if order is None else [transfer_view(order, order.look())]
            return page(found, next_cursor="")
        start, limit = _number(call.fields, "cursor", 0), _number(call.fields, "limit", 0)
        limit = min(limit or LIMIT_DEFAULT, LIMIT_MAX)
        rows = list(islice(self._orders.newest_first(), start, start + limit + 1))
        cursor = str(start + limit) if len(rows) > limit else ""
        views = [transfer_view(each, each.shown()) for each in rows[:limit]]
        return page(views, next_cursor=cursor)

    def _accept(self, state: QuoteState, call: Call) -> Order:
        moved = call.faults.get("expired_executes_at_market")
        late = call.now_ms > state.quote.valid_until_ms
        if not state.spent and (late or moved is not None):
            self._at_market(state, call.now_ms, bps=0 if moved is None else moved["bps"])
        try:
            return self._orders.accept(state, call.faults, call.now_ms)
        except NotAccepted as refused:
            raise VendorError(REFUSALS[refused.why]) from None

    def _at_market(self, state: QuoteState, now_ms: int, *, bps: int) -> None:
        """What is given stays; what is received is what the market gives for it by now."""
        terms = state.quote.terms
        market = self._vendor.market
        selling = market.find(terms.from_asset, terms.to_asset)
        instrument = selling or market.find(terms.to_asset, terms.from_asset)
        if instrument is None:
            raise VendorError(errors.QUOTE_NOT_FOUND)
        sells_base = selling is not None
        against: Book = off_by(market.book(instrument, now_ms), -bps if sells_base else bps)
        source = Side(terms.from_asset, PLACES[terms.from_asset], terms.from_amount)
        target = Side(terms.to_asset, PLACES[terms.to_asset], None)
        state.quote = msgspec.structs.replace(
            state.quote,
            terms=price_terms(source, target, against, sells_base=sells_base),
            valid_until_ms=now_ms,
        )

    def _by_id(self, transfer_id: str) -> Order | None:
        number = transfer_id.removeprefix("TRF_")
        return self._orders.by_id(int(number)) if _is_number(number) else None

    def _hidden(self, call: Call) -> bool:
        return "lookup_404_then_found" in call.faults or "lookup_404_forever" in call.faults


def transfer_view(order: Order, shown: Shown) -> TransferView:
    terms = order.terms
    return TransferView(
        id=f"TRF_{order.order_id}",
        quote_id=order.quote.quote_id,
        source_currency=terms.from_asset,
        target_currency=terms.to_asset,
        source_amount=f"{terms.from_amount:f}",
        target_amount=f"{terms.to_amount:f}",
        status=WORDS[shown],
        created_at=local_time(order.created_ms),
    )


def _number(fields: Fields, name: str, default: int) -> int:
    text = fields.get(name)
    if not text:
        return default
    if not _is_number(text):
        raise VendorError(errors.INVALID_REQUEST, what=name)
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20
