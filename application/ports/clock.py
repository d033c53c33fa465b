"""Time, ids and secrets enter the application from outside, so that tests can decide them."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    @abstractmethod
    def now(self) -> datetime:
        """Aware UTC. Leases are not judged by it: they use the database's clock."""
        ...


class IdGenerator(Protocol):
    @abstractmethod
    def new(self) -> UUID:
        """A UUIDv7: time-ordered, because month partitions range over ids."""
        ...


class SecretGenerator(Protocol):
    @abstractmethod
    def token(self, length: int) -> str:
        """`length` characters of base62 from the operating system's randomness."""
        ...
