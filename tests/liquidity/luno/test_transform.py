"""From a book to a quote: whose favour each rounding is in, and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import pytest

from adapters.liquidity.luno.schemas import Market, TopOfBook, read_book, read_markets
from adapters.liquidity.luno.ticket import Ticket, read_ticket
from adapters.liquidity.luno.transform import Terms, quote_from, volume_for
from adapters.liquidity.luno.wire import order_form
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRequest, QuoteRefusal
from domain.shared.money import AmountInvalid
from domain.shared.side import FixedSide, Side
from tests.liquidity.instruments import BTC_ZAR
from tests.liquidity.luno import payloads

NOW: Final = datetime(2025, 5, 15, 9, 6, 40, tzinfo=UTC)
LIFE: Final = timedelta(seconds=10)
EXPIRES_MS: Final = 1_747_300_010_000


def market(**changes: object) -> Market:
    (only,) = read_markets(payloads.MARKETS).markets
    return msgspec.structs.replace(only, **changes)


def terms(*, fee: str = "0.001", buffer_ppm: int = 0, **changes: object) -> Terms:
    return Terms(market=market(**changes), taker_fee=fee, buffer_ppm=buffer_ppm)


def request_for(side: Side, units: int, fixed: FixedSide = FixedSide.BASE) -> LpQuoteRequest:
    return LpQuoteRequest(instrument=BTC_ZAR, side=side, fixed=fixed, units=units)


def answer(
    side: Side, units: int, known: Terms, book: TopOfBook | None = None
) -> LpQuote | QuoteRefusal:
    request = request_for(side, units)
    volume = volume_for(request, known)
    if isinstance(volume, QuoteRefusal):
        return volume
    return quote_from(
        book or read_book(payloads.BOOK),
        request,
        known,
        volume,
        lp=LpName("luno"),
        received_at=NOW,
        life=LIFE,
    )


def quoted(side: Side, units: int, known: Terms) -> LpQuote:
    quote = answer(side, units, known)
    assert isinstance(quote, LpQuote), quote
    return quote


@pytest.mark.parametrize(
    ("side", "units", "known", "ticket", "amounts"),
    [
        # Without a fee: exactly the level.
        (Side.BUY, 10_000_000, terms(fee="0"), "XBTZAR:BID:0.1@1901000", (10_000_000, 19_010_000)),
        (Side.SELL, 10_000_000, terms(fee="0"), "XBTZAR:ASK:0.1@1900000", (10_000_000, 19_000_000)),
        # The fee of a buy is taken from the base, so that more is bought, up to the next step.
        (Side.BUY, 10_000_000, terms(), "XBTZAR:BID:0.100101@1901000", (10_000_000, 19_029_201)),
        # The fee of a sale is taken from the money.
        (Side.SELL, 10_000_000, terms(), "XBTZAR:ASK:0.1@1900000", (10_000_000, 18_981_000)),
        # The worst level that is needed makes the price of all.
        (Side.BUY, 30_000_000, terms(fee="0"), "XBTZAR:BID:0.3@1901500", (30_000_000, 57_045_000)),
        (Side.SELL, 30_000_000, terms(fee="0"), "XBTZAR:ASK:0.3@1899000", (30_000_000, 56_970_000)),
        # The buffer moves it away from us, and to the next price that the market knows.
        (
            Side.BUY,
            10_000_000,
            terms(fee="0", buffer_ppm=500),
            "XBTZAR:BID:0.1@1901951",
            (10_000_000, 19_019_510),
        ),
        (
            Side.SELL,
            10_000_000,
            terms(fee="0", buffer_ppm=500),
            "XBTZAR:ASK:0.1@1899050",
            (10_000_000, 18_990_500),
        ),
        # What we give is rounded down to the step, what we get up.
        (Side.SELL, 10_000_099, terms(fee="0"), "XBTZAR:ASK:0.1@1900000", (10_000_000, 19_000_000)),
        (
            Side.BUY,
            10_000_001,
            terms(fee="0"),
            "XBTZAR:BID:0.100001@1901000",
            (10_000_001, 19_010_191),
        ),
    ],
)
def test_book_becomes_an_order_that_covers_the_quote(
    side: Side, units: int, known: Terms, ticket: str, amounts: tuple[int, int]
) -> None:
    quote = quoted(side, units, known)
    assert quote.lp_quote_id == f"{ticket}:{EXPIRES_MS}"
    assert (quote.base_units, quote.quote_units) == amounts
    assert quote.expires_at == NOW + LIFE


@pytest.mark.parametrize(
    ("side", "units", "known", "refusal"),
    [
        (Side.BUY, 49_000, terms(fee="0"), QuoteRefusal.BELOW_MINIMUM),
        (Side.SELL, 50_099, terms(fee="0", min_volume="0.000502"), QuoteRefusal.BELOW_MINIMUM),
        (Side.SELL, 10_000_000_100, terms(fee="0"), QuoteRefusal.ABOVE_MAXIMUM),
        # The next lower step is another trade.
        (Side.SELL, 60_099, terms(fee="0"), QuoteRefusal.BELOW_MINIMUM),
        # More than the book holds.
        (Side.BUY, 66_000_000, terms(fee="0"), QuoteRefusal.ABOVE_MAXIMUM),
    ],
)
def test_amount_the_market_does_not_take_is_refused(
    side: Side, units: int, known: Terms, refusal: QuoteRefusal
) -> None:
    assert answer(side, units, known) is refusal


@pytest.mark.parametrize("side", Side)
def test_sum_of_money_cannot_be_asked_of_a_book(side: Side) -> None:
    request = request_for(side, 100_000, FixedSide.QUOTE)
    assert volume_for(request, terms()) is QuoteRefusal.UNSUPPORTED


@pytest.mark.parametrize("known", [terms(fee="free"), terms(fee="-0.1"), terms(min_volume="1e3")])
def test_figure_that_is_no_plain_number_is_an_error(known: Terms) -> None:
    with pytest.raises(AmountInvalid):
        volume_for(request_for(Side.BUY, 10_000_000), known)


def test_fee_of_everything_is_an_error() -> None:
    with pytest.raises(AmountInvalid):
        volume_for(request_for(Side.BUY, 10_000_000), terms(fee="1"))


def test_ticket_survives_its_text() -> None:
    ticket = Ticket(
        pair="XBTZAR", order_type="BID", volume="0.25", price="1903000", expires_ms=EXPIRES_MS
    )
    assert read_ticket(ticket.text()) == ticket
    assert len(ticket.text()) <= 128


@pytest.mark.parametrize(
    "text",
    ["", "4f1c0b", "XBTZAR:BUY:1@2:3", "XBTZAR:BID:1e3@2:3", "XBTZAR:BID:1@2:3&ttl=9", "X:BID:1@2"],
)
def test_text_of_somebody_else_is_no_ticket(text: str) -> None:
    assert read_ticket(text) is None


def test_order_says_until_when_it_may_come() -> None:
    ticket = Ticket(
        pair="XBTZAR", order_type="BID", volume="0.25", price="1903000", expires_ms=1747300003500
    )
    assert order_form(ticket, "trd_01J9Z0", sent_ms=1747300000500) == (
        b"pair=XBTZAR&type=BID&price=1903000&volume=0.25&time_in_force=FOK"
        b"&client_order_id=trd_01J9Z0&timestamp=1747300000500&ttl=3000"
    )
