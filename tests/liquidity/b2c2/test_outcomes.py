"""Orders: what proves a fill, what proves a rejection, and the rest, which is unknown."""

import logging
from datetime import UTC, datetime
from typing import Final

import pytest

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.b2c2.errors import MEANINGS, meaning_of
from adapters.liquidity.b2c2.names import order_id_for
from adapters.liquidity.b2c2.outcomes import Asked, LookUp, read_looked_up, read_placed
from adapters.liquidity.b2c2.replies import read_reply
from adapters.liquidity.b2c2.transform import SIDES
from adapters.liquidity.meanings import Verdict
from domain.liquidity.outcome import Filled, Outcome, Rejected, Unknown
from domain.shared.side import Side
from tests.liquidity.b2c2 import payloads
from tests.liquidity.instruments import BTC, USD_OF_FOUR, USD_OF_THREE, instrument_of

ASKED: Final = Asked("ord_1", instrument_of(BTC, USD_OF_FOUR), Side.BUY)
OUR_ID: Final = order_id_for("ord_1").encode()
FILLED: Final = payloads.FILLED % OUR_ID
KILLED: Final = payloads.KILLED % OUR_ID


def answered(body: bytes, status: int = 201) -> Answered:
    return Answered(status, {}, body)


def placed(exchange: Exchange) -> Outcome | LookUp:
    return read_placed(read_reply(exchange), ASKED)


def test_our_reference_is_one_id_at_the_vendor_forever() -> None:
    """Changing it would hide every order that is looked for at that moment."""
    assert order_id_for("ord_1") == "7c3dc245-41a9-5f4e-8720-08a8ef9c3077"
    assert order_id_for("ord_2") != order_id_for("ord_1")


def test_published_answer_is_a_fill_at_the_executed_price() -> None:
    assert placed(answered(FILLED)) == Filled(
        lp_execution_id="b2c50b72-92d4-499f-b0a3-dee6b37378be",
        base_units=300_000_000,
        quote_units=313_729_533,
        executed_at=datetime(2018, 2, 26, 14, 27, 53, 675_962, tzinfo=UTC),
    )


@pytest.mark.parametrize(("side", "units"), [(Side.BUY, 31_372_954), (Side.SELL, 31_372_953)])
def test_other_side_finer_than_our_units_is_rounded_against_us(side: Side, units: int) -> None:
    """Three times 10457.65110 is 31372.9533: a decimal more than we keep."""
    asked = Asked("ord_1", instrument_of(BTC, USD_OF_THREE), side)
    body = FILLED.replace(b'"buy"', b'"%b"' % SIDES[side].encode())
    filled = read_placed(read_reply(answered(body)), asked)
    assert isinstance(filled, Filled)
    assert filled.quote_units == units


@pytest.mark.parametrize("status", [200, 201])
def test_null_price_is_a_rejection_with_the_status_of_a_success(status: int) -> None:
    rejected = placed(answered(KILLED, status))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "lp_failed"


def test_request_that_never_left_is_rejected() -> None:
    rejected = placed(NotSent("refused"))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "not_sent"


TRADES: Final = FILLED[FILLED.index(b"[{") + 1 : FILLED.index(b"}]") + 1]

UNKNOWN: Final[dict[str, Exchange]] = {
    "silence": Lost(cause="silence", timed_out=True),
    "truncated": answered(FILLED[:-40]),
    "empty": answered(b""),
    "null": answered(b"null"),
    "a page": answered(b"<html></html>"),
    "page of a gateway": answered(b"<html>502</html>", 502),
    "no token": answered(b'{"detail": "Invalid token."}', 401),
    "throttled": answered(payloads.refusal(1000), 429),
    "not found": answered(payloads.refusal(1000), 404),
    "refusal behind a server error": answered(payloads.refusal(1009), 500),
    "unknown error": answered(payloads.refusal(1000), 400),
    "unmapped code": answered(payloads.refusal(7777), 400),
    "no code": answered(b'{"errors": []}', 400),
    "a refusal and something else": answered(payloads.refusal(1009, 1000), 400),
    "order of somebody else": answered(payloads.FILLED % b"e5f52400-0000-4000-8000-000000000000"),
    "another instrument": answered(FILLED.replace(b"BTCUSD", b"ETHUSD")),
    "the other side": answered(FILLED.replace(b'"buy"', b'"sell"')),
    "killed but traded": answered(FILLED.replace(b'"10457.651100000"', b"null")),
    "a price without trades": answered(FILLED.replace(TRADES, b"")),
    "two trades": answered(FILLED.replace(TRADES, TRADES + b"," + TRADES)),
    "two prices": answered(FILLED.replace(b'"10457.651100000"', b'"10457.6512"')),
    "filled in part": answered(FILLED.replace(b'"3.0000000000"', b'"2.0000000000"', 1)),
    "price as a number": answered(FILLED.replace(b'"10457.651100000"', b"10457.6511")),
    "quantity finer than our units": answered(FILLED.replace(b"3.0000000000", b"3.0000000001")),
    "exponent": answered(FILLED.replace(b'"3.0000000000"', b'"3E0"')),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_answer_that_proves_nothing_is_unknown(case: str) -> None:
    assert isinstance(placed(UNKNOWN[case]), Unknown)


@pytest.mark.parametrize("code", MEANINGS)
def test_documented_code_has_its_verdict(code: str) -> None:
    kinds = {Verdict.REFUSED: Rejected, Verdict.LOOK_UP: LookUp, Verdict.UNKNOWN: Unknown}
    said = placed(answered(payloads.refusal(int(code)), 400))
    assert isinstance(said, kinds[MEANINGS[code].verdict])


def test_of_several_codes_the_least_certain_counts() -> None:
    assert meaning_of(["1009", "1021"]).verdict is Verdict.REFUSED
    assert meaning_of(["1009", "1100"]).verdict is Verdict.LOOK_UP
    assert meaning_of(["1100", "1009", "7777"]).verdict is Verdict.UNKNOWN


def test_code_nobody_documented_is_heard_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        placed(UNKNOWN["unmapped code"])
    assert "undocumented answer of b2c2" in caplog.text


def looked_up(exchange: Exchange) -> Outcome | None:
    return read_looked_up(read_reply(exchange), ASKED)


def test_only_the_vendors_own_words_say_that_there_is_no_order() -> None:
    assert looked_up(answered(payloads.refusal(1000), 404)) is None
    assert isinstance(looked_up(answered(b"<html>404</html>", 404)), Unknown)


@pytest.mark.parametrize(
    "exchange",
    [
        NotSent("refused"),
        Lost(cause="silence", timed_out=True),
        answered(payloads.refusal(1009), 400),
        answered(payloads.refusal(1000), 429),
        answered(payloads.refusal(1000), 500),
        answered(FILLED[:-40], 200),
        answered(b'{"detail": "Invalid token."}', 401),
    ],
)
def test_lookup_that_failed_is_unknown_and_never_absence(exchange: Exchange) -> None:
    assert isinstance(looked_up(exchange), Unknown)
