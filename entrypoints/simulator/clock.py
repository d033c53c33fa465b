"""The vendor's clock, in milliseconds since 1970: a seam, so that tests can let quotes expire."""

import time
from abc import abstractmethod
from typing import Protocol

NANOSECONDS_PER_MS = 1_000_000


class Clock(Protocol):
    @abstractmethod
    def now_ms(self) -> int: ...


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // NANOSECONDS_PER_MS


class ManualClock:
    """Stands still until it is told to move."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def advance(self, ms: int) -> None:
        self._now_ms += ms
