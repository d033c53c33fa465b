"""Prices for a conversion, and the quotes that are out.

The amount that was not asked for and both ratios are rounded each for itself from the price, half
up, as the vendor's published samples show: from x ratio is not to, and must not be used as if.
"""

from collections import deque
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from hashlib import blake2b

import msgspec

from entrypoints.simulator.decimals import over, plus, rounded, times
from entrypoints.simulator.faults import Fault, FaultQueue, Stage
from entrypoints.simulator.market import Book
from entrypoints.simulator.vendor import Vendor

KEPT_AFTER_EXPIRY_MS = 600_000
_ONE = Decimal(1)


class Side(msgspec.Struct, frozen=True):
    """One asset of the conversion, with its amount if that is the side asked for."""

    asset: str
    fraction: int
    amount: Decimal | None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    from_asset: str
    to_asset: str
    from_amount: Decimal
    to_amount: Decimal
    ratio: Decimal
    inverse_ratio: Decimal


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    quote_id: str
    terms: Terms
    valid_until_ms: int


class QuoteState(msgspec.Struct):
    """`spent`: accepted, or as good as. `faults`: what its header left for later calls."""

    quote: Quote
    spent: bool = False
    void: bool = False
    faults: FaultQueue = msgspec.field(default_factory=FaultQueue)


def price_terms(source: Side, target: Side, book: Book, *, sells_base: bool) -> Terms:
    """Exactly one side has an amount. Selling the base gets the bid, buying it pays the ask."""
    price = book.bid if sells_base else book.ask
    ratio = _scale(_ONE, price, target.fraction, multiply=sells_base)
    inverse = _scale(_ONE, price, source.fraction, multiply=not sells_base)
    if source.amount is not None:
        given = source.amount
        taken = _scale(source.amount, price, target.fraction, multiply=sells_base)
    else:
        taken = target.amount or Decimal(0)
        given = _scale(taken, price, source.fraction, multiply=not sells_base)
    return Terms(
        from_asset=source.asset,
        to_asset=target.asset,
        from_amount=given,
        to_amount=taken,
        ratio=ratio,
        inverse_ratio=inverse,
    )


def _scale(amount: Decimal, price: Decimal, places: int, *, multiply: bool) -> Decimal:
    if multiply:
        return rounded(times(amount, price), places=places, rounding=ROUND_HALF_UP)
    return over(amount, price, places=places, rounding=ROUND_HALF_UP)


def moved_limits(
    faults: Mapping[str, Fault], asked: Decimal, minimum: Decimal, maximum: Decimal
) -> tuple[Decimal, Decimal]:
    """What `limits_changed` makes of a minimum and a maximum, for this amount."""
    if (changed := faults.get("limits_changed")) is None:
        return minimum, maximum
    if changed["below"]:
        return times(asked, Decimal(2)), maximum
    return minimum, times(asked, Decimal("0.5"))


def off_by(book: Book, bps: int) -> Book:
    factor = plus(_ONE, Decimal(bps).scaleb(-4))
    return Book(
        bid=times(book.bid, factor), mid=times(book.mid, factor), ask=times(book.ask, factor)
    )


def book_for(
    vendor: Vendor, faults: Mapping[str, Fault], source: str, target: str
) -> tuple[Book, bool] | None:
    """The price as the faults bend it, and whether `source` is the base; None for no such pair."""
    market = vendor.market
    selling = market.find(source, target)
    instrument = selling or market.find(target, source)
    if instrument is None:
        return None
    at_ms = vendor.clock.now_ms()
    if (stale := faults.get("stale_price")) is not None:
        at_ms -= stale["age_ms"]
    book = market.book(instrument, at_ms)
    if (wrong := faults.get("price_off_by")) is not None:
        book = off_by(book, wrong["bps"])
    return book, selling is not None


class QuoteBook:
    """`row` is the name of a quote in the journal."""

    def __init__(self, seed: int, *, row: str) -> None:
        self._seed = seed
        self._row = row
        self._issued = 0
        self._open: dict[str, QuoteState] = {}
        self._by_age: deque[str] = deque()

    def new_id(self, now_ms: int) -> str:
        """32 hexadecimal digits; the time keeps two runs with one seed apart."""
        self._issued += 1
        text = f"{self._seed}/quote/{now_ms}/{self._issued}".encode()
        return blake2b(text, digest_size=16).hexdigest()

    def issue(
        self, vendor: Vendor, terms: Terms, *, valid_until_ms: int, asked: list[Fault]
    ) -> QuoteState:
        """Takes a new quote down, with what its header asked to happen to it later."""
        now_ms = vendor.clock.now_ms()
        self.forget_old(now_ms)
        quote = Quote(quote_id=self.new_id(now_ms), terms=terms, valid_until_ms=valid_until_ms)
        state = self.add(quote)
        vendor.keep((self._row, quote))
        if asked:
            vendor.faults.leave(state.faults, asked, Stage.QUOTE, now_ms=now_ms)
        return state

    def add(self, quote: Quote) -> QuoteState:
        state = self._open[quote.quote_id] = QuoteState(quote)
        self._by_age.append(quote.quote_id)
        return state

    def find(self, quote_id: str) -> QuoteState | None:
        return self._open.get(quote_id)

    def forget_old(self, now_ms: int) -> None:
        """Unused quotes go some time after they expired; accepted ones stay for lookups."""
        while self._by_age:
            state = self._open[self._by_age[0]]
            if state.quote.valid_until_ms + KEPT_AFTER_EXPIRY_MS >= now_ms:
                return
            self._by_age.popleft()
            if not state.spent:
                del self._open[state.quote.quote_id]
