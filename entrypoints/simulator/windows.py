"""A plain allowance: so many calls in each minute of the clock."""

from entrypoints.simulator.striking import TooMany

MINUTE_MS = 60_000


class PerMinute:
    def __init__(self, calls: int) -> None:
        self._calls = calls
        self._minute = -1
        self._used = 0

    def spend(self, now_ms: int) -> None:
        """Raises TooMany, with the seconds that are left of the minute."""
        minute, into_ms = divmod(now_ms, MINUTE_MS)
        if minute != self._minute:
            self._minute, self._used = minute, 0
        if self._used == self._calls:
            raise TooMany(-(-(MINUTE_MS - into_ms) // 1_000))
        self._used += 1
