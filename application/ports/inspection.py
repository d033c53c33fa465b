"""What an operator, or a readiness probe, asks of the database itself."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec


class DatabaseReport(msgspec.Struct, frozen=True, kw_only=True):
    """`unguarded` are triggers and policies that are switched off or missing, and tenants' tables
    without forced Row-Level Security, each with what is wrong. `partitions_to` is the last
    month (`YYYY_MM`) that each partitioned table has a partition for. `booked_ahead` says which
    times of the books lie further ahead of the clock than anybody may book.
    """

    server: str
    login: str
    revision: str | None
    head: str | None
    unguarded: tuple[str, ...]
    partitions_to: Mapping[str, str | None]
    booked_ahead: tuple[str, ...]
    now: datetime


class DatabaseInspection(Protocol):
    @abstractmethod
    async def is_ready(self) -> bool:
        """The database answers within a fraction of a second, migrated as this code expects."""
        ...

    @abstractmethod
    async def report(self) -> DatabaseReport:
        """Operators only."""
        ...
