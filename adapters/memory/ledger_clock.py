from datetime import datetime

import msgspec

from adapters.memory.session import Session
from adapters.memory.store import Store


class Mark(msgspec.Struct, frozen=True):
    """Transactions that come later book later; those that were open may have booked before."""

    at: datetime
    open_then: frozenset[Session]


class MemoryLedgerClock:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._mark: Mark | None = None

    async def advance(self) -> datetime | None:
        mark, now = self._mark, self._store.clock.now()
        if mark is not None and mark.open_then & self._store.open_sessions:
            return self._store.closed_until
        if mark is not None:
            self._store.closed_until = mark.at
            now = max(now, mark.at)
        self._mark = Mark(now, frozenset(self._store.open_sessions))
        return self._store.closed_until

    async def closed_until(self) -> datetime | None:
        return self._store.closed_until
