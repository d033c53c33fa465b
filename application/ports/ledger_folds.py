"""Folding: adding closed booking time up, so that no balance is ever a sum over all entries."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

import msgspec


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """What is booked before `until` is folded now; `transactions` of it by this call."""

    until: datetime
    transactions: int


class LedgerFolds(Protocol):
    """Within one tenant's transaction, which locks the tenant's fold until it ends."""

    @abstractmethod
    async def folded_until(self) -> datetime | None:
        """None before the first fold."""
        ...

    @abstractmethod
    async def fold(
        self, closed_until: datetime, *, transactions_min: int, transactions_max: int
    ) -> Fold | None:
        """Folds about `transactions_max` of the oldest, up to `closed_until` at most.

        Appends a checkpoint for every deferred account among them, and adds to the days of every
        account. None when fewer than `transactions_min` wait, or when somebody else is folding.
        """
        ...
