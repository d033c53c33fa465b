"""Quotes and orders: the published samples, and everything that may be wrong with a quote."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import pytest

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.b2c2.names import order_id_for
from adapters.liquidity.b2c2.replies import read_reply
from adapters.liquidity.b2c2.schemas import read_instruments
from adapters.liquidity.b2c2.transform import (
    Ask,
    ask_for,
    order_body,
    quote_units,
    quoted_price,
    read_quote,
)
from domain.liquidity.outcome import LpExecute
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.shared.ids import OrderId
from domain.shared.side import FixedSide, Side
from tests.liquidity.b2c2 import payloads
from tests.liquidity.instruments import BTC, BTC_USDT, USD_OF_FOUR, instrument_of

LP: Final = LpName("b2c2")
BTC_USD: Final = instrument_of(BTC, USD_OF_FOUR)
RECEIVED: Final = datetime(2017, 1, 1, 19, 45, 10, tzinfo=UTC)
LISTED: Final = {each.name: each for each in read_instruments(payloads.INSTRUMENTS)}


def asked(units: int = 10**8) -> Ask:
    request = LpQuoteRequest(instrument=BTC_USD, side=Side.BUY, fixed=FixedSide.BASE, units=units)
    ask = ask_for(request, LISTED, client_rfq_id=payloads.RFQ_ID)
    assert isinstance(ask, Ask), ask
    return ask


def read(exchange: Exchange) -> LpQuote | LpQuoteRefused:
    return read_quote(read_reply(exchange), asked(), lp=LP, received_at=RECEIVED)


def order(side: Side, base_units: int, quote_units: int) -> LpExecute:
    return LpExecute(
        order_id=OrderId(UUID(int=1)),
        lp_quote_id="rfq-1@64012.80000000",
        client_ref="ord_1",
        instrument=BTC_USDT,
        side=side,
        base_units=base_units,
        quote_units=quote_units,
        lp_expires_at=RECEIVED + timedelta(seconds=10),
        deadline=RECEIVED + timedelta(seconds=5),
    )


def test_published_quote_is_read_without_the_documented_moment_it_lacks() -> None:
    quote = read(Answered(200, {}, payloads.RFQ))
    assert isinstance(quote, LpQuote)
    assert quote.lp_quote_id == "d4e41399-e7a1-4576-9b46-349420040e1a@700.00000000"
    assert (quote.base_units, quote.quote_units) == (10**8, 7_000_000)
    assert quote.expires_at == datetime(2017, 1, 1, 19, 45, 22, 25_464, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sound", "changed"),
    [
        (b'"1.0000000000"', b'"2.0000000000"'),
        (b'"1.0000000000"', b"1.0"),
        (b'"buy"', b'"sell"'),
        (b"BTCUSD", b"ETHUSD"),
        (b"149dc3e7", b"249dc3e7"),
        (b'"d4e41399-e7a1-4576-9b46-349420040e1a"', b'""'),
        (b"2017-01-01T19:45:22.025464Z", b"2017-01-01T19:45:10Z"),
        (b"2017-01-01T19:45:22.025464Z", b"2018-01-01T19:45:22Z"),
        (b"2017-01-01T19:45:22.025464Z", b"2017-01-01T19:45:22.025464"),
        (b'"700.00000000"', b"700.0"),
        (b'"700.00000000"', b'"0.00000000"'),
        (b'"700.00000000"', b'"-700.00000000"'),
        (b'"700.00000000"', b'"7E2"'),
    ],
)
def test_quote_that_does_not_hold_together_is_refused(sound: bytes, changed: bytes) -> None:
    assert sound in payloads.RFQ
    refused = read(Answered(200, {}, payloads.RFQ.replace(sound, changed)))
    assert isinstance(refused, LpQuoteRefused)
    assert refused.reason is QuoteRefusal.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (NotSent("refused"), QuoteRefusal.UNAVAILABLE),
        (Lost(cause="silence", timed_out=True), QuoteRefusal.TIMEOUT),
        (Answered(502, {}, b"<html>"), QuoteRefusal.UNAVAILABLE),
        (Answered(401, {}, b'{"detail": "Invalid token."}'), QuoteRefusal.UNAVAILABLE),
        (Answered(400, {}, payloads.refusal(1001)), QuoteRefusal.UNSUPPORTED),
        (Answered(400, {}, payloads.refusal(1010)), QuoteRefusal.ABOVE_MAXIMUM),
        (Answered(400, {}, payloads.refusal(1013)), QuoteRefusal.INSUFFICIENT_LP_BALANCE),
        (Answered(400, {}, payloads.refusal(1019)), QuoteRefusal.BELOW_MINIMUM),
        (Answered(400, {}, payloads.refusal(7777)), QuoteRefusal.UNAVAILABLE),
        (Answered(429, {}, payloads.refusal(1000)), QuoteRefusal.RATE_LIMITED),
    ],
)
def test_no_quote_is_a_refusal_with_its_reason(exchange: Exchange, reason: QuoteRefusal) -> None:
    refused = read(exchange)
    assert isinstance(refused, LpQuoteRefused)
    assert refused.reason is reason


def test_order_states_the_quoted_terms_and_when_it_is_too_late() -> None:
    execute = order(Side.BUY, 10_000_000, 640_128_000_000)
    assert quoted_price(execute) == "64012.80000000"
    assert msgspec.json.decode(order_body(execute, "64012.80000000")) == {
        "client_order_id": order_id_for("ord_1"),
        "instrument": "BTCUST.SPOT",
        "side": "buy",
        "quantity": "0.1",
        "order_type": "FOK",
        "price": "64012.80000000",
        "valid_until": "2017-01-01T19:45:15.000000Z",
        "acceptable_slippage_in_basis_points": "0",
        "executing_unit": "ord_1",
    }


@pytest.mark.parametrize(
    ("quote_id", "units"),
    [
        ("rfq-1@64012.80000000", 640_128_000_001),
        ("rfq-1@64012.90000000", 640_128_000_000),
        ("rfq-1", 640_128_000_000),
        ("@64012.80000000", 640_128_000_000),
        ("rfq-1@-64012.80000000", 640_128_000_000),
        ("rfq-1@64012.80000000 ", 640_128_000_000),
    ],
)
def test_price_that_does_not_make_the_quoted_amounts_is_no_price(quote_id: str, units: int) -> None:
    execute = order(Side.BUY, 10_000_000, units)
    assert quoted_price(msgspec.structs.replace(execute, lp_quote_id=quote_id)) is None


@pytest.mark.parametrize(("side", "units"), [(Side.BUY, 86_389_000), (Side.SELL, 86_388_999)])
def test_amount_finer_than_our_units_is_rounded_against_us(side: Side, units: int) -> None:
    """0.1234 at 700.07293 is 86.388999562."""
    dollars = instrument_of(BTC, msgspec.structs.replace(USD_OF_FOUR, scale=6))
    assert quote_units("0.1234", "700.07293", dollars, side) == units
