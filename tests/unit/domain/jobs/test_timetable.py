from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.jobs.retry import RetryPolicy
from domain.jobs.timetable import Timetable, after_run, first_time, next_time

HOUR = timedelta(hours=1)
DAILY = Timetable(every=timedelta(days=1), offset=timedelta(minutes=30), at_once=False)
OFTEN = Timetable(every=timedelta(seconds=2))
RETRY = RetryPolicy(first_ms=60_000, ceiling_ms=3_600_000, failures_max=None)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NEXT = {
    "2026-03-01T00:29:59.999999": "2026-03-01T00:30",
    "2026-03-01T00:30": "2026-03-02T00:30",
    "2026-03-01T23:59": "2026-03-02T00:30",
    "1999-12-31T12:00": "2000-01-01T00:30",
}


@pytest.mark.parametrize(("after", "due"), NEXT.items())
def test_next_time_is_the_first_on_the_grid_that_is_later(after: str, due: str) -> None:
    assert next_time(DAILY, at(after)) == at(due)


@given(
    after=st.datetimes(timezones=st.just(UTC)).filter(lambda each: each.year < 9_000),
    seconds=st.integers(1, 200_000),
    offset=st.integers(0, 200_000),
)
def test_no_time_of_the_grid_is_passed_over(after: datetime, seconds: int, offset: int) -> None:
    table = Timetable(every=timedelta(seconds=seconds), offset=timedelta(seconds=offset))
    due = next_time(table, after)
    assert after < due <= after + table.every
    assert next_time(table, due) == due + table.every


def test_platform_that_is_new_runs_at_once_what_cannot_wait() -> None:
    now = at("2026-03-01T12:00")
    assert first_time(OFTEN, now) == now
    assert first_time(DAILY, now) == at("2026-03-02T00:30")


def test_run_that_came_late_or_took_long_moves_no_later_one() -> None:
    late = at("2026-03-01T19:00")
    assert after_run(DAILY, started_at=late, failures=0, retry=RETRY) == at("2026-03-02T00:30")


def test_days_nobody_was_there_are_made_up_for_by_one_run() -> None:
    """Due on the first; the next worker came on the fifth and ran once."""
    back = at("2026-03-05T08:00")
    assert after_run(DAILY, started_at=back, failures=0, retry=RETRY) == at("2026-03-06T00:30")


def test_failed_run_is_tried_again_soon_and_no_later_than_its_next_time() -> None:
    started = at("2026-03-01T00:30")
    pauses = [
        after_run(DAILY, started_at=started, failures=failures, retry=RETRY) - started
        for failures in (1, 2, 3, 50)
    ]
    minute = timedelta(minutes=1)
    assert pauses == [minute, 2 * minute, 4 * minute, HOUR]
    assert after_run(OFTEN, started_at=started, failures=9, retry=RETRY) - started == OFTEN.every
