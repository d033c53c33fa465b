"""What others say a price is. None of it moves money, and none of it raises for trouble outside."""

from abc import abstractmethod
from datetime import timedelta
from typing import Protocol

import msgspec

from domain.assets.instrument import Instrument
from domain.liquidity.reference import Reference


class PriceReference(Protocol):
    """One public source of one vendor."""

    @property
    @abstractmethod
    def source(self) -> str: ...

    @property
    @abstractmethod
    def vendor(self) -> str:
        """Sources of one vendor are one opinion, and none about that vendor's own quotes."""
        ...

    @property
    @abstractmethod
    def every(self) -> timedelta:
        """How often one instrument is asked for; within what the vendor allows to the public."""
        ...

    @abstractmethod
    async def read(self, instrument: Instrument) -> Reference | None:
        """Asks once, without credentials and within a bound. None on any trouble."""
        ...

    @abstractmethod
    async def close(self) -> None: ...


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a report. `reference` None: never answered."""

    instrument: str
    source: str
    vendor: str
    failures: int
    reference: Reference | None
    age_ms: int | None


class References(Protocol):
    """What all sources said last, kept in the process and refreshed ahead of need."""

    @abstractmethod
    def known(self, instrument: Instrument) -> tuple[Reference, ...]:
        """At once, however old: the guard judges ages. At most one for each source."""
        ...

    @abstractmethod
    async def ready(self, instrument: Instrument) -> None:
        """Keeps the instrument fresh from now on, and waits for a first answer of each source.

        Never longer than a named bound, and not at all for a source that failed when last asked.
        """
        ...

    @abstractmethod
    def report(self) -> tuple[Freshness, ...]:
        """Of every source and every instrument that was asked for in this process."""
        ...
