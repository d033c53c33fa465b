"""What each status, each name of an error and each broken answer proves."""

import logging
from datetime import UTC, datetime
from typing import Final

import msgspec
import pytest

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.busha.errors import MEANINGS
from adapters.liquidity.busha.outcomes import KINDS, LookUp, outcome_of, read_transfer
from adapters.liquidity.busha.schemas import Transfer
from adapters.liquidity.meanings import Verdict
from domain.liquidity.outcome import Filled, Outcome, OutcomeKind, Pending, Rejected, Unknown
from domain.shared.side import Side
from tests.liquidity.busha import payloads
from tests.liquidity.instruments import BTC, NGN, USDT_NGN, instrument_of

SEEN: Final = datetime(2025, 2, 20, 6, tzinfo=UTC)
BTC_NGN: Final = instrument_of(BTC, NGN)
WORDS_OF_THE_VENDOR: Final = (
    "pending",
    "processing",
    "cancelled",
    "completed",
    "funds_received",
    "funds_converted",
    "outgoing_payment_sent",
    "funds_delivered",
    "funds_refunded",
)


def answered(**changes: object) -> Answered:
    body = msgspec.json.encode({"status": "success", "data": payloads.TRANSFER | changes})
    return Answered(201, {}, body)


def outcome(**changes: object) -> Outcome:
    transfer = read_transfer(answered(**changes))
    assert isinstance(transfer, Transfer)
    return outcome_of(transfer, BTC_NGN, Side.SELL, seen_at=SEEN)


def test_documented_transfer_is_filled_with_the_amounts_it_reports() -> None:
    assert outcome() == Filled(
        lp_execution_id="TRF_BaAUvCTlZCt3hu3OO4u8P",
        base_units=7_051,
        quote_units=1_005_058,
        executed_at=SEEN,
    )


def test_time_of_the_transfer_is_the_vendors_where_it_tells_one() -> None:
    filled = outcome(created_at="2025-02-20T06:57:00+01:00")
    assert isinstance(filled, Filled)
    assert filled.executed_at == datetime(2025, 2, 20, 5, 57, tzinfo=UTC)


def test_every_word_of_the_vendor_has_a_meaning() -> None:
    assert set(WORDS_OF_THE_VENDOR) == set(KINDS)


@pytest.mark.parametrize("word", WORDS_OF_THE_VENDOR)
def test_word_proves_what_the_table_says(word: str) -> None:
    wanted = {
        OutcomeKind.FILLED: Filled,
        OutcomeKind.PENDING: Pending,
        OutcomeKind.REJECTED: Rejected,
        OutcomeKind.UNKNOWN: Unknown,
    }[KINDS[word]]
    assert isinstance(outcome(status=word), wanted)


def test_money_that_came_back_does_not_prove_that_nothing_was_executed() -> None:
    assert isinstance(outcome(status="funds_refunded"), Unknown)


def test_undocumented_status_proves_nothing_and_is_heard_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        assert isinstance(outcome(status="settling"), Unknown)
    assert "settling" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"target_currency": "KES"},
        {"source_amount": "0.000070511"},
        {"target_amount": "a lot"},
        {"target_amount": True},
    ],
)
def test_transfer_that_does_not_fit_proves_nothing(changes: dict[str, object]) -> None:
    assert isinstance(outcome(**changes), Unknown)
    transfer = read_transfer(answered())
    assert isinstance(transfer, Transfer)
    assert isinstance(outcome_of(transfer, USDT_NGN, Side.SELL, seen_at=SEEN), Unknown)


@pytest.mark.parametrize("name", MEANINGS)
def test_name_proves_what_its_verdict_says(name: str) -> None:
    wanted = {
        Verdict.REFUSED: Rejected,
        Verdict.LOOK_UP: LookUp,
        Verdict.UNKNOWN: Unknown,
    }[MEANINGS[name].verdict]
    assert isinstance(read_transfer(Answered(400, {}, payloads.error(name))), wanted)
    assert isinstance(read_transfer(Answered(500, {}, payloads.error(name))), Unknown)


@pytest.mark.parametrize(
    ("exchange", "wanted"),
    [
        (NotSent("refused"), Rejected),
        (Lost(cause="reset", timed_out=False), Unknown),
        (Answered(200, {}, b"{"), Unknown),
        (Answered(400, {}, b"<html>"), Unknown),
        (Answered(400, {}, payloads.error("moon_phase")), Unknown),
        (Answered(302, {}, b""), Unknown),
    ],
)
def test_answer_proves_no_more_than_it_says(exchange: Exchange, wanted: type[object]) -> None:
    assert isinstance(read_transfer(exchange), wanted)
