"""Which LPs are asked for an instrument, where that differs from the order for all.

Nothing is overwritten: a change is a new version, and who made it is kept with it.
"""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

import msgspec

from domain.liquidity.routing import RoutingPolicy
from domain.tenants.operator import Operator


class RouteChange(msgspec.Struct, frozen=True, kw_only=True):
    """`policy` None: the order for all holds again."""

    instrument: str
    policy: RoutingPolicy | None
    reason: str
    changed_by: Operator


class LpRoute(msgspec.Struct, frozen=True, kw_only=True):
    change: RouteChange
    version: int
    changed_at: datetime


class LpRoutes(Protocol):
    """Operators only. What every process goes by is in `PlatformView.routes`."""

    @abstractmethod
    async def current(self) -> tuple[LpRoute, ...]:
        """The last change of each instrument that ever had one, by symbol."""
        ...

    @abstractmethod
    async def history(self, instrument: str) -> tuple[LpRoute, ...]:
        """All its changes, oldest first."""
        ...

    @abstractmethod
    async def change(self, change: RouteChange, *, after_version: int) -> LpRoute:
        """Holds in every process within a second.

        Raises `NotFound` for an instrument or LP that is not listed, and `VersionConflict` when
        `after_version` (0 before the first) is not the last one any more.
        """
        ...
