"""Closed booking time: the past of the journal that cannot grow any more.

Folds and seals work on sets of transactions that must be final. A set bounded by a time is, once
nothing can be booked before that time any more, however long some transaction stays open.
"""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class LedgerClock(Protocol):
    @abstractmethod
    async def advance(self) -> datetime | None:
        """The time booking is closed before, exclusive; it never goes back.

        Each call closes what the call before it marked, if all transactions of that moment have
        ended, and then marks anew: so it lags by one call, or by the longest open writer. None
        while nothing was ever closed. May be called by many at once.
        """
        ...

    @abstractmethod
    async def closed_until(self) -> datetime | None:
        """As `advance` last answered."""
        ...
