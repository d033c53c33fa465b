from datetime import datetime, timedelta
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.liquidity.outcome import Filled, NotSeen, Outcome, Pending, Rejected, Unknown
from domain.liquidity.proofs import Absence
from domain.liquidity.resolution import (
    ABSENCE_REASON,
    AlreadySettled,
    AttemptState,
    AttemptStatus,
    KeepLooking,
    Proof,
    Settle,
    decide,
    next_look,
)
from domain.shared.errors import InvariantViolation
from tests.unit.domain.builders import NOW

MARGIN: Final = timedelta(seconds=60)
LP_EXPIRES_AT: Final = NOW + timedelta(seconds=10)
STILL_OPEN_AT: Final = LP_EXPIRES_AT + MARGIN
TOO_LATE_FOR_THE_LP: Final = STILL_OPEN_AT + timedelta(microseconds=1)

FILLED: Final = Filled(lp_execution_id="x-1", base_units=1, quote_units=2, executed_at=NOW)
REJECTED: Final = Rejected(reason="last_look", detail="moved")
TABLE: Final = Absence(witnesses=("order", "trades"), after="its expiry")
ABSENT: Final = NotSeen(authoritative=True, detail="no order, no trade", witnesses=TABLE.witnesses)
ONE_WITNESS: Final = NotSeen(authoritative=True, detail="no order", witnesses=("order",))
NOT_FOUND: Final = NotSeen(authoritative=False, detail="no order")
SIGHTINGS: Final = [FILLED, REJECTED, Pending(), Unknown(cause="503"), ABSENT, NOT_FOUND, None]
OPEN_STATUSES: Final = [AttemptStatus.SENDING, AttemptStatus.PENDING, AttemptStatus.UNKNOWN]

UNKNOWN: Final = AttemptState(
    status=AttemptStatus.UNKNOWN, lp_expires_at=LP_EXPIRES_AT, absence=TABLE, looks=0
)

attempts = st.builds(
    AttemptState,
    status=st.sampled_from(AttemptStatus),
    lp_expires_at=st.just(LP_EXPIRES_AT),
    absence=st.sampled_from([TABLE, None]),
    looks=st.integers(0, 10_000),
)
moments = st.timedeltas(timedelta(days=-1), timedelta(days=3_650)).map(lambda delta: NOW + delta)


@pytest.mark.parametrize("status", OPEN_STATUSES)
@pytest.mark.parametrize(
    ("seen", "proof"), [(FILLED, Proof.LP_RECORD), (REJECTED, Proof.LP_REJECTION)]
)
def test_positive_record_settles_at_any_time(
    status: AttemptStatus, seen: Filled | Rejected, proof: Proof
) -> None:
    attempt = msgspec.structs.replace(UNKNOWN, status=status)
    for now in (NOW, TOO_LATE_FOR_THE_LP):
        decision = decide(attempt, seen, now=now, margin=MARGIN)
        assert decision == Settle(outcome=seen, proof=proof)


def test_absence_after_deadline_and_margin_is_proof_of_rejection() -> None:
    decision = decide(UNKNOWN, ABSENT, now=TOO_LATE_FOR_THE_LP, margin=MARGIN)
    rejected = Rejected(reason=ABSENCE_REASON, detail=ABSENT.detail)
    assert decision == Settle(outcome=rejected, proof=Proof.ABSENCE)


@pytest.mark.parametrize(
    ("change", "seen", "now"),
    [
        ({}, ABSENT, STILL_OPEN_AT),
        ({}, NOT_FOUND, TOO_LATE_FOR_THE_LP),
        ({}, ONE_WITNESS, TOO_LATE_FOR_THE_LP),
        ({"absence": None}, ABSENT, TOO_LATE_FOR_THE_LP),
        ({"status": AttemptStatus.PENDING}, ABSENT, TOO_LATE_FOR_THE_LP),
    ],
    ids=[
        "in time for the lp",
        "not late enough",
        "one witness",
        "expired quotes execute",
        "was acknowledged",
    ],
)
def test_absence_without_one_of_its_conditions_proves_nothing(
    change: dict[str, object], seen: NotSeen, now: datetime
) -> None:
    attempt = msgspec.structs.replace(UNKNOWN, **change)
    assert isinstance(decide(attempt, seen, now=now, margin=MARGIN), KeepLooking)


@given(
    attempt=attempts,
    now=moments,
    seen=st.sampled_from([Pending(), Unknown(cause="x"), NOT_FOUND, ONE_WITNESS, None]),
)
def test_no_amount_of_time_settles_without_evidence(
    attempt: AttemptState, now: datetime, seen: Outcome | NotSeen | None
) -> None:
    decision = decide(attempt, seen, now=now, margin=MARGIN)
    assert not isinstance(decision, Settle)


@pytest.mark.parametrize(
    ("status", "contradicting"),
    [
        (AttemptStatus.FILLED, [REJECTED, ABSENT, Pending()]),
        (AttemptStatus.REJECTED, [FILLED, Pending()]),
    ],
)
def test_settled_attempt_never_changes_and_contradiction_is_reported(
    status: AttemptStatus, contradicting: list[Outcome | NotSeen]
) -> None:
    attempt = msgspec.structs.replace(UNKNOWN, status=status)
    for seen in SIGHTINGS:
        decision = decide(attempt, seen, now=TOO_LATE_FOR_THE_LP, margin=MARGIN)
        assert decision == AlreadySettled(contradicted=seen in contradicting)


def test_failed_lookup_does_not_take_back_an_acknowledgement() -> None:
    attempt = msgspec.structs.replace(UNKNOWN, status=AttemptStatus.PENDING)
    for seen in (Unknown(cause="503"), NOT_FOUND, None):
        decision = decide(attempt, seen, now=NOW, margin=MARGIN)
        assert isinstance(decision, KeepLooking)
        assert decision.outcome == Pending()


def test_acknowledgement_ends_the_unknown() -> None:
    decision = decide(UNKNOWN, Pending(lp_execution_id="x"), now=NOW, margin=MARGIN)
    assert isinstance(decision, KeepLooking)
    assert decision.outcome == Pending(lp_execution_id="x")


def test_attempt_that_was_being_sent_is_unknown_until_looked_up() -> None:
    attempt = msgspec.structs.replace(UNKNOWN, status=AttemptStatus.SENDING)
    decision = decide(attempt, None, now=NOW, margin=MARGIN)
    assert decision == KeepLooking(
        outcome=Unknown(cause="not looked up yet"),
        look_again_at=NOW + timedelta(milliseconds=500),
        needs_operator=False,
    )


def test_operator_is_asked_for_once_waiting_cannot_help() -> None:
    for now, expected in ((STILL_OPEN_AT, False), (TOO_LATE_FOR_THE_LP, True)):
        decision = decide(UNKNOWN, NOT_FOUND, now=now, margin=MARGIN)
        assert isinstance(decision, KeepLooking)
        assert decision.needs_operator is expected


def test_lookups_are_dense_first_and_never_end() -> None:
    delays = [next_look(made) for made in range(9)]
    assert delays == [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 60_000, 60_000]
    assert next_look(10**9) == 60_000


@pytest.mark.parametrize(("looks", "delay_ms"), [(0, 1_000), (5, 60_000), (99, 60_000)])
def test_finished_lookup_schedules_the_next(looks: int, delay_ms: int) -> None:
    attempt = msgspec.structs.replace(UNKNOWN, looks=looks)
    decision = decide(attempt, NOT_FOUND, now=NOW, margin=MARGIN)
    assert isinstance(decision, KeepLooking)
    assert decision.look_again_at == NOW + timedelta(milliseconds=delay_ms)


def test_negative_count_or_margin_is_a_bug() -> None:
    with pytest.raises(InvariantViolation):
        next_look(-1)
    with pytest.raises(InvariantViolation):
        decide(UNKNOWN, None, now=NOW, margin=timedelta(seconds=-1))
