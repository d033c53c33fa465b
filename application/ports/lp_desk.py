"""Liquidity providers as operators see them and decide on them."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from application.ports.catalog import ListedLp
from domain.liquidity.health import HealthRow, Key
from domain.liquidity.quote import LpName
from domain.liquidity.standing import LpState


class ListedState(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` and `since` are None for a state that nobody ever changed."""

    lp: ListedLp
    reason: str | None
    since: datetime | None


class OpenAtLp(msgspec.Struct, frozen=True, kw_only=True):
    """Executions of all tenants whose outcome is open. `oldest_at` is of the oldest unknown one."""

    lp: LpName
    instrument: str
    pending: int
    unknown: int
    oldest_at: datetime | None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """By whom, why and when. It is kept."""

    by: str
    reason: str
    at: datetime


class LpEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an LP, or of one of its breakers: then `operation` says of which.

    `by` is None where no person did it.
    """

    lp: LpName
    instrument: str | None
    operation: str | None
    before: str
    after: str
    cause: str | None
    by: str | None
    at: datetime


class LpDesk(Protocol):
    @abstractmethod
    async def listed(self) -> tuple[ListedState, ...]:
        """All of them, in the order in which they are asked."""
        ...

    @abstractmethod
    async def health(self) -> Mapping[Key, HealthRow]:
        """As it is now, up to what processes have observed within the last second."""
        ...

    @abstractmethod
    async def open_executions(self) -> tuple[OpenAtLp, ...]:
        """Sums only: of no tenant in particular."""
        ...

    @abstractmethod
    async def events(self, name: LpName, *, limit: int) -> tuple[LpEvent, ...]:
        """Newest first."""
        ...

    @abstractmethod
    async def set_state(self, name: LpName, state: LpState, decision: Decision) -> ListedState:
        """Holds for every process within a second. Raises `NotFound`."""
        ...

    @abstractmethod
    async def reset(self, name: LpName, instrument: str | None, decision: Decision) -> int:
        """Close the breakers of an LP, or those of one instrument; how many were not closed.

        That of lookups, which stands for every instrument, is closed in either case. Raises
        `NotFound` for an LP that is not listed.
        """
        ...
