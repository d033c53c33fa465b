"""Work for which time is the reason: when each kind is due, in rows that all workers share.

Not in anybody's memory: a day's work is due also when every process was restarted in between, and
only one of several workers is at it, under a lease by the database's clock.
"""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """`failures` counts the failed runs before this one, since the last that did not fail."""

    job: str
    lease_token: int
    started_at: datetime
    failures: int


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """`finished_at` is when a run last ended well, `lease_until` None while nobody is at it."""

    job: str
    next_run_at: datetime
    lease_until: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    failures: int
    last_error: str | None


class Schedules(Protocol):
    """Of no tenant; each call is a transaction of its own."""

    @abstractmethod
    async def enter(self, first: Mapping[str, datetime]) -> None:
        """Each job with the time it is due first. Those that are entered already stay as is."""
        ...

    @abstractmethod
    async def due(self, jobs: Collection[str]) -> tuple[str, ...]:
        """Those whose time has come and that nobody is at. Oldest first."""
        ...

    @abstractmethod
    async def begin(self, job: str, *, lease: timedelta) -> Run | None:
        """None when it is not due, or somebody is at it."""
        ...

    @abstractmethod
    async def extend(self, run: Run, *, lease: timedelta) -> bool:
        """False when the lease was lost: somebody else may be at it."""
        ...

    @abstractmethod
    async def end(self, run: Run, *, next_run_at: datetime, error: str | None) -> bool:
        """False when the lease was lost; then whoever has it says when it is due again."""
        ...

    @abstractmethod
    async def give_back(self, run: Run) -> bool:
        """Broken off: due as before. False as above."""
        ...

    @abstractmethod
    async def make_due(self, job: str) -> bool:
        """Due at once. False when it is not entered, or somebody is at it."""
        ...

    @abstractmethod
    async def all(self) -> tuple[Schedule, ...]:
        """By name."""
        ...
