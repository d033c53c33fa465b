"""Executions: what proves a fill, what proves a rejection, and the rest, which is unknown."""

import logging
from typing import Final

import pytest

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.bybit_convert.errors import MEANINGS
from adapters.liquidity.bybit_convert.outcomes import (
    LookUp,
    listed,
    outcome_of,
    read_execute,
    read_result,
)
from adapters.liquidity.bybit_convert.replies import read_reply
from adapters.liquidity.bybit_convert.schemas import Conversion
from adapters.liquidity.meanings import Verdict
from adapters.liquidity.times import from_ms
from domain.liquidity.outcome import Filled, LpLeg, Outcome, Pending, Rejected, Unknown
from domain.shared.side import Side
from tests.liquidity.bybit_convert import payloads
from tests.liquidity.instruments import BTC, BTC_USDT, ETH, instrument_of

ETH_BTC: Final = instrument_of(ETH, BTC)
SOLD: Final = (ETH_BTC, Side.SELL)


def answered(body: bytes, status: int = 200) -> Answered:
    return Answered(status, {}, body)


def execution(exchange: Exchange) -> Outcome | LookUp:
    return read_execute(read_reply(exchange), payloads.QUOTE_ID)


def record(body: bytes) -> Conversion:
    read = read_result(read_reply(answered(body)))
    assert isinstance(read, Conversion), read
    return read


@pytest.mark.parametrize("status", [b"processing", b"init"])
def test_acknowledgement_is_pending(status: bytes) -> None:
    acknowledged = execution(answered(payloads.EXECUTED % status))
    assert acknowledged == Pending(lp_execution_id=payloads.QUOTE_ID)


def test_success_without_amounts_has_to_be_looked_up() -> None:
    assert isinstance(execution(answered(payloads.EXECUTED % b"success")), LookUp)


def test_failure_is_rejected() -> None:
    assert isinstance(execution(answered(payloads.EXECUTED % b"failure")), Rejected)


def test_request_that_never_left_is_rejected() -> None:
    rejected = execution(NotSent("refused"))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "not_sent"


UNKNOWN: Final[dict[str, Exchange]] = {
    "silence": Lost(cause="silence", timed_out=True),
    "undocumented status": answered(payloads.EXECUTED % b"clearing"),
    "another quote": answered((payloads.EXECUTED % b"failure").replace(b"32064", b"32065")),
    "truncated": answered((payloads.EXECUTED % b"failure")[:60]),
    "empty": answered(b""),
    "null": answered(b"null"),
    "a page": answered(b"<html></html>"),
    "too deep": answered(b'{"result": ' + b"[" * 100_000),
    "code as text": answered(b'{"retCode": "32024", "retMsg": "x"}'),
    "page of a gateway": answered(b"<html>502</html>", 502),
    "firewall": answered(b"access too frequent", 403),
    "success with another status": answered(payloads.EXECUTED % b"failure", 202),
    "system error of the vendor": answered(payloads.refusal(10016)),
    "expired or never given out": answered(payloads.refusal(700008)),
    "no such quote": answered(payloads.refusal(700004)),
    "unmapped code": answered(payloads.refusal(777777)),
    "rejection behind a server error": answered(payloads.refusal(32024), 500),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_answer_that_proves_nothing_is_unknown(case: str) -> None:
    assert isinstance(execution(UNKNOWN[case]), Unknown)


@pytest.mark.parametrize("code", MEANINGS)
def test_documented_code_has_its_verdict(code: str) -> None:
    kinds = {Verdict.REFUSED: Rejected, Verdict.LOOK_UP: LookUp, Verdict.UNKNOWN: Unknown}
    said = execution(answered(payloads.refusal(int(code))))
    assert isinstance(said, kinds[MEANINGS[code].verdict])


@pytest.mark.parametrize("code", [700003, 700009, 790000])
def test_code_of_a_quote_that_may_be_used_asks_the_record(code: int) -> None:
    assert isinstance(execution(answered(payloads.refusal(code))), LookUp)


@pytest.mark.parametrize("case", ["undocumented status", "unmapped code"])
def test_what_nobody_documented_is_heard_of(case: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        execution(UNKNOWN[case])
    assert "undocumented answer of bybit_convert" in caplog.text


def test_published_record_is_a_fill_in_whole_units() -> None:
    """The document tells 14 decimals of an asset that has eight."""
    assert outcome_of(record(payloads.RESULT), SOLD) == Filled(
        lp_execution_id=payloads.QUOTE_ID,
        base_units=10**17,
        quote_units=534_882,
        executed_at=from_ms(1_720_071_899_995),
    )
    row = listed(record(payloads.RESULT), SOLD)
    assert (row.base, row.quote) == (LpLeg("ETH", "0.1"), LpLeg("BTC", "0.00534882"))


RECORDS: Final[dict[str, tuple[bytes, bytes, type[object]]]] = {
    "in process": (b'"success"', b'"processing"', Pending),
    "failed": (b'"success"', b'"failure"', Rejected),
    "undocumented status": (b'"success"', b'"clearing"', Unknown),
    "other case": (b'"success"', b'"SUCCESS"', Unknown),
    "exponent": (b'"0.1"', b'"1E-1"', Unknown),
    "given finer than our units": (b'"0.1"', b'"0.1000000000000000001"', Unknown),
    "gotten nothing": (b'"0.00534882723991"', b'"0.000000009"', Unknown),
    "negative": (b'"0.00534882723991"', b'"-0.1"', Unknown),
    "another pair": (b'"ETH"', b'"SOL"', Unknown),
}


@pytest.mark.parametrize("case", RECORDS)
def test_record_proves_what_it_tells_in_full_and_nothing_else(case: str) -> None:
    sound, changed, expected = RECORDS[case]
    assert sound in payloads.RESULT
    body = payloads.RESULT.replace(sound, changed)
    assert isinstance(outcome_of(record(body), SOLD), expected)


def test_fill_of_a_pair_nobody_named_is_not_booked() -> None:
    assert isinstance(outcome_of(record(payloads.RESULT), None), Unknown)
    assert isinstance(outcome_of(record(payloads.RESULT), (BTC_USDT, Side.SELL)), Unknown)


def test_only_one_code_says_that_a_quote_is_not_known() -> None:
    assert read_result(read_reply(answered(payloads.refusal(700004)))) is None
    for code in (700008, 790000, 10016, 777777):
        assert isinstance(read_result(read_reply(answered(payloads.refusal(code)))), Unknown)


@pytest.mark.parametrize(
    "exchange",
    [
        NotSent("refused"),
        Lost(cause="silence", timed_out=True),
        answered(payloads.refusal(700004), 500),
        answered(payloads.RESULT[:90]),
        answered(payloads.RESULT.replace(b'"0.1"', b"0.1")),
        answered(payloads.RESULT.replace(b'"1720071899995"', b'"soon"')),
    ],
)
def test_lookup_that_failed_is_unknown_and_never_absence(exchange: Exchange) -> None:
    assert isinstance(read_result(read_reply(exchange)), Unknown)
