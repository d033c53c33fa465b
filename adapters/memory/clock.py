"""A clock that moves only when it is told to. As the store's clock it is the database's clock."""

from datetime import UTC, datetime, timedelta
from typing import Final

from domain.shared.errors import invariant

START: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class ManualClock:
    def __init__(self, start: datetime = START) -> None:
        self.set(start)

    def now(self) -> datetime:
        return self._now

    def advance(self, duration: timedelta) -> None:
        self.set(self._now + duration)

    def set(self, now: datetime) -> None:
        """Also backwards, as the clocks of real servers sometimes go."""
        invariant(now.utcoffset() == timedelta(0), "a clock tells aware UTC")
        self._now = now
