from datetime import datetime

from adapters.memory.store import Rows
from application.ports.ledger_folds import Fold

FOLD = "fold"


class MemoryLedgerFolds:
    """Remembers how far it would have folded: in memory a sum over all entries is quick."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def folded_until(self) -> datetime | None:
        return self._rows.folds.get(FOLD)

    async def fold(
        self, closed_until: datetime, *, transactions_min: int, transactions_max: int
    ) -> Fold | None:
        if not await self._rows.folds.try_lock(FOLD):
            return None
        since = self._rows.folds.get(FOLD)
        booked = sorted(
            each.booked_at
            for each in self._rows.transactions.values()
            if each.booked_at < closed_until and (since is None or each.booked_at >= since)
        )
        if len(booked) < transactions_min:
            return None
        until = _end(booked, closed_until, transactions_max)
        self._rows.folds.put(FOLD, until)
        return Fold(until=until, transactions=min(len(booked), transactions_max))


def _end(booked: list[datetime], closed_until: datetime, most: int) -> datetime:
    """After whole instants: where it would have to end within one, after that one."""
    if len(booked) <= most:
        return closed_until
    later = (each for each in booked[most:] if each > booked[0])
    return booked[most] if booked[most] > booked[0] else next(later, closed_until)
