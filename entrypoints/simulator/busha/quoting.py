"""Pairs and quotes: an exact amount of what is given, or of what is received."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from aiohttp import web

from entrypoints.simulator.busha import errors
from entrypoints.simulator.busha.catalog import ASSETS, DIRECTIONS, PAIRS, VALID_MS
from entrypoints.simulator.busha.errors import VendorError, ok
from entrypoints.simulator.busha.schemas import PairView, QuoteView, Rate
from entrypoints.simulator.conversions import (
    QuoteBook,
    Side,
    Terms,
    book_for,
    moved_limits,
    price_terms,
)
from entrypoints.simulator.decimals import parse_plain, places_of, plain
from entrypoints.simulator.guarding import Call, Fields
from entrypoints.simulator.tickers import ticker_book
from entrypoints.simulator.vendor import Vendor

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAGOS = timezone(timedelta(hours=1))


class Quoting:
    def __init__(self, vendor: Vendor, quotes: QuoteBook) -> None:
        self._vendor = vendor
        self._quotes = quotes

    async def pairs(self, call: Call) -> web.Response:
        wanted = call.fields.get("currency")
        return ok(
            [
                self._pair(call, base, counter)
                for base, counter in PAIRS
                if not wanted or wanted in {base, counter}
            ]
        )

    async def quote(self, call: Call) -> web.Response:
        source, target = self._side(call.fields, "source"), self._side(call.fields, "target")
        if (source.asset, target.asset) not in DIRECTIONS:
            raise VendorError(errors.UNSUPPORTED_PAIR)
        fixed = source if source.amount is not None else target
        if fixed.amount is None or (source.amount is not None and target.amount is not None):
            raise VendorError(errors.INVALID_REQUEST, what="one of the two amounts")
        rule = ASSETS[fixed.asset]
        minimum, maximum = moved_limits(call.faults, fixed.amount, rule.minimum, rule.maximum)
        if fixed.amount < minimum:
            raise VendorError(errors.AMOUNT_TOO_SMALL, limit=plain(minimum))
        if fixed.amount > maximum:
            raise VendorError(errors.AMOUNT_TOO_LARGE, limit=plain(maximum))
        found = book_for(self._vendor, call.faults, source.asset, target.asset)
        if found is None:
            raise VendorError(errors.UNSUPPORTED_PAIR)
        book, sells_base = found
        terms = price_terms(source, target, book, sells_base=sells_base)
        expires_ms = call.now_ms + VALID_MS
        state = self._quotes.issue(self._vendor, terms, valid_until_ms=expires_ms, asked=call.asked)
        price = book.bid if sells_base else book.ask
        return ok(quote_view(state.quote.quote_id, terms, price, expires_ms, sells=sells_base))

    def _pair(self, call: Call, base: str, counter: str) -> PairView:
        book = ticker_book(self._vendor, call.faults, base, counter)
        if book is None:
            raise LookupError(f"no price for {base}-{counter}")
        return PairView(
            id=f"{base}{counter}",
            base=base,
            counter=counter,
            buy_price=plain(book.ask),
            sell_price=plain(book.bid),
            min_buy_amount=plain(ASSETS[base].minimum),
        )

    def _side(self, fields: Fields, name: str) -> Side:
        asset = fields.get(f"{name}_currency", "")
        rule = ASSETS.get(asset)
        if rule is None:
            raise VendorError(errors.UNSUPPORTED_PAIR)
        text = fields.get(f"{name}_amount")
        value: Decimal | None = None
        if text is not None:
            value = parse_plain(text)
            if not value or places_of(value) > rule.places:
                raise VendorError(errors.INVALID_REQUEST, what=f"{name}_amount")
        return Side(asset, rule.places, value)


def quote_view(
    quote_id: str, terms: Terms, price: Decimal, expires_ms: int, *, sells: bool
) -> QuoteView:
    given, taken = terms.from_asset, terms.to_asset
    product = f"{given}{taken}" if sells else f"{taken}{given}"
    return QuoteView(
        id=quote_id,
        source_currency=given,
        target_currency=taken,
        source_amount=plain(terms.from_amount),
        target_amount=plain(terms.to_amount),
        rate=Rate(product, plain(price), "sell" if sells else "buy"),
        expires_at=local_time(expires_ms),
    )


def local_time(ms: int) -> str:
    """As the vendor writes it: microseconds, and the offset of Lagos."""
    moment = EPOCH + timedelta(milliseconds=ms)
    return moment.astimezone(LAGOS).isoformat(timespec="microseconds")
