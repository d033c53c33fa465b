"""Quotes: what we ask for, and every trap in what comes back."""

from datetime import timedelta
from typing import Final

import pytest

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.asking import Ask, ask_for
from adapters.liquidity.binance_convert.reference import NotListed, PairLimits
from adapters.liquidity.binance_convert.schemas import read_assets, read_pairs
from adapters.liquidity.binance_convert.transform import (
    beyond_limits,
    limits_of,
    quote_params,
    read_quote,
)
from adapters.liquidity.times import from_ms, to_ms
from domain.assets.instrument import Instrument
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.shared.side import FixedSide, Side
from tests.liquidity.binance_convert import payloads
from tests.liquidity.instruments import BTC, BTC_USDT, DOGE_USDT, ETH_USDT, USDT

LP: Final = LpName("binance")
NOW: Final = from_ms(payloads.QUOTED_MS)
DECIMALS: Final = {"BTC": 8, "USDT": 8, "ETH": 8, "DOGE": 2}
BUY, SELL, BASE, QUOTE = Side.BUY, Side.SELL, FixedSide.BASE, FixedSide.QUOTE


def ask(
    side: Side = SELL,
    fixed: FixedSide = BASE,
    units: int = 10_000_000,
    instrument: Instrument = BTC_USDT,
) -> Ask:
    request = LpQuoteRequest(instrument=instrument, side=side, fixed=fixed, units=units)
    made = ask_for(request, DECIMALS)
    assert isinstance(made, Ask)
    return made


def read(exchange: Exchange, asked: Ask | None = None) -> LpQuote | LpQuoteRefused:
    return read_quote(exchange, asked or ask(), lp=LP, received_at=NOW)


def answered(body: bytes, status: int = 200) -> Answered:
    return Answered(status, {}, body)


def refusal(exchange: Exchange, asked: Ask | None = None) -> QuoteRefusal:
    refused = read(exchange, asked)
    assert isinstance(refused, LpQuoteRefused), refused
    assert refused.lp == LP
    assert refused.detail
    return refused.reason


@pytest.mark.parametrize(
    ("side", "fixed", "units", "params"),
    [
        (BUY, BASE, 10_000_000, "fromAsset=USDT&toAsset=BTC&toAmount=0.1"),
        (BUY, QUOTE, 2_050_000_000, "fromAsset=USDT&toAsset=BTC&fromAmount=20.5"),
        (SELL, BASE, 10_000_000, "fromAsset=BTC&toAsset=USDT&fromAmount=0.1"),
        (SELL, QUOTE, 2_000_000_000, "fromAsset=BTC&toAsset=USDT&toAmount=20"),
    ],
)
def test_side_and_fixed_amount_decide_what_is_asked(
    side: Side, fixed: FixedSide, units: int, params: str
) -> None:
    asked = quote_params(ask(side, fixed, units), wallet_type="SPOT", valid_time="10s")
    assert asked == f"{params}&walletType=SPOT&validTime=10s"


@pytest.mark.parametrize(
    ("side", "amount"), [(BUY, "toAmount=0.12345679"), (SELL, "fromAmount=0.12345678")]
)
def test_amount_finer_than_the_vendor_moves_so_that_we_are_covered(side: Side, amount: str) -> None:
    """Buying, we get a little more than the customer was promised; selling, we give less."""
    asked = ask(side, BASE, 123_456_780_000_000_001, ETH_USDT)
    assert amount in quote_params(asked, wallet_type="SPOT", valid_time="10s")


@pytest.mark.parametrize(
    ("side", "fixed", "amount"),
    [
        (BUY, BASE, "toAmount=1000.01"),
        (SELL, BASE, "fromAmount=1000"),
        (BUY, QUOTE, "fromAmount=1000.00000001"),
        (SELL, QUOTE, "toAmount=1000.00000001"),
    ],
)
def test_each_asset_has_its_own_grid(side: Side, fixed: FixedSide, amount: str) -> None:
    asked = ask(side, fixed, 100_000_000_001, DOGE_USDT)
    assert f"&{amount}&" in quote_params(asked, wallet_type="SPOT", valid_time="10s")


def test_amount_that_vanishes_on_the_grid_is_below_the_minimum() -> None:
    request = LpQuoteRequest(instrument=ETH_USDT, side=SELL, fixed=BASE, units=9_999_999_999)
    assert ask_for(request, DECIMALS) is QuoteRefusal.BELOW_MINIMUM


@pytest.mark.parametrize("side", [BUY, SELL])
def test_amount_that_the_grid_cannot_tell_from_another_is_not_asked_for(side: Side) -> None:
    """The answer would be another trade, and count as a failure of the vendor's."""
    request = LpQuoteRequest(instrument=DOGE_USDT, side=side, fixed=BASE, units=150_600_000)
    assert ask_for(request, DECIMALS | {"DOGE": 0}) is QuoteRefusal.BELOW_MINIMUM


def test_asset_the_vendor_does_not_list_is_unsupported() -> None:
    request = LpQuoteRequest(instrument=BTC_USDT, side=SELL, fixed=BASE, units=1)
    assert ask_for(request, {"BTC": 8}) is QuoteRefusal.UNSUPPORTED


def test_reference_payloads_are_read() -> None:
    assert [(each.asset, each.fraction) for each in read_assets(payloads.ASSET_INFO)] == [
        ("BTC", 8),
        ("SHIB", 2),
    ]
    pairs = read_pairs(payloads.EXCHANGE_INFO)
    assert limits_of(pairs, BTC, USDT) == PairLimits(
        give_min=40_000, give_max=5_000_000_000, get_min=2_000_000_000, get_max=25 * 10**13
    )
    assert limits_of(pairs, USDT, BTC) == NotListed()


@pytest.mark.parametrize(
    ("fixed", "units", "refused"),
    [
        (BASE, 39_999, QuoteRefusal.BELOW_MINIMUM),
        (BASE, 40_000, None),
        (BASE, 5_000_000_000, None),
        (BASE, 5_000_000_001, QuoteRefusal.ABOVE_MAXIMUM),
        (QUOTE, 1_999_999_999, QuoteRefusal.BELOW_MINIMUM),
        (QUOTE, 2_000_000_000, None),
        (QUOTE, 25 * 10**13 + 1, QuoteRefusal.ABOVE_MAXIMUM),
    ],
)
def test_limits_are_inclusive(fixed: FixedSide, units: int, refused: QuoteRefusal | None) -> None:
    limits = limits_of(read_pairs(payloads.EXCHANGE_INFO), BTC, USDT)
    assert beyond_limits(ask(SELL, fixed, units), limits) is refused


def test_unlisted_direction_is_unsupported_and_unknown_limits_stop_nobody() -> None:
    assert beyond_limits(ask(), NotListed()) is QuoteRefusal.UNSUPPORTED
    assert beyond_limits(ask(), None) is None


def test_published_quote_is_read_exactly() -> None:
    quote = read(answered(payloads.QUOTE))
    assert quote == LpQuote(
        lp=LP,
        lp_quote_id="12415572564",
        side=SELL,
        base_units=10_000_000,
        quote_units=381_637_000_000,
        rate="38163.7",
        received_at=NOW,
        expires_at=NOW + timedelta(seconds=10),
    )


def test_bought_base_is_what_the_vendor_gives() -> None:
    body = b"""{"quoteId": 99, "ratio": "0.0000262", "inverseRatio": "38163.7",
        "validTimestamp": 1623319461670, "toAmount": "0.1", "fromAmount": "3816.37"}"""
    quote = read(answered(body), ask(BUY))
    assert isinstance(quote, LpQuote)
    assert (quote.base_units, quote.quote_units) == (10_000_000, 381_637_000_000)
    assert quote.lp_quote_id == "99"


@pytest.mark.parametrize("quote_id", [b'"quoteId": "", ', b'"quoteId": null, ', b""])
def test_price_without_quote_id_means_that_our_balance_is_short(quote_id: bytes) -> None:
    body = payloads.QUOTE_INSUFFICIENT.replace(b"{", b"{" + quote_id, 1)
    assert refusal(answered(body)) is QuoteRefusal.INSUFFICIENT_LP_BALANCE


TRAPS: Final = {
    "amount as number": (b'"3816.37"', b"3816.37"),
    "fixed amount as number": (b'"0.1"', b"0.1"),
    "finer than our units": (b'"3816.37"', b'"3816.370000001"'),
    "exponent": (b'"3816.37"', b'"3.81637E+3"'),
    "negative": (b'"3816.37"', b'"-3816.37"'),
    "zero": (b'"3816.37"', b'"0"'),
    "not asked for": (b'"fromAmount": "0.1"', b'"fromAmount": "0.11"'),
    "off the ratio": (b'"3816.37"', b'"3916.37"'),
    "off the inverse ratio": (b'"0.0000262"', b'"0.0000272"'),
    "ratio no number": (b'"38163.7"', b'"market"'),
    "ratio as number": (b'"38163.7"', b"38163.7"),
    "expired": (b"1623319461670", b"1623319451670"),
    "seconds for milliseconds": (b"1623319461670", b"1623319461"),
    "microseconds for milliseconds": (b"1623319461670", b"1623319461670000"),
    "far beyond every calendar": (b"1623319461670", b"9" * 40),
    "time as text": (b"1623319461670", b'"1623319461670"'),
    "odd quote id": (b'"12415572564"', b'"1241\\u0000"'),
    "endless quote id": (b'"12415572564"', b'"' + b"1" * 129 + b'"'),
    "truncated": (b'"fromAmount": "0.1"}', b""),
    "list": (payloads.QUOTE, b"[]"),
    "null": (payloads.QUOTE, b"null"),
    "nothing": (payloads.QUOTE, b""),
    "a page": (payloads.QUOTE, b"<html>maintenance</html>"),
    "not text": (b"12415572564", b"\xff\xfe"),
    "too deep": (b'"0.1"}', b'"0.1", "x": ' + b"[" * 100_000),
    "too large": (b'"3816.37"', b'"' + b"9" * 40 + b'"'),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_quote_with_a_trap_is_an_invalid_response(trap: str) -> None:
    sound, trapped = TRAPS[trap]
    assert sound in payloads.QUOTE
    body = payloads.QUOTE.replace(sound, trapped)
    assert refusal(answered(body)) is QuoteRefusal.INVALID_RESPONSE


def test_zeros_beyond_our_units_lose_nothing() -> None:
    body = payloads.QUOTE.replace(b'"3816.37"', b'"3816.370000000000"')
    assert isinstance(read(answered(body)), LpQuote)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (-1000, QuoteRefusal.UNAVAILABLE),
        (-1003, QuoteRefusal.RATE_LIMITED),
        (-1007, QuoteRefusal.TIMEOUT),
        (-1021, QuoteRefusal.UNAVAILABLE),
        (-1022, QuoteRefusal.UNAVAILABLE),
        (-1121, QuoteRefusal.UNSUPPORTED),
        ("345233", QuoteRefusal.INSUFFICIENT_LP_BALANCE),
        (345238, QuoteRefusal.BELOW_MINIMUM),
        (345239, QuoteRefusal.ABOVE_MAXIMUM),
        (777777, QuoteRefusal.UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_error_code_names_the_refusal(code: int | str, reason: QuoteRefusal, status: int) -> None:
    assert refusal(answered(payloads.error(code), status)) is reason


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (418, QuoteRefusal.RATE_LIMITED),
        (429, QuoteRefusal.RATE_LIMITED),
        (302, QuoteRefusal.INVALID_RESPONSE),
        (403, QuoteRefusal.INVALID_RESPONSE),
        (500, QuoteRefusal.UNAVAILABLE),
        (502, QuoteRefusal.UNAVAILABLE),
    ],
)
def test_status_speaks_where_the_body_does_not(status: int, reason: QuoteRefusal) -> None:
    assert refusal(answered(b"<html></html>", status)) is reason


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (NotSent("refused"), QuoteRefusal.UNAVAILABLE),
        (Lost(cause="reset", timed_out=False), QuoteRefusal.UNAVAILABLE),
        (Lost(cause="silence", timed_out=True), QuoteRefusal.TIMEOUT),
    ],
)
def test_network_trouble_is_a_refusal(exchange: Exchange, reason: QuoteRefusal) -> None:
    assert refusal(exchange) is reason


def test_vendor_text_is_fit_for_our_records() -> None:
    body = payloads.error(777777, "a\\u0000b\\n" + "x" * 1_000)
    refused = read(answered(body, 400))
    assert isinstance(refused, LpQuoteRefused)
    assert refused.detail.isprintable()
    assert len(refused.detail) <= 200


def test_milliseconds_come_back_as_they_went() -> None:
    assert to_ms(from_ms(1_623_319_461_670)) == 1_623_319_461_670
