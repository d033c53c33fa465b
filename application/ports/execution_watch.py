"""What is open at LPs, of all tenants together: counts and ages, and whose it is of nobody."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

import msgspec


class OpenAttempts(msgspec.Struct, frozen=True):
    """`state` is that of the attempts: sending, pending or unknown."""

    lp: str
    state: str
    orders: int
    oldest_at: datetime


class OpenIncidents(msgspec.Struct, frozen=True):
    lp: str
    kind: str
    incidents: int
    oldest_at: datetime


class ExecutionCounts(msgspec.Struct, frozen=True):
    attempts: tuple[OpenAttempts, ...] = ()
    incidents: tuple[OpenIncidents, ...] = ()


class ExecutionWatch(Protocol):
    @abstractmethod
    async def counts(self) -> ExecutionCounts:
        """Raises `Overloaded`."""
        ...
