"""Quotes: the published sample, and everything that may be wrong with one."""

from typing import Final

import pytest

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.asking import Ask, ask_for
from adapters.liquidity.bybit_convert.replies import read_reply
from adapters.liquidity.bybit_convert.transform import quote_body, read_quote
from adapters.liquidity.times import from_ms
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.shared.side import FixedSide, Side
from tests.liquidity.bybit_convert import payloads
from tests.liquidity.instruments import BTC, ETH, instrument_of

LP: Final = LpName("bybit")
ETH_BTC: Final = instrument_of(ETH, BTC)


def asked() -> Ask:
    request = LpQuoteRequest(instrument=ETH_BTC, side=Side.SELL, fixed=FixedSide.BASE, units=10**17)
    ask = ask_for(request, {"ETH": 8, "BTC": 8})
    assert isinstance(ask, Ask)
    return ask


def read(exchange: Exchange) -> LpQuote | LpQuoteRefused:
    received_at = from_ms(payloads.QUOTED_MS)
    return read_quote(read_reply(exchange), asked(), lp=LP, received_at=received_at)


def test_published_quote_is_read_in_whole_units() -> None:
    quote = read(Answered(200, {}, payloads.QUOTE))
    assert isinstance(quote, LpQuote)
    assert quote.lp_quote_id == "10100108106409340067234418688"
    assert (quote.base_units, quote.quote_units) == (10**17, 535_179)
    assert quote.expires_at == from_ms(1_720_071_092_225)
    assert quote.rate == "0.053517914861880000"


def test_request_states_the_coin_we_give_as_the_coin_asked_for() -> None:
    assert quote_body(asked(), account_type="eb_convert_funding") == (
        b'{"fromCoin":"ETH","toCoin":"BTC","accountType":"eb_convert_funding",'
        b'"requestCoin":"ETH","requestAmount":"0.1"}'
    )


@pytest.mark.parametrize(
    ("sound", "changed"),
    [
        (b'"0.1"', b'"0.2"'),
        (b'"0.1"', b"0.1"),
        (b'"ETH"', b'"SOL"'),
        (b'"1720071092225"', b'"1720071077265"'),
        (b'"1720071092225"', b'"1820071092225"'),
        (b'"1720071092225"', b'"2024-07-04T05:31:32Z"'),
        (b'"0.005351791486188000"', b'"0.006351791486188000"'),
        (b'"0.005351791486188000"', b'"0.000000001"'),
        (b'"0.005351791486188000"', b"0.005351791486188"),
        (b'"0.053517914861880000"', b'"0.06"'),
        (b'"10100108106409340067234418688"', b'""'),
    ],
)
def test_quote_that_does_not_hold_together_is_refused(sound: bytes, changed: bytes) -> None:
    assert sound in payloads.QUOTE
    refused = read(Answered(200, {}, payloads.QUOTE.replace(sound, changed)))
    assert isinstance(refused, LpQuoteRefused)
    assert refused.reason is QuoteRefusal.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (NotSent("refused"), QuoteRefusal.UNAVAILABLE),
        (Lost(cause="silence", timed_out=True), QuoteRefusal.TIMEOUT),
        (Lost(cause="reset", timed_out=False), QuoteRefusal.UNAVAILABLE),
        (Answered(502, {}, b"<html>"), QuoteRefusal.UNAVAILABLE),
        (Answered(200, {}, payloads.refusal(700001)), QuoteRefusal.UNAVAILABLE),
        (Answered(200, {}, payloads.refusal(700005)), QuoteRefusal.INSUFFICIENT_LP_BALANCE),
        (Answered(200, {}, payloads.refusal(700006)), QuoteRefusal.BELOW_MINIMUM),
        (Answered(200, {}, payloads.refusal(700007)), QuoteRefusal.ABOVE_MAXIMUM),
        (Answered(200, {}, payloads.refusal(10006)), QuoteRefusal.RATE_LIMITED),
        (Answered(200, {}, payloads.refusal(777777)), QuoteRefusal.UNAVAILABLE),
    ],
)
def test_no_quote_is_a_refusal_with_its_reason(exchange: Exchange, reason: QuoteRefusal) -> None:
    refused = read(exchange)
    assert isinstance(refused, LpQuoteRefused)
    assert refused.reason is reason
