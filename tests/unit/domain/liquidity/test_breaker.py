"""Every event in every state, the pauses between probes, and who may pass meanwhile."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.liquidity.breaker import (
    CLOSED,
    EXECUTION_PROBE_LASTS,
    PAUSE_FIRST,
    PAUSE_MAX,
    QUOTE_PROBE_LASTS,
    QUOTE_PROBES_TO_PASS,
    RELAPSE,
    TRANSITIONS,
    Breaker,
    BreakerEvent,
    BreakerState,
    BreakerTransitionInvalid,
    Trial,
    execution_claimed,
    failed,
    next_state,
    pause_after,
    probed,
    quote_passed,
    recovered,
    reset,
    tripped,
)
from tests.unit.domain.builders import NOW

S, E = BreakerState, BreakerEvent
SECOND = timedelta(seconds=1)

# One row per state and event; None is refused.
EXPECTED = {
    (S.CLOSED, E.TRIPPED): S.OPEN,
    (S.CLOSED, E.PROBED): None,
    (S.CLOSED, E.PASSED): None,
    (S.CLOSED, E.RECOVERED): None,
    (S.CLOSED, E.FAILED): None,
    (S.CLOSED, E.RESET): S.CLOSED,
    (S.OPEN, E.TRIPPED): None,
    (S.OPEN, E.PROBED): S.HALF_OPEN,
    (S.OPEN, E.PASSED): None,
    (S.OPEN, E.RECOVERED): S.CLOSED,
    (S.OPEN, E.FAILED): None,
    (S.OPEN, E.RESET): S.CLOSED,
    (S.HALF_OPEN, E.TRIPPED): None,
    (S.HALF_OPEN, E.PROBED): S.HALF_OPEN,
    (S.HALF_OPEN, E.PASSED): S.HALF_OPEN,
    (S.HALF_OPEN, E.RECOVERED): S.CLOSED,
    (S.HALF_OPEN, E.FAILED): S.OPEN,
    (S.HALF_OPEN, E.RESET): S.CLOSED,
}


@pytest.mark.parametrize(("state", "event"), list(product(S, E)))
def test_every_event_in_every_state_goes_where_the_table_says(
    state: BreakerState, event: BreakerEvent
) -> None:
    expected = EXPECTED[state, event]
    assert TRANSITIONS.get((state, event)) is expected
    if expected is None:
        with pytest.raises(BreakerTransitionInvalid):
            next_state(state, event)
    else:
        assert next_state(state, event) is expected


def opened() -> Breaker:
    return tripped(CLOSED, "why", at=NOW)


def half_open(*, then_execute: bool, passes: int = 0) -> Breaker:
    breaker, at = probed(opened(), now=NOW + PAUSE_FIRST), NOW + PAUSE_FIRST
    assert breaker is not None
    for _ in range(passes):
        breaker = quote_passed(breaker, at=at, then_execute=then_execute)
    return breaker


@pytest.mark.parametrize(
    ("trips", "seconds"), [(1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 300), (60, 300)]
)
def test_pause_doubles_up_to_its_bound(trips: int, seconds: int) -> None:
    assert pause_after(trips) == seconds * SECOND <= PAUSE_MAX


def test_open_breaker_lets_nobody_pass_before_its_probe_is_due() -> None:
    breaker = opened()
    before = NOW + PAUSE_FIRST - SECOND
    assert (breaker.state, breaker.cause, breaker.since) == (S.OPEN, "why", NOW)
    assert not breaker.probe_due(before)
    assert probed(breaker, now=before) is None
    assert not breaker.may_execute(before)
    assert breaker.probe_due(NOW + PAUSE_FIRST)


def test_probe_that_is_claimed_is_nobody_elses_until_it_is_lost() -> None:
    at = NOW + PAUSE_FIRST
    claimed = half_open(then_execute=False)
    assert (claimed.state, claimed.since, claimed.trial) == (S.HALF_OPEN, at, Trial.QUOTE)
    assert probed(claimed, now=at + QUOTE_PROBE_LASTS - SECOND) is None
    again = probed(claimed, now=at + QUOTE_PROBE_LASTS)
    assert again is not None
    assert again.since == at


def test_quote_breaker_closes_after_enough_quotes() -> None:
    breaker = half_open(then_execute=False, passes=QUOTE_PROBES_TO_PASS - 1)
    assert breaker.state is S.HALF_OPEN
    assert breaker.probe_due(NOW + PAUSE_FIRST)
    closed = half_open(then_execute=False, passes=QUOTE_PROBES_TO_PASS)
    assert (closed.state, closed.probe_at, closed.trial) == (S.CLOSED, None, None)


def test_where_executions_are_at_stake_quotes_alone_do_not_close_it() -> None:
    at = NOW + PAUSE_FIRST
    before = half_open(then_execute=True, passes=QUOTE_PROBES_TO_PASS - 1)
    assert not before.may_execute(at)
    breaker = half_open(then_execute=True, passes=QUOTE_PROBES_TO_PASS)
    assert (breaker.state, breaker.trial) == (S.HALF_OPEN, Trial.EXECUTE)
    assert breaker.may_execute(at)
    # More quotes change nothing, and another may be offered to be the one that is executed.
    assert quote_passed(breaker, at=at, then_execute=True) is breaker
    assert probed(breaker, now=at) is not None
    claimed = execution_claimed(breaker, now=at)
    assert claimed is not None
    assert (claimed.trial, claimed.may_execute(at)) == (Trial.EXECUTING, False)
    assert execution_claimed(claimed, now=at) is None
    lost = at + EXECUTION_PROBE_LASTS
    assert execution_claimed(claimed, now=lost) is not None
    assert recovered(claimed, at=lost).state is S.CLOSED


def test_closed_breaker_has_nothing_to_claim() -> None:
    assert probed(CLOSED, now=NOW) is None
    assert execution_claimed(CLOSED, now=NOW) is None
    assert CLOSED.may_execute(NOW)


def test_probe_that_fails_makes_the_next_pause_longer() -> None:
    at = NOW + PAUSE_FIRST
    breaker = failed(half_open(then_execute=False), "again", at=at)
    assert (breaker.state, breaker.cause, breaker.trips) == (S.OPEN, "again", 2)
    assert breaker.probe_at == at + 2 * PAUSE_FIRST


@pytest.mark.parametrize(("after", "trips"), [(RELAPSE - SECOND, 2), (RELAPSE, 1)])
def test_soon_relapse_is_no_new_beginning(after: timedelta, trips: int) -> None:
    closed = recovered(half_open(then_execute=False), at=NOW)
    assert tripped(closed, "why", at=NOW + after).trips == trips


def test_operators_reset_is_a_new_beginning() -> None:
    closed = reset(opened(), at=NOW)
    assert (closed.state, closed.trips) == (S.CLOSED, 0)
    assert reset(closed, at=NOW).state is S.CLOSED


@given(st.integers(min_value=1, max_value=10_000))
def test_pause_never_shrinks_and_stays_in_its_bounds(trips: int) -> None:
    assert PAUSE_FIRST <= pause_after(trips) <= pause_after(trips + 1) <= PAUSE_MAX
