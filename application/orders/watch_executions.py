from datetime import datetime, timedelta
from typing import Final

import msgspec

from application.errors import Overloaded
from application.ports.clock import Clock
from application.ports.execution_watch import ExecutionCounts, ExecutionWatch

# Whoever asks more often gets what was counted: anybody who reaches the process may ask.
AGE_MAX: Final = timedelta(seconds=5)


class Watched(msgspec.Struct, frozen=True):
    """`counts` None: the database could not be asked."""

    counts: ExecutionCounts | None
    at: datetime


class WatchExecutions:
    """- Counts what is open at LPs, and how long the oldest of it has been.
    - Asked often, it answers what it counted within the last seconds.
    - A database that does not answer is shown as such, and never as nothing open.
    """

    def __init__(self, *, watch: ExecutionWatch, clock: Clock) -> None:
        self._watch = watch
        self._clock = clock
        self._last: Watched | None = None

    async def look(self) -> Watched:
        now = self._clock.now()
        if self._last is not None and now - self._last.at < AGE_MAX:
            return self._last
        try:
            counts = await self._watch.counts()
        except Overloaded:
            return Watched(None, now)
        self._last = Watched(counts, now)
        return self._last
