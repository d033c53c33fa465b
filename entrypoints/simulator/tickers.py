"""A vendor's public best prices: those it quotes at, unless a fault bends the one or the other."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from entrypoints.simulator.conversions import off_by
from entrypoints.simulator.faults import Fault
from entrypoints.simulator.market import Book
from entrypoints.simulator.vendor import Vendor


class TickerBook(msgspec.Struct, frozen=True):
    """`at_ms` is the time of the price by the vendor's own word."""

    bid: Decimal
    ask: Decimal
    at_ms: int


def ticker_book(
    vendor: Vendor, faults: Mapping[str, Fault], base: str, quote: str
) -> TickerBook | None:
    """None for a pair that no market has."""
    instrument = vendor.market.find(base, quote)
    if instrument is None:
        return None
    at_ms = vendor.clock.now_ms()
    if (stale := faults.get("ticker_stale")) is not None:
        at_ms -= stale["age_ms"]
    book: Book = vendor.market.book(instrument, at_ms)
    if (wrong := faults.get("ticker_off_by")) is not None:
        book = off_by(book, wrong["bps"])
    bid, ask = (book.ask, book.bid) if "ticker_crossed" in faults else (book.bid, book.ask)
    return TickerBook(bid, ask, at_ms)
