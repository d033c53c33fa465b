"""Asking a vendor no more often than it allows, so that it never has to refuse what matters.

The vendor may count in windows that begin whenever it likes, so that no stretch of the period's
length may hold more than the allowance. Counted in slices of the period, and in whole ones.
"""

from collections import deque
from typing import Annotated, Final

import msgspec

SLICES: Final = 10
MILLION: Final = 1_000_000


class RateBudget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one process may spend: `tokens` in any stretch of `per_ms`, in the vendor's own weights.

    The vendor counts for the account, so that its allowance is divided by the processes that run.
    Quotes leave `reserve_ppm` of it to executions and lookups.
    """

    tokens: Annotated[int, msgspec.Meta(ge=1, le=10**9)]
    per_ms: Annotated[int, msgspec.Meta(ge=100, le=3_600_000)]
    reserve_ppm: Annotated[int, msgspec.Meta(ge=0, le=900_000)] = 200_000


class Budget:
    """Without a rate there is always enough."""

    def __init__(self, rate: RateBudget | None) -> None:
        self._rate = rate
        self._spent = 0
        self._slices: deque[list[int]] = deque()

    def take(self, weight: int, *, now_ms: int, keep_reserve: bool) -> bool:
        """False, and nothing is taken, when that much is not there."""
        rate = self._rate
        if rate is None or weight == 0:
            return True
        if not self.has(weight, now_ms=now_ms, keep_reserve=keep_reserve):
            return False
        current = now_ms * SLICES // rate.per_ms
        self._spent += weight
        # A clock that is set back counts on in the last slice.
        if self._slices and self._slices[-1][0] >= current:
            self._slices[-1][1] += weight
        else:
            self._slices.append([current, weight])
        return True

    def has(self, weight: int, *, now_ms: int, keep_reserve: bool) -> bool:
        rate = self._rate
        if rate is None:
            return True
        self._forget(now_ms * SLICES // rate.per_ms)
        # Rounded up, so that a small share of an allowance keeps something too; never all of it.
        kept = min(-(-rate.tokens * rate.reserve_ppm // MILLION), rate.tokens - 1)
        kept = kept if keep_reserve else 0
        return self._spent + weight <= rate.tokens - kept

    def _forget(self, current: int) -> None:
        while self._slices and self._slices[0][0] < current - SLICES:
            self._spent -= self._slices.popleft()[1]
