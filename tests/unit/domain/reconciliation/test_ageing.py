from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reconciliation.ageing import AgeBucket, age_bucket, business_days, dates_of

FRIDAY = date(2026, 3, 6)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (FRIDAY, FRIDAY, 0),
        (FRIDAY, FRIDAY + timedelta(days=1), 1),
        (FRIDAY, FRIDAY + timedelta(days=3), 1),
        (FRIDAY, FRIDAY + timedelta(days=4), 2),
        (FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=3), 0),
        (FRIDAY, FRIDAY + timedelta(days=7), 5),
        (FRIDAY + timedelta(days=7), FRIDAY, -5),
        (date(1969, 12, 29), date(1970, 1, 5), 5),
    ],
)
def test_business_days_leave_out_weekends(start: date, end: date, days: int) -> None:
    assert business_days(start, end) == days


@given(st.dates(date(1960, 1, 1), date(2060, 1, 1)), st.integers(0, 200))
def test_business_days_are_those_counted_one_by_one(start: date, length: int) -> None:
    days = (start + timedelta(days=each) for each in range(length))
    counted = sum(day.weekday() < 5 for day in days)
    assert business_days(start, start + timedelta(days=length)) == counted


@pytest.mark.parametrize(
    ("weekdays", "bucket"),
    [(0, "0-1"), (1, "0-1"), (2, "2-5"), (5, "2-5"), (6, "6-30"), (30, "6-30"), (31, ">30")],
)
def test_bucket(weekdays: int, bucket: str) -> None:
    monday = date(2026, 3, 2)
    weeks, days = divmod(weekdays, 5)
    today = monday + timedelta(days=7 * weeks + days)
    assert age_bucket(monday, today) is AgeBucket(bucket)


@given(st.dates(date(2026, 1, 1), date(2026, 3, 1)), st.integers(-5, 80))
def test_dates_of_a_bucket_are_exactly_those_that_fall_into_it(today: date, back: int) -> None:
    day = today - timedelta(days=back)
    for bucket in AgeBucket:
        first, last = dates_of(bucket, today)
        within = (first is None or first <= day) and (last is None or day <= last)
        assert within == (age_bucket(day, today) is bucket)


def test_what_has_a_date_to_come_is_fresh() -> None:
    assert age_bucket(FRIDAY, FRIDAY - timedelta(days=100)) is AgeBucket.FRESH
