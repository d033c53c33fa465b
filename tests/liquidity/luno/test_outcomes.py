"""What each status, each code and each broken answer proves."""

import logging

import msgspec
import pytest

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.luno.errors import MEANINGS
from adapters.liquidity.luno.outcomes import LookUp, listed, outcome_of, read_order, read_placed
from adapters.liquidity.luno.schemas import OrderRecord, read_markets, read_order_record
from adapters.liquidity.meanings import Verdict
from adapters.liquidity.times import from_ms
from domain.liquidity.outcome import Filled, LpLeg, Outcome, Pending, Rejected, Unknown
from domain.shared.side import Side
from tests.liquidity.instruments import BTC_USDT, BTC_ZAR
from tests.liquidity.luno import payloads

(MARKET,) = read_markets(payloads.MARKETS).markets


def record(**changes: object) -> OrderRecord:
    return read_order_record(msgspec.json.encode(payloads.ORDER | changes))


def answered(status: int, body: bytes) -> Answered:
    return Answered(status, {}, body)


def outcome(**changes: object) -> Outcome:
    return outcome_of(record(**changes), BTC_ZAR, Side.BUY)


def sold_outcome(**changes: object) -> Outcome:
    sold: dict[str, object] = {"side": "SELL", "fee_base": "0.00", "fee_counter": "475.25"}
    return outcome_of(record(**(sold | changes)), BTC_ZAR, Side.SELL)


def test_bought_order_is_filled_less_the_fee_in_base() -> None:
    assert outcome() == Filled(
        lp_execution_id="BXMC2CJ7HNB88U4",
        base_units=24_975_000,
        quote_units=47_525_000,
        executed_at=from_ms(1747300000620),
    )


def test_sold_order_is_filled_less_the_fee_in_money() -> None:
    sold = sold_outcome()
    assert isinstance(sold, Filled)
    assert (sold.base_units, sold.quote_units) == (25_000_000, 47_477_475)


def test_money_finer_than_ours_is_rounded_down_when_we_get_it_and_unknown_when_we_give_it() -> None:
    got = sold_outcome(counter="475250.009", fee_counter="0")
    assert isinstance(got, Filled)
    assert got.quote_units == 47_525_000
    assert isinstance(outcome(counter="475250.009"), Unknown)


def test_order_that_left_the_book_unfilled_was_killed() -> None:
    killed = outcome(base="0.00", counter="0.00", fee_base="0.00")
    assert isinstance(killed, Rejected)
    assert killed.reason == "lp_failed"


@pytest.mark.parametrize("status", ["AWAITING", "PENDING"])
def test_order_on_the_book_is_pending(status: str) -> None:
    assert outcome(status=status) == Pending(lp_execution_id="BXMC2CJ7HNB88U4")


@pytest.mark.parametrize(
    "changes",
    [
        {"pair": "ETHZAR"},
        {"side": "SELL"},
        {"side": "HODL"},
        {"base": "a lot"},
        {"fee_base": "0.3"},
        {"base": "0.00"},
        {"counter": "-1"},
    ],
)
def test_record_that_does_not_fit_proves_nothing(changes: dict[str, object]) -> None:
    assert isinstance(outcome(**changes), Unknown)
    assert isinstance(outcome_of(record(), BTC_USDT, Side.BUY), Unknown)


def test_undocumented_status_proves_nothing_and_is_heard_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        assert isinstance(outcome(status="SETTLING"), Unknown)
    assert "luno" in caplog.text
    assert "SETTLING" in caplog.text


def test_acknowledged_order_is_to_be_looked_up() -> None:
    reply = answered(200, b'{"order_id": "BXMC2CJ7HNB88U4"}')
    assert read_placed(reply, confirmed=frozenset()) == LookUp("BXMC2CJ7HNB88U4")


@pytest.mark.parametrize("code", MEANINGS)
def test_code_proves_what_its_verdict_says(code: str) -> None:
    read = read_placed(answered(400, payloads.error(code)), confirmed=frozenset())
    wanted = {
        Verdict.REFUSED: Rejected,
        Verdict.LOOK_UP: LookUp,
        Verdict.UNKNOWN: Unknown,
    }[MEANINGS[code].verdict]
    assert isinstance(read, wanted)


@pytest.mark.parametrize("code", MEANINGS)
def test_server_error_proves_nothing_whatever_it_is_called(code: str) -> None:
    read = read_placed(answered(500, payloads.error(code)), confirmed=frozenset({code}))
    assert isinstance(read, Unknown)


def test_only_a_confirmed_code_is_a_refusal() -> None:
    reply = answered(400, payloads.error("ErrInsufficientFunds"))
    assert isinstance(read_placed(reply, confirmed=frozenset()), Unknown)
    refused = read_placed(reply, confirmed=frozenset({"ErrInsufficientFunds"}))
    assert isinstance(refused, Rejected)
    assert refused.reason == "insufficient_lp_balance"


@pytest.mark.parametrize(
    ("exchange", "wanted"),
    [
        (NotSent("refused"), Rejected),
        (Lost(cause="reset", timed_out=False), Unknown),
        (answered(200, b"{"), Unknown),
        (answered(200, b'{"order_id": 1.5}'), Unknown),
        (answered(400, b"<html>"), Unknown),
        (answered(400, payloads.error("ErrOfTomorrow")), Unknown),
    ],
)
def test_answer_to_an_order_proves_no_more_than_it_says(
    exchange: Exchange, wanted: type[object]
) -> None:
    assert isinstance(read_placed(exchange, confirmed=frozenset()), wanted)


@pytest.mark.parametrize(
    ("exchange", "known"),
    [
        (answered(404, payloads.error("ErrOrderNotFound")), None),
        (answered(500, payloads.error("ErrOrderNotFound")), Unknown),
        (answered(404, b"not here"), Unknown),
        (answered(200, b"[]"), Unknown),
        (NotSent("closed"), Unknown),
        (Lost(cause="reset", timed_out=False), Unknown),
    ],
)
def test_only_the_vendors_own_word_says_that_there_is_no_order(
    exchange: Exchange, known: type[object] | None
) -> None:
    found = read_order(exchange)
    assert found is None if known is None else isinstance(found, known)


def test_amount_sent_as_a_number_is_not_read() -> None:
    body = msgspec.json.encode(payloads.ORDER | {"base": 0.25})
    assert isinstance(read_order(answered(200, body)), Unknown)


def test_list_shows_what_moved_after_fees_under_our_names() -> None:
    row = listed(record(), MARKET)
    assert row is not None
    assert (row.lp_quote_id, row.client_ref) == (None, "ord_1")
    assert (row.base, row.quote) == (LpLeg("BTC", "0.24975"), LpLeg("ZAR", "475250.00"))


def test_list_leaves_out_what_was_killed_and_shows_what_is_open() -> None:
    assert listed(record(base="0", counter="0", fee_base="0"), MARKET) is None
    row = listed(record(status="PENDING", base="0", counter="0", fee_base="0"), MARKET)
    assert row is not None
    assert (row.status, row.base) == ("pending", LpLeg("BTC", "0.25"))
    assert row.quote == LpLeg("ZAR", "475750.00")
