"""Quotes in the vendor's words: exact, in time and at their own rate, or refused."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import pytest

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.asking import Ask, ask_for
from adapters.liquidity.busha.schemas import Pair
from adapters.liquidity.busha.transform import DECIMALS, OpenFor, quote_body, read_quote, supports
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.shared.side import FixedSide, Side
from tests.liquidity.busha import payloads
from tests.liquidity.instruments import BTC, NGN, USDT_NGN, instrument_of

LP: Final = LpName("busha")
EXPIRES: Final = datetime(2025, 2, 20, 5, 57, 5, 59_512, tzinfo=UTC)
NOW: Final = EXPIRES - timedelta(seconds=20)
GUARD: Final = timedelta(seconds=3)
BTC_NGN: Final = instrument_of(BTC, NGN)


def ask(side: Side = Side.SELL, fixed: FixedSide = FixedSide.BASE, units: int = 7_051) -> Ask:
    made = ask_for(
        LpQuoteRequest(instrument=BTC_NGN, side=side, fixed=fixed, units=units), DECIMALS
    )
    assert isinstance(made, Ask)
    return made


def answered(**changes: object) -> Answered:
    return Answered(201, {}, msgspec.json.encode({"data": payloads.QUOTE | changes}))


def read(exchange: Exchange, *, life: timedelta = timedelta(minutes=1)) -> LpQuote | LpQuoteRefused:
    open_for = OpenFor(life=life, guard=GUARD)
    return read_quote(exchange, ask(), lp=LP, received_at=NOW, open_for=open_for)


def test_documented_quote_is_read_as_it_stands() -> None:
    assert read(answered()) == LpQuote(
        lp=LP,
        lp_quote_id="QUO_uNiw1CDqGrdIlK15N0bu1",
        side=Side.SELL,
        base_units=7_051,
        quote_units=1_005_058,
        rate="142541279.55",
        received_at=NOW,
        expires_at=EXPIRES - GUARD,
    )


def test_amounts_sent_as_numbers_are_read_digit_for_digit() -> None:
    body = msgspec.json.encode({"data": payloads.QUOTE})
    bare = body.replace(b'"10050.58"', b"10050.58").replace(b'"0.00007051"', b"0.00007051")
    assert bare != body
    assert read(Answered(200, {}, bare)) == read(answered())


def test_number_that_no_float_could_hold_is_not_bent() -> None:
    body = msgspec.json.encode({"data": payloads.QUOTE})
    bare = body.replace(b'"10050.58"', b"10050.580000000000000000001")
    refused = read(Answered(200, {}, bare))
    assert isinstance(refused, LpQuoteRefused)
    assert refused.reason is QuoteRefusal.INVALID_RESPONSE


def test_quote_is_open_no_longer_than_our_own_clock_allows() -> None:
    """A vendor whose clock is ahead of ours says a later moment than it means."""
    quote = read(answered(), life=timedelta(seconds=5))
    assert isinstance(quote, LpQuote)
    assert quote.expires_at == NOW + timedelta(seconds=2)


@pytest.mark.parametrize(
    "changes",
    [
        {"source_amount": "0.00007052"},
        {"target_amount": "10050.585"},
        {"target_amount": "0"},
        {"target_amount": "-10050.58"},
        {"target_amount": "1.005058e4"},
        {"target_amount": ["10050.58"]},
        {"target_amount": None},
        {"target_currency": "KES"},
        {"rate": {"product": "BTCNGN", "rate": "152541279.55"}},
        {"rate": {"product": "ETHNGN", "rate": "142541279.55"}},
        {"fees": [{"amount": "1"}]},
        {"expires_at": "2025-02-20T06:56:48.059512+01:00"},
        {"expires_at": "2025-02-20T06:57:05"},
        {"id": "with a space"},
    ],
)
def test_quote_that_is_not_what_was_asked_for_is_refused(changes: dict[str, object]) -> None:
    refused = read(answered(**changes))
    assert isinstance(refused, LpQuoteRefused), refused
    assert refused.reason is QuoteRefusal.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (NotSent("refused"), QuoteRefusal.UNAVAILABLE),
        (Lost(cause="silence", timed_out=True), QuoteRefusal.TIMEOUT),
        (Lost(cause="reset", timed_out=False), QuoteRefusal.UNAVAILABLE),
        (Answered(200, {}, b"{"), QuoteRefusal.INVALID_RESPONSE),
        (Answered(503, {}, payloads.error("unsupported_pair")), QuoteRefusal.UNAVAILABLE),
        (Answered(429, {}, b""), QuoteRefusal.RATE_LIMITED),
        (Answered(400, {}, b"<html>"), QuoteRefusal.INVALID_RESPONSE),
        (Answered(400, {}, payloads.error("unsupported_pair")), QuoteRefusal.UNSUPPORTED),
        (Answered(400, {}, payloads.error("amount_below_minimum")), QuoteRefusal.BELOW_MINIMUM),
        (Answered(400, {}, payloads.error("amount_above_maximum")), QuoteRefusal.ABOVE_MAXIMUM),
    ],
)
def test_refusal_has_its_reason(exchange: Exchange, reason: QuoteRefusal) -> None:
    refused = read(exchange)
    assert isinstance(refused, LpQuoteRefused)
    assert refused.reason is reason


def test_error_nobody_documented_refuses_the_quote_and_is_heard_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        refused = read(Answered(400, {}, payloads.error("moon_phase")))
    assert isinstance(refused, LpQuoteRefused)
    assert "moon_phase" in caplog.text


@pytest.mark.parametrize(
    ("side", "fixed", "units", "body"),
    [
        (
            Side.SELL,
            FixedSide.BASE,
            7_051,
            b'{"source_currency":"BTC","target_currency":"NGN","source_amount":"0.00007051"}',
        ),
        (
            Side.SELL,
            FixedSide.QUOTE,
            10_000,
            b'{"source_currency":"BTC","target_currency":"NGN","target_amount":"100"}',
        ),
        (
            Side.BUY,
            FixedSide.BASE,
            7_051,
            b'{"source_currency":"NGN","target_currency":"BTC","target_amount":"0.00007051"}',
        ),
    ],
)
def test_one_amount_is_fixed_on_the_side_that_was_asked(
    side: Side, fixed: FixedSide, units: int, body: bytes
) -> None:
    assert quote_body(ask(side, fixed, units)) == body


@pytest.mark.parametrize(
    ("pair", "supported"),
    [
        (Pair(base="BTC", counter="NGN", is_sell_supported=True), True),
        (Pair(base="BTC", counter="NGN", is_buy_supported=True), False),
        (Pair(base="NGN", counter="BTC", is_buy_supported=True), True),
        (Pair(base="BTC", counter="KES", is_sell_supported=True), False),
    ],
)
def test_direction_counts_and_not_what_the_vendor_calls_the_base(
    pair: Pair, supported: bool
) -> None:
    assert supports((pair,), ask()) is supported


def test_asset_finer_than_the_vendors_is_asked_for_on_its_grid() -> None:
    request = LpQuoteRequest(
        instrument=USDT_NGN, side=Side.SELL, fixed=FixedSide.BASE, units=123_456_789
    )
    made = ask_for(request, DECIMALS)
    assert isinstance(made, Ask)
    assert b'"source_amount":"1.234567"' in quote_body(made)
