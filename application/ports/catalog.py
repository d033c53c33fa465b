"""What every tenant shares: assets, instruments, and which LPs may be used.

Kept in shared rows and cached for at most a second, so that a halt reaches every process.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

import msgspec

from domain.assets.asset import Asset
from domain.assets.catalog import Catalog
from domain.assets.instrument import Instrument
from domain.liquidity.guard_limits import GuardLimits
from domain.liquidity.quote import LpName
from domain.liquidity.reference import Reference
from domain.liquidity.routing import RoutingPolicy
from domain.liquidity.standing import LpState
from domain.shared.ids import TenantId
from domain.tenants.tenant import Tenant


class LpRole(StrEnum):
    PRIMARY = "primary"
    BACKUP = "backup"


class ListedLp(msgspec.Struct, frozen=True, kw_only=True):
    name: LpName
    dialect: str
    role: LpRole
    rank: int
    state: LpState = LpState.ACTIVE


class GuardTerms(msgspec.Struct, frozen=True):
    """What two operators have approved last, by symbol; a sheet's time is that of its approval."""

    limits: Mapping[str, GuardLimits] = MappingProxyType({})
    sheets: Mapping[str, Reference] = MappingProxyType({})


class PlatformView(msgspec.Struct, frozen=True):
    """One consistent reading of the shared rows. `routing` is None when no LP is listed; `routes`
    are the instruments that have a policy of their own.

    Which of the LPs may be used just now is not said here, but by their standing.
    """

    catalog: Catalog
    routing: RoutingPolicy | None
    routes: Mapping[str, RoutingPolicy] = {}
    guard: GuardTerms = GuardTerms()

    def routing_of(self, instrument: str) -> RoutingPolicy | None:
        return self.routes.get(instrument, self.routing)


class Platform(Protocol):
    @abstractmethod
    async def view(self) -> PlatformView:
        """At most a second old."""
        ...

    @abstractmethod
    async def tenant(self, tenant_id: TenantId) -> Tenant:
        """At most a second old. Raises `NotFound`."""
        ...


class CatalogEditor(Protocol):
    """Operators only."""

    @abstractmethod
    async def list_assets(self, assets: Iterable[Asset]) -> None:
        """Adds what is missing. A scale never changes: raises `Conflict` where it would."""
        ...

    @abstractmethod
    async def list_instruments(self, instruments: Iterable[Instrument]) -> None: ...

    @abstractmethod
    async def list_lps(self, lps: Iterable[ListedLp]) -> None: ...
