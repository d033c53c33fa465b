"""What observations add up to, how that fades, and what opens and closes a breaker."""

import math
from datetime import datetime, timedelta
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.liquidity.breaker import PAUSE_FIRST, BreakerState
from domain.liquidity.health import (
    CAUSES_MAX,
    FADE_UNIT,
    FADED_AFTER,
    LOOKUP_FAILURES_TO_OPEN,
    MICRO,
    OTHER_CAUSES,
    QUOTE_FAILURES_TO_OPEN,
    QUOTE_SAMPLES_MIN,
    REJECTIONS_TO_OPEN,
    UNKNOWN_WINDOW,
    UNKNOWNS_TO_OPEN,
    HealthRow,
    Key,
    Tally,
    Turn,
    faded,
    fading,
    fold,
    tallied,
)
from domain.liquidity.observation import EVERY_INSTRUMENT, Observation, Operation, Result
from domain.liquidity.probing import claim_execution, claim_quote
from domain.liquidity.quote import LpName
from tests.unit.domain.builders import NOW

LP: Final = LpName("lp_a")
BTC: Final = "BTC-USDT"
Q, E, L = Operation.QUOTE, Operation.EXECUTE, Operation.LOOKUP
OK, FAILED, UNKNOWN = Result.OK, Result.FAILED, Result.UNKNOWN
SECOND: Final = timedelta(seconds=1)


def seen(
    operation: Operation,
    result: Result,
    *,
    at: datetime = NOW,
    ms: int | None = 20,
    cause: str = "timeout",
    instrument: str = BTC,
) -> Observation:
    return Observation(
        lp=LP,
        instrument=instrument,
        operation=operation,
        result=result,
        at=at,
        cause=None if result is OK else cause,
        latency_ms=ms,
    )


class Told:
    """Rows that observations are folded into, one batch after the other."""

    def __init__(self) -> None:
        self.rows: dict[Key, HealthRow] = {}
        self.turns: list[Turn] = []

    def see(self, *observations: Observation) -> "Told":
        folded = fold(self.rows, observations)
        self.rows.update(folded.rows)
        self.turns.extend(folded.turns)
        return self

    def state(self, operation: Operation) -> BreakerState:
        instrument = EVERY_INSTRUMENT if operation is L else BTC
        row = self.rows.get((LP, instrument, operation))
        return BreakerState.CLOSED if row is None else row.breaker.state

    def states(self) -> tuple[str, str, str]:
        quote, execute, lookup = (self.state(each).value for each in Operation)
        return quote, execute, lookup

    def probe(self, at: datetime) -> "Told":
        claimed = claim_quote(self.rows, LP, BTC, now=at)
        assert claimed is not None
        self.rows.update(claimed)
        return self


# What is observed in turn, all at one moment, and whether that opens the operation's breaker.
OPENING = [
    (Q, [FAILED] * (QUOTE_FAILURES_TO_OPEN - 1), False),
    (Q, [FAILED] * QUOTE_FAILURES_TO_OPEN, True),
    (Q, [FAILED] * (QUOTE_FAILURES_TO_OPEN - 1) + [OK, FAILED], False),
    # What is the customer's or our own doing neither counts nor breaks a row of failures.
    (Q, [Result.NEUTRAL, Result.THROTTLED] * 50, False),
    (Q, [FAILED, Result.NEUTRAL, Result.THROTTLED] * QUOTE_FAILURES_TO_OPEN, True),
    # Never many in a row, but most of them.
    (Q, [OK, FAILED] * (QUOTE_SAMPLES_MIN // 2 - 1), False),
    (Q, [OK, FAILED] * (QUOTE_SAMPLES_MIN // 2), True),
    (Q, [OK, OK, FAILED] * QUOTE_SAMPLES_MIN, False),
    # One lost reply must not shut an LP for everyone.
    (E, [UNKNOWN] * (UNKNOWNS_TO_OPEN - 1), False),
    (E, [UNKNOWN] * UNKNOWNS_TO_OPEN, True),
    # Successes in between do not tell where the lost ones are.
    (E, [UNKNOWN, OK] * UNKNOWNS_TO_OPEN, True),
    (E, [FAILED] * (REJECTIONS_TO_OPEN - 1), False),
    (E, [FAILED] * REJECTIONS_TO_OPEN, True),
    (E, [FAILED, FAILED, OK] * REJECTIONS_TO_OPEN, False),
    (E, [Result.NEUTRAL, Result.THROTTLED] * 50, False),
    (L, [FAILED] * (LOOKUP_FAILURES_TO_OPEN - 1), False),
    (L, [FAILED] * LOOKUP_FAILURES_TO_OPEN, True),
    (L, [FAILED, FAILED, OK] * 10, False),
]


@pytest.mark.parametrize(("operation", "results", "opens"), OPENING)
def test_breaker_opens_on_what_its_row_says(
    operation: Operation, results: list[Result], opens: bool
) -> None:
    told = Told().see(*(seen(operation, each) for each in results))
    assert (told.state(operation) is BreakerState.OPEN) is opens
    assert len(told.turns) == opens
    others = [told.state(each) for each in Operation if each is not operation]
    assert others == [BreakerState.CLOSED] * 2


def test_unknowns_outside_the_window_do_not_add_up() -> None:
    apart = UNKNOWN_WINDOW / (UNKNOWNS_TO_OPEN - 1)
    told = Told()
    for turn in range(3 * UNKNOWNS_TO_OPEN):
        told.see(seen(E, UNKNOWN, at=NOW + turn * apart))
    assert told.state(E) is BreakerState.CLOSED
    told.see(*(seen(E, UNKNOWN, at=NOW + 3 * UNKNOWNS_TO_OPEN * apart) for _ in range(2)))
    assert told.state(E) is BreakerState.OPEN


def test_unknowns_of_another_instrument_are_not_this_ones() -> None:
    told = Told().see(*(seen(E, UNKNOWN, instrument="ETH-USDT") for _ in range(9)))
    assert told.state(E) is BreakerState.CLOSED


def test_lookup_that_succeeds_closes_at_once_and_needs_no_probe() -> None:
    told = Told().see(*(seen(L, FAILED) for _ in range(LOOKUP_FAILURES_TO_OPEN)))
    assert told.see(seen(L, OK, instrument="ETH-USDT")).state(L) is BreakerState.CLOSED


def test_what_was_under_way_when_it_opened_says_nothing_of_a_recovery() -> None:
    told = Told().see(*(seen(Q, FAILED) for _ in range(QUOTE_FAILURES_TO_OPEN)))
    told.see(*(seen(Q, OK) for _ in range(9)), *(seen(Q, FAILED) for _ in range(9)))
    row = told.rows[LP, BTC, Q]
    assert (row.breaker.state, row.breaker.trips) == (BreakerState.OPEN, 1)


def test_recovery_starts_with_a_clean_sheet() -> None:
    told = Told().see(*(seen(Q, FAILED) for _ in range(4 * QUOTE_SAMPLES_MIN)))
    at = NOW + PAUSE_FIRST
    told.probe(at).see(seen(Q, OK, at=at)).probe(at).see(seen(Q, OK, at=at))
    assert told.state(Q) is BreakerState.CLOSED
    told.see(seen(Q, FAILED, at=at))
    assert told.state(Q) is BreakerState.CLOSED


def test_probe_that_was_throttled_is_neither_passed_nor_failed() -> None:
    told = Told().see(*(seen(Q, FAILED) for _ in range(QUOTE_FAILURES_TO_OPEN)))
    at = NOW + PAUSE_FIRST
    told.probe(at).see(seen(Q, Result.THROTTLED, at=at))
    assert told.state(Q) is BreakerState.HALF_OPEN


def test_execution_breaker_is_tried_with_quotes_and_then_one_execution() -> None:
    told = Told().see(*(seen(E, UNKNOWN) for _ in range(UNKNOWNS_TO_OPEN)))
    at = NOW + PAUSE_FIRST
    for _ in range(2):
        assert claim_execution(told.rows, LP, BTC, now=at) is None
        told.probe(at).see(seen(Q, OK, at=at))
    claimed = claim_execution(told.rows, LP, BTC, now=at)
    assert claimed is not None
    told.rows.update(claimed)
    assert claim_execution(told.rows, LP, BTC, now=at) is None
    unknown_again = Told()
    unknown_again.rows = dict(told.rows)
    unknown_again.see(seen(E, UNKNOWN, at=at))
    assert unknown_again.state(E) is BreakerState.OPEN
    assert told.see(seen(E, OK, at=at)).states() == ("closed", "closed", "closed")


def test_all_breakers_that_are_open_are_probed_together() -> None:
    told = Told().see(
        *(seen(Q, FAILED) for _ in range(QUOTE_FAILURES_TO_OPEN)),
        *(seen(L, FAILED, at=NOW + SECOND) for _ in range(LOOKUP_FAILURES_TO_OPEN)),
    )
    assert claim_quote(told.rows, LP, BTC, now=NOW + PAUSE_FIRST) is None
    told.probe(NOW + PAUSE_FIRST + SECOND)
    assert told.states() == ("half_open", "closed", "half_open")


def test_latency_is_of_answers_and_not_of_what_was_never_sent() -> None:
    tally = Told().see(
        seen(Q, OK, ms=10),
        seen(Q, OK, ms=30),
        seen(Q, Result.NEUTRAL, ms=0),
        seen(Q, Result.THROTTLED, ms=0),
        seen(Q, OK, ms=None),
    )
    assert tally.rows[LP, BTC, Q].tally.latency_ms == 20


def test_causes_are_counted_up_to_a_bound() -> None:
    told = Told().see(*(seen(E, FAILED, cause=f"code {n}") for n in range(CAUSES_MAX + 7)))
    causes = told.rows[LP, BTC, E].tally.causes
    assert len(causes) == CAUSES_MAX + 1
    assert causes[OTHER_CAUSES] == 7 * MICRO


@pytest.mark.parametrize("seconds", [1, 2, 3, 30, 299, 300, 301, 1_000, FADED_AFTER - 1])
def test_fading_is_exponential_with_five_minutes(seconds: int) -> None:
    expected = math.exp(-seconds / 300)
    assert fading(seconds) / FADE_UNIT == pytest.approx(expected, abs=1e-8)


def test_after_an_hour_nothing_is_left() -> None:
    told = Told().see(seen(Q, FAILED))
    tally = faded(told.rows[LP, BTC, Q].tally, NOW + timedelta(hours=1))
    assert (tally.samples, tally.failed, tally.causes, tally.failed_ppm) == (0, 0, {}, None)
    # What is told to people does not fade.
    assert (tally.last_error, tally.last_error_at) == ("timeout", NOW)


RESULTS = st.sampled_from(list(Result))
MOMENTS = st.integers(min_value=0, max_value=900).map(lambda second: NOW + second * SECOND)
SEEN = st.builds(
    lambda operation, result, at, ms: seen(operation, result, at=at, ms=ms),
    st.sampled_from(list(Operation)),
    RESULTS,
    MOMENTS,
    st.integers(min_value=0, max_value=60_000),
)
HISTORIES = st.lists(SEEN, max_size=60)


@given(HISTORIES)
def test_parts_never_exceed_their_whole(history: list[Observation]) -> None:
    for row in Told().see(*history).rows.values():
        tally = row.tally
        assert 0 <= tally.failed <= tally.samples
        assert tally.failed_ppm is None or 0 <= tally.failed_ppm <= MICRO
        assert tally.timed <= tally.samples or row.breaker.since is not None
        assert tally.latency_ms is None or 0 <= tally.latency_ms <= 60_000


@given(HISTORIES, st.integers(min_value=0, max_value=60))
def test_how_observations_are_batched_changes_nothing(history: list[Observation], cut: int) -> None:
    """Be it one process that flushes often or many that flush in turn."""
    at_once, apart = Told().see(*history), Told().see(*history[:cut]).see(*history[cut:])
    assert at_once.rows == apart.rows
    assert at_once.turns == apart.turns


@given(st.lists(RESULTS, max_size=40), st.randoms())
def test_sums_of_one_moment_do_not_depend_on_who_came_first(
    results: list[Result], shuffle: Random
) -> None:
    observations = [seen(Q, each) for each in results]
    empty = Tally(as_of=NOW)
    one, other = empty, empty
    for each in observations:
        one = tallied(one, each)
    shuffle.shuffle(observations)
    for each in observations:
        other = tallied(other, each)
    assert (one.samples, one.failed, one.causes, one.latency) == (
        other.samples,
        other.failed,
        other.causes,
        other.latency,
    )


@given(HISTORIES)
def test_open_breaker_says_why_and_when_it_is_tried(history: list[Observation]) -> None:
    for row in Told().see(*history).rows.values():
        breaker = row.breaker
        assert (breaker.probe_at is None) == breaker.is_closed
        assert breaker.is_closed or (breaker.cause and breaker.since is not None)
        assert (breaker.trial is None) == (breaker.state is not BreakerState.HALF_OPEN)


@given(HISTORIES)
def test_lp_that_only_succeeds_is_never_shut(history: list[Observation]) -> None:
    fine = [each for each in history if each.result not in (FAILED, UNKNOWN)]
    assert Told().see(*fine).states() == ("closed", "closed", "closed")
