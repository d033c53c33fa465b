"""When work is due for which time itself is the reason.

Times are a fixed grid of UTC, not "so long after the last run": a run that took long, or came late
because nobody was there, moves no later one.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from ..shared.errors import invariant
from .retry import RetryPolicy, ceiling_ms

_GRID: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Timetable(msgspec.Struct, frozen=True, kw_only=True):
    """Due at `offset` after midnight of the first of January 2000, UTC, and each `every` from then.

    `at_once` is for work that cannot wait for its first time when the platform is new.
    """

    every: timedelta
    offset: timedelta = timedelta(0)
    at_once: bool = True


def next_time(timetable: Timetable, after: datetime) -> datetime:
    """The first time on the grid that is later than `after`."""
    invariant(timetable.every > timedelta(0), "time goes on")
    origin = _GRID + timetable.offset
    return origin + ((after - origin) // timetable.every + 1) * timetable.every


def first_time(timetable: Timetable, now: datetime) -> datetime:
    return now if timetable.at_once else next_time(timetable, now)


def after_run(
    timetable: Timetable, *, started_at: datetime, failures: int, retry: RetryPolicy
) -> datetime:
    """When it is due again; `failures` in a row, this run's included, 0 after a success.

    What was missed while nobody was there is made up for by the one run that follows: each begins
    where the last one ended. A failed run is tried again soon, not only when its time comes round.
    """
    due = next_time(timetable, started_at)
    if failures == 0:
        return due
    again = started_at + timedelta(milliseconds=ceiling_ms(retry, failures))
    return min(due, again)
