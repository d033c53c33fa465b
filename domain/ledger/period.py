"""Closing the books through a date: nothing may be effective on it or before any more."""

from datetime import date, timedelta
from typing import Final

from ..shared.errors import RuleViolation

# What was begun on a day is booked with that day even when it finishes after midnight. Closing a
# day only when a whole one has passed since lets all of that arrive.
CLOSING_LAG: Final = timedelta(days=2)


class PeriodNotOver(RuleViolation):
    code = "period_not_over"


class PeriodClosed(RuleViolation):
    """Nothing may be effective on that day any more."""

    code = "period_closed"


def require_over(through: date, *, today: date) -> None:
    """Raises `PeriodNotOver`. `today` is the date in UTC."""
    if through > today - CLOSING_LAG:
        latest = (today - CLOSING_LAG).isoformat()
        raise PeriodNotOver(
            f"the books can be closed through {latest} at the latest", latest=latest
        )
