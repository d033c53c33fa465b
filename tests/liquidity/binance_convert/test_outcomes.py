"""Executions: what proves a fill, what proves a rejection, and the rest, which is unknown."""

from typing import Final

import pytest

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.binance_convert.errors import MEANINGS
from adapters.liquidity.binance_convert.outcomes import (
    LookUp,
    listed,
    outcome_of,
    read_accept,
    read_order,
)
from adapters.liquidity.binance_convert.schemas import OrderRecord, read_trade_flow
from adapters.liquidity.meanings import Verdict
from adapters.liquidity.times import from_ms
from domain.liquidity.outcome import (
    Filled,
    LpLeg,
    Outcome,
    OutcomeKind,
    Pending,
    Rejected,
    Unknown,
)
from domain.shared.side import Side
from tests.liquidity.binance_convert import payloads
from tests.liquidity.instruments import BTC_USDT, ETH_USDT

ORDER_ID: Final = "933256278426274426"
SOLD_BTC: Final = (BTC_USDT, Side.SELL)


def answered(body: bytes, status: int = 200) -> Answered:
    return Answered(status, {}, body)


def record(body: bytes) -> OrderRecord:
    read = read_order(answered(body))
    assert isinstance(read, OrderRecord)
    return read


def outcome(body: bytes) -> Outcome:
    return outcome_of(record(body), SOLD_BTC)


@pytest.mark.parametrize("status", [b"PROCESS", b"ACCEPT_SUCCESS"])
def test_accepted_and_not_finished_is_pending(status: bytes) -> None:
    assert read_accept(answered(payloads.ACCEPTED % status)) == Pending(lp_execution_id=ORDER_ID)


def test_success_without_amounts_has_to_be_looked_up() -> None:
    assert read_accept(answered(payloads.ACCEPTED % b"SUCCESS")) == LookUp(ORDER_ID)


def test_fail_is_rejected() -> None:
    rejected = read_accept(answered(payloads.ACCEPTED % b"FAIL"))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "lp_failed"


def test_request_that_never_left_is_rejected() -> None:
    rejected = read_accept(NotSent("refused"))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "not_sent"


UNKNOWN: Final[dict[str, Exchange]] = {
    "silence": Lost(cause="silence", timed_out=True),
    "reset": Lost(cause="reset", timed_out=False),
    "undocumented status": answered(payloads.ACCEPTED % b"SETTLING"),
    "success without order": answered(b'{"orderStatus": "SUCCESS"}'),
    "truncated": answered((payloads.ACCEPTED % b"SUCCESS")[:30]),
    "empty": answered(b""),
    "null": answered(b"null"),
    "a page": answered(b"<html></html>"),
    "too deep": answered(b'{"x": ' + b"[" * 100_000),
    "not text": answered(b'{"orderStatus": "\xff"}'),
    "order id as fraction": answered(b'{"orderId": 9.3e17, "orderStatus": "FAIL"}'),
    "page of a gateway": answered(b"<html>502</html>", 502),
    "redirect": answered(b"", 307),
    "limit without a code": answered(b"slow down", 429),
    "ban without a code": answered(b"", 418),
    "firewall": answered(b"<html>forbidden</html>", 403),
    "no content": answered(b"", 204),
    "success with another status": answered(payloads.ACCEPTED % b"FAIL", 202),
    "execution status unknown": answered(payloads.error(-1007), 400),
    "unexpected response": answered(payloads.error(-1006), 400),
    "unknown error": answered(payloads.error(-1000), 400),
    "unmapped code": answered(payloads.error(777777), 400),
    "unmapped code in a good answer": answered(payloads.error(777777), 200),
    "rejection behind a server error": answered(payloads.error(-1021), 500),
    "expired behind a server error": answered(payloads.error(345231), 503),
    "undocumented refusal": answered(payloads.error(345233), 400),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_answer_that_proves_nothing_is_unknown(case: str) -> None:
    assert isinstance(read_accept(UNKNOWN[case]), Unknown)


@pytest.mark.parametrize(
    "code", [each for each in MEANINGS if MEANINGS[each].verdict is Verdict.REFUSED]
)
def test_documented_refusal_is_rejected_with_its_reason(code: str) -> None:
    rejected = read_accept(answered(payloads.error(int(code)), 400))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == MEANINGS[code].reason
    assert code in rejected.detail


def test_expired_quote_is_rejected_as_expired() -> None:
    rejected = read_accept(answered(payloads.error("345231"), 400))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "quote_expired"


def test_used_quote_is_looked_up_because_it_may_be_ours() -> None:
    assert read_accept(answered(payloads.error(345232), 400)) == LookUp(None)


@pytest.mark.parametrize("code", [345233, 777777])
def test_refusal_the_vendor_confirmed_in_writing_is_rejected(code: int) -> None:
    confirmed = read_accept(answered(payloads.error(code), 400), confirmed={str(code)})
    assert isinstance(confirmed, Rejected)
    assert isinstance(
        read_accept(answered(payloads.error(code), 500), confirmed={str(code)}), Unknown
    )


def test_published_record_is_a_fill_with_the_amounts_it_tells() -> None:
    assert outcome(payloads.ORDER) == Filled(
        lp_execution_id=ORDER_ID,
        base_units=54_414,
        quote_units=2_000_000_000,
        executed_at=from_ms(1_623_381_330_472),
    )


def test_bought_base_is_what_was_gotten() -> None:
    body = payloads.ORDER.replace(b'"BTC"', b'"x"').replace(b'"USDT"', b'"BTC"')
    filled = outcome_of(record(body.replace(b'"x"', b'"USDT"')), (BTC_USDT, Side.BUY))
    assert isinstance(filled, Filled)
    assert (filled.base_units, filled.quote_units) == (2_000_000_000, 54_414)


@pytest.mark.parametrize("as_text", [False, True])
def test_order_id_is_exact_whether_text_or_number(as_text: bool) -> None:
    number = b"933256278426274427"
    body = payloads.ORDER.replace(ORDER_ID.encode(), b'"' + number + b'"' if as_text else number)
    filled = outcome(body)
    assert isinstance(filled, Filled)
    assert filled.lp_execution_id == number.decode()


RECORDS: Final[dict[str, tuple[bytes, bytes, type[object]]]] = {
    "in process": (b"SUCCESS", b"PROCESS", Pending),
    "accepted": (b"SUCCESS", b"ACCEPT_SUCCESS", Pending),
    "failed": (b"SUCCESS", b"FAIL", Rejected),
    "undocumented status": (b"SUCCESS", b"SETTLING", Unknown),
    "lower case status": (b"SUCCESS", b"success", Unknown),
    "finer than our units": (b'"0.00054414"', b'"0.000544141"', Unknown),
    "exponent": (b'"0.00054414"', b'"5.4414E-4"', Unknown),
    "zero": (b'"20"', b'"0"', Unknown),
    "negative": (b'"20"', b'"-20"', Unknown),
    "no amount": (b'"fromAmount": "0.00054414",', b"", Unknown),
    "no time": (b', "createTime": 1623381330472', b"", Unknown),
    "another pair": (b'"BTC"', b'"ETH"', Unknown),
    "the other direction": (b'"BTC"', b'"USDT"', Unknown),
    "beyond every amount": (b'"20"', b'"' + b"9" * 40 + b'"', Unknown),
}


@pytest.mark.parametrize("case", RECORDS)
def test_record_proves_what_it_tells_in_full_and_nothing_else(case: str) -> None:
    sound, changed, expected = RECORDS[case]
    assert sound in payloads.ORDER
    assert isinstance(outcome(payloads.ORDER.replace(sound, changed)), expected)


def test_fill_of_a_pair_nobody_named_is_not_booked() -> None:
    assert isinstance(outcome_of(record(payloads.ORDER), None), Unknown)
    assert isinstance(outcome_of(record(payloads.ORDER), (ETH_USDT, Side.SELL)), Unknown)


@pytest.mark.parametrize("status", [200, 400, 404])
def test_order_the_vendor_does_not_know_is_none(status: int) -> None:
    assert read_order(answered(payloads.error(-2013), status)) is None


@pytest.mark.parametrize(
    "exchange",
    [
        NotSent("refused"),
        Lost(cause="silence", timed_out=True),
        answered(payloads.error(-2013), 500),
        answered(payloads.error(-1003), 429),
        answered(payloads.error(-1021), 400),
        answered(b"<html></html>", 404),
        answered(b"{}", 200),
        answered(payloads.ORDER[:50], 200),
        answered(payloads.ORDER.replace(b'"20"', b"20"), 200),
    ],
)
def test_lookup_that_failed_is_unknown_and_never_absence(exchange: Exchange) -> None:
    assert isinstance(read_order(exchange), Unknown)


def test_published_history_is_read_with_base_and_quote_told_apart() -> None:
    page = read_trade_flow(payloads.TRADE_FLOW)
    assert not page.more_data
    row = listed(page.rows[0], Side.BUY)
    assert (row.lp_execution_id, row.status) == ("940708407462087195", OutcomeKind.FILLED)
    assert row.lp_quote_id == "f3b91c525b2644c7bc1e1cd31b6e1aa6"
    assert (row.base, row.quote) == (LpLeg("BNB", "0.06154036"), LpLeg("USDT", "20"))


def test_history_of_a_pair_we_do_not_trade_is_listed_all_the_same() -> None:
    row = listed(read_trade_flow(payloads.TRADE_FLOW).rows[0], None)
    assert row.base.asset == "USDT"
