from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.jobs.work_policy import FAILING_FROM, WORK
from application.ports.intents import IntentKind
from domain.jobs.retry import RetryPolicy, ceiling_ms, pause_after
from domain.shared.errors import InvariantViolation

POLICY = RetryPolicy(first_ms=500, ceiling_ms=60_000, failures_max=20)
ENDLESS = RetryPolicy(first_ms=500, ceiling_ms=60_000, failures_max=None)
SUBJECT = UUID(int=1)
CEILINGS: Mapping[int, int] = {1: 500, 2: 1_000, 5: 8_000, 7: 32_000, 8: 60_000, 10_000: 60_000}


@pytest.mark.parametrize(("failures", "ceiling"), CEILINGS.items())
def test_ceiling_doubles_up_to_its_bound(failures: int, ceiling: int) -> None:
    assert ceiling_ms(POLICY, failures) == ceiling


@given(subject=st.uuids(), failures=st.integers(1, 10_000))
def test_pause_lies_between_nothing_and_the_ceiling(subject: UUID, failures: int) -> None:
    pause = pause_after(ENDLESS, failures=failures, subject=subject)
    assert pause is not None
    assert timedelta(0) <= pause <= timedelta(milliseconds=ceiling_ms(ENDLESS, failures))
    assert pause == pause_after(ENDLESS, failures=failures, subject=subject)


def test_pauses_of_what_failed_together_are_spread_over_the_whole_range() -> None:
    """A tenth of a thousand in each tenth of the range, give or take a half."""
    tenths = [0] * 10
    for number in range(1_000):
        pause = pause_after(ENDLESS, failures=20, subject=UUID(int=number))
        assert pause is not None
        tenths[min(pause // timedelta(seconds=6), 9)] += 1
    assert all(50 <= count <= 150 for count in tenths), tenths


def test_bounded_retries_end_and_unbounded_ones_do_not() -> None:
    assert pause_after(POLICY, failures=19, subject=SUBJECT) is not None
    assert pause_after(POLICY, failures=20, subject=SUBJECT) is None
    assert pause_after(ENDLESS, failures=1_000_000, subject=SUBJECT) is not None


def test_work_that_did_not_fail_has_no_pause() -> None:
    with pytest.raises(InvariantViolation):
        pause_after(POLICY, failures=0, subject=SUBJECT)


def test_every_kind_of_work_has_a_policy_and_orders_are_never_given_up() -> None:
    assert WORK.keys() == set(IntentKind)
    assert WORK[IntentKind.SETTLE_EXECUTION].retry.failures_max is None
    bounded = {kind for kind, work in WORK.items() if work.retry.failures_max is not None}
    assert bounded == set(IntentKind) - {IntentKind.SETTLE_EXECUTION}
    assert all(
        work.retry.failures_max is None or work.retry.failures_max > FAILING_FROM
        for work in WORK.values()
    )
