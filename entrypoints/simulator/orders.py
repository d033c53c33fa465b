"""Accepted quotes: executed at most once each, and looked up by order or by quote."""

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

import msgspec

from entrypoints.simulator.account import Execution, InsufficientBalance, Leg
from entrypoints.simulator.conversions import Quote, QuoteState, Terms
from entrypoints.simulator.decimals import ZERO, plus, rounded, times
from entrypoints.simulator.faults import Fault
from entrypoints.simulator.vendor import Vendor


class Shown(StrEnum):
    """Where an order stands, before a dialect puts its own word to it."""

    PENDING = "pending"
    LAST_PENDING = "last_pending"
    FILLED = "filled"
    FAILED = "failed"
    UNDOCUMENTED = "undocumented"


class Why(StrEnum):
    EXPIRED = "expired"
    USED = "used"
    BALANCE = "balance"


class NotAccepted(Exception):
    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Veiled(msgspec.Struct, kw_only=True):
    """The counters say for how many lookups it stays hidden whether an order `fails`."""

    fails: bool = False
    pending_lookups: int = 0
    unknown_lookups: int = 0

    def shown(self) -> Shown:
        if self.unknown_lookups:
            return Shown.UNDOCUMENTED
        if self.pending_lookups:
            return Shown.PENDING if self.pending_lookups > 1 else Shown.LAST_PENDING
        return Shown.FAILED if self.fails else Shown.FILLED

    def look(self) -> Shown:
        """What one lookup sees, one step nearer to the final status."""
        status = self.shown()
        if self.unknown_lookups:
            self.unknown_lookups -= 1
        elif self.pending_lookups:
            self.pending_lookups -= 1
        return status


class Order(Veiled, kw_only=True):
    order_id: int
    quote: Quote
    terms: Terms
    created_ms: int


def fails_by(faults: Mapping[str, Fault]) -> bool:
    pending = faults.get("execute_async_pending")
    return "last_look_reject" in faults or (pending is not None and bool(pending["fails"]))


class OrderBook:
    """`row` is its name in the journal; `places` are the decimals of each asset."""

    def __init__(self, vendor: Vendor, *, row: str, places: Mapping[str, int]) -> None:
        self._vendor = vendor
        self._row = row
        self._places = places
        self._by_id: dict[int, Order] = {}
        self._by_quote: dict[str, Order] = {}

    def by_id(self, order_id: int) -> Order | None:
        return self._by_id.get(order_id)

    def by_quote(self, quote_id: str) -> Order | None:
        return self._by_quote.get(quote_id)

    def newest_first(self) -> Iterator[Order]:
        return reversed(self._by_id.values())

    def accept(self, state: QuoteState, faults: Mapping[str, Fault], now_ms: int) -> Order:
        """The order, executed unless it fails. Raises NotAccepted and changes nothing
        (but for faults that say otherwise). No await in here: two copies of a request cannot meet.
        """
        if state.spent:
            raise NotAccepted(Why.USED)
        if "expired" in faults:
            state.void = True
        if state.void or now_ms > state.quote.valid_until_ms:
            raise NotAccepted(Why.EXPIRED)
        if "already_used" in faults:
            state.spent = True
            raise NotAccepted(Why.USED)
        order = self._order(state.quote, faults, now_ms)
        if order.fails:
            self._vendor.keep((self._row, order))
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
        differs = faults.get("amounts_differ_from_quote")
        return Order(
            order_id=self._new_id(now_ms),
            quote=quote,
            terms=quote.terms if differs is None else self._less(quote.terms, differs["bps"]),
            fails=fails_by(faults),
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
            self._vendor.execute(execution, (self._row, order))
        except InsufficientBalance:
            raise NotAccepted(Why.BALANCE) from None

    def _less(self, terms: Terms, bps: int) -> Terms:
        """The same conversion with `bps` less received."""
        factor = plus(Decimal(1), Decimal(-bps).scaleb(-4))
        places = self._places[terms.to_asset]
        received = rounded(times(terms.to_amount, factor), places=places, rounding=ROUND_HALF_UP)
        return msgspec.structs.replace(terms, to_amount=received)
