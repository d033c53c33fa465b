"""Accepted quotes: executed at most once each, and looked up by order or by quote."""

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from entrypoints.simulator.account import Execution, InsufficientBalance, Leg
from entrypoints.simulator.binance_convert import errors
from entrypoints.simulator.binance_convert.catalog import ASSETS
from entrypoints.simulator.binance_convert.errors import VendorError
from entrypoints.simulator.binance_convert.quotes import Quote, QuoteState, Terms
from entrypoints.simulator.decimals import ZERO, plus, rounded, times
from entrypoints.simulator.faults import Fault
from entrypoints.simulator.vendor import Vendor

ORDER_ROW = "binance_convert.order"
PROCESS, ACCEPT_SUCCESS, SUCCESS, FAIL = "PROCESS", "ACCEPT_SUCCESS", "SUCCESS", "FAIL"
UNDOCUMENTED = "SETTLING"


class Order(msgspec.Struct, kw_only=True):
    """`status` is the final one; the counters say for how many lookups it stays hidden."""

    order_id: int
    quote: Quote
    terms: Terms
    status: str
    created_ms: int
    pending_lookups: int = 0
    unknown_lookups: int = 0

    def shown(self) -> str:
        if self.unknown_lookups:
            return UNDOCUMENTED
        if self.pending_lookups:
            return PROCESS if self.pending_lookups > 1 else ACCEPT_SUCCESS
        return self.status

    def look(self) -> str:
        """What one orderStatus call sees, one step nearer to the final status."""
        status = self.shown()
        if self.unknown_lookups:
            self.unknown_lookups -= 1
        elif self.pending_lookups:
            self.pending_lookups -= 1
        return status


class OrderBook:
    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._by_id: dict[int, Order] = {}
        self._by_quote: dict[str, Order] = {}

    def by_id(self, order_id: int) -> Order | None:
        return self._by_id.get(order_id)

    def by_quote(self, quote_id: str) -> Order | None:
        return self._by_quote.get(quote_id)

    def newest_first(self) -> Iterator[Order]:
        return reversed(self._by_id.values())

    def accept(self, state: QuoteState, faults: Mapping[str, Fault], now_ms: int) -> Order:
        """The order, executed unless its status is FAIL. Raises VendorError and changes nothing
        (but for faults that say otherwise). No await in here: two copies of a request cannot meet.
        """
        if state.spent:
            raise VendorError(errors.QUOTE_USED)
        if "expired" in faults:
            state.void = True
        if state.void or now_ms > state.quote.valid_until_ms:
            raise VendorError(errors.QUOTE_EXPIRED)
        if "already_used" in faults:
            state.spent = True
            raise VendorError(errors.QUOTE_USED)
        order = self._order(state.quote, faults, now_ms)
        if order.status == FAIL:
            self._vendor.keep((ORDER_ROW, order))
        else:
            self._execute(order, faults)
        state.spent = True
        self.add(order)
        return order

    def add(self, order: Order) -> None:
        self._by_id[order.order_id] = order
        self._by_quote[order.quote.quote_id] = order

    def _order(self, quote: Quote, faults: Mapping[str, Fault], now_ms: int) -> Order:
        pending, unknown = faults.get("execute_async_pending"), faults.get("unknown_enum")
        fails = "last_look_reject" in faults or (pending is not None and pending["fails"])
        differs = faults.get("amounts_differ_from_quote")
        return Order(
            order_id=self._new_id(now_ms),
            quote=quote,
            terms=quote.terms if differs is None else less_by(quote.terms, differs["bps"]),
            status=FAIL if fails else SUCCESS,
            created_ms=now_ms,
            pending_lookups=pending["lookups"] if pending else 0,
            unknown_lookups=unknown["lookups"] if unknown else 0,
        )

    def _new_id(self, now_ms: int) -> int:
        """Time and a counter, always odd: above 2**53 no odd number survives as a double, so a
        client that reads it as one is found out at once.
        """
        return (now_ms << 21) + ((2 * len(self._by_id) + 1) & 0x1FFFFF)

    def _execute(self, order: Order, faults: Mapping[str, Fault]) -> None:
        terms = order.terms
        if "balance_drop" in faults:
            self._vendor.set_balance(terms.from_asset, ZERO)
        execution = Execution(
            id=str(order.order_id),
            quote_id=order.quote.quote_id,
            legs=(Leg(terms.from_asset, -terms.from_amount), Leg(terms.to_asset, terms.to_amount)),
            executed_ms=order.created_ms,
        )
        try:
            self._vendor.execute(execution, (ORDER_ROW, order))
        except InsufficientBalance:
            raise VendorError(errors.BALANCE_INSUFFICIENT) from None


def less_by(terms: Terms, bps: int) -> Terms:
    """The same conversion with `bps` less received."""
    factor = plus(Decimal(1), Decimal(-bps).scaleb(-4))
    places = ASSETS[terms.to_asset].fraction
    received = rounded(times(terms.to_amount, factor), places=places, rounding=ROUND_HALF_UP)
    return msgspec.structs.replace(terms, to_amount=received)
