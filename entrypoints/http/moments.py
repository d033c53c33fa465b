"""Times in the query: which past is asked for."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from application.ports.ledger_history import BookedBy, EffectiveOn, Moment
from entrypoints.http.paging import PageQuery
from entrypoints.http.problems import ApiError, invalid
from entrypoints.http.schemas.values import Query

_FORMAT: Final = "expected a time of RFC 3339 with its offset, as in 2026-01-05T09:00:00Z"
_Aware = Annotated[datetime, Meta(tz=True)]

# What times of booking are told apart by.
TICK: Final = timedelta(microseconds=1)
# Text: as a time, a number would be taken too, for seconds since 1970.
Instant = Annotated[str, Meta(max_length=40, extra_json_schema={"format": "date-time"})]
AsOf = Annotated[
    Instant, Meta(description="What was booked by then, inclusive. Not in the future.")
]
Day = Annotated[
    date, Meta(description="What counts for that day and those before. Not in the future.")
]


class MomentQuery(Query, frozen=True, kw_only=True):
    """One of the two at most."""

    as_of: AsOf | None = None
    effective_on: Day | None = None

    def moment(self, now: datetime) -> Moment | None:
        """None for the present. Raises `ApiError`."""
        return _moment(self.as_of, self.effective_on, now)


class MomentPageQuery(PageQuery, frozen=True, kw_only=True):
    """The same, of a list that comes in pages."""

    as_of: AsOf | None = None
    effective_on: Day | None = None

    def moment(self, now: datetime) -> Moment | None:
        """As above."""
        return _moment(self.as_of, self.effective_on, now)


def _moment(as_of: str | None, effective_on: date | None, now: datetime) -> Moment | None:
    if as_of is not None and effective_on is not None:
        raise invalid("as_of and effective_on exclude each other", parameter="effective_on")
    if as_of is not None:
        return BookedBy(past(as_of, now, parameter="as_of"))
    if effective_on is None:
        return None
    if effective_on > now.date():
        raise _in_the_future("effective_on")
    return EffectiveOn(effective_on)


def past(text: str, now: datetime, *, parameter: str) -> datetime:
    """In UTC. Raises `ApiError` for what is no time, has no offset, or is yet to come."""
    try:
        at = msgspec.convert(text, _Aware).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise invalid(_FORMAT, parameter=parameter) from None
    if at > now:
        raise _in_the_future(parameter)
    return at


def until(ends: datetime, *, parameter: str) -> datetime:
    """The last instant before `ends`. Raises `ApiError` when there is none."""
    try:
        return ends - TICK
    except OverflowError:
        raise invalid("nothing was booked so early", parameter=parameter) from None


def _in_the_future(parameter: str) -> ApiError:
    return invalid("this is in the future", parameter=parameter)
