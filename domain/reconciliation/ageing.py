"""How old a break is, in business days: Monday to Friday, of no country's holidays."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

_WEEK: Final = 7
_BUSINESS_DAYS: Final = 5
# `date.toordinal` of a Monday, so that whole weeks can be counted from it.
_A_MONDAY: Final = date(1970, 1, 5).toordinal()


class AgeBucket(StrEnum):
    FRESH = "0-1"
    DAYS = "2-5"
    WEEKS = "6-30"
    STALE = ">30"


# More than six weeks of business days: every bound of a bucket is within these.
_DAYS_BACK: Final = 60
_UP_TO: Final = ((1, AgeBucket.FRESH), (5, AgeBucket.DAYS), (30, AgeBucket.WEEKS))


def business_days(start: date, end: date) -> int:
    """Business days in [start, end); from Friday to Monday is one. Negative when end is earlier."""
    return _days_before(end) - _days_before(start)


def age_bucket(since: date, today: date) -> AgeBucket:
    age = max(0, business_days(since, today))
    return next((bucket for limit, bucket in _UP_TO if age <= limit), AgeBucket.STALE)


def dates_of(bucket: AgeBucket, today: date) -> tuple[date | None, date | None]:
    """The first and the last date that are in the bucket today; None where there is no such end."""
    days = [today - timedelta(days=back) for back in range(_DAYS_BACK)]
    within = [day for day in days if age_bucket(day, today) is bucket]
    return (
        None if bucket is AgeBucket.STALE else min(within),
        None if bucket is AgeBucket.FRESH else max(within),
    )


def _days_before(day: date) -> int:
    weeks, weekday = divmod(day.toordinal() - _A_MONDAY, _WEEK)
    return weeks * _BUSINESS_DAYS + min(weekday, _BUSINESS_DAYS)
