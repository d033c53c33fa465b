"""What LPs can take: what is agreed, each tenant's quota of it, and a sample of how it stands."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol, TypeAlias

import msgspec

from domain.liquidity.exposure import Exposure, LpTerms
from domain.liquidity.quotas import LpQuota
from domain.liquidity.quote import LpName
from domain.shared.ids import OrderId
from domain.shared.money import AssetCode

CapacityKey: TypeAlias = tuple[LpName, AssetCode]


class SampledExposure(msgspec.Struct, frozen=True, kw_only=True):
    exposure: Exposure
    sampled_at: datetime


class LpQuotas(Protocol):
    """Within one tenant's transaction. `Trading` reserves, frees and uses; this is the rest."""

    @abstractmethod
    async def get(self, key: CapacityKey) -> LpQuota | None: ...

    @abstractmethod
    async def covers(self, key: CapacityKey, units: int) -> bool:
        """Whether so much may be reserved just now: also where nothing is watched."""
        ...

    @abstractmethod
    async def claim(
        self, keys: Collection[CapacityKey], *, fence: int
    ) -> Mapping[CapacityKey, LpQuota] | None:
        """All of them, made empty where missing, for this refill alone from now on.

        None when a later refill has claimed one: whoever asked is too late and writes nothing.
        """
        ...

    @abstractmethod
    async def lower(self, key: CapacityKey, *, to: int, fence: int) -> int | None:
        """What the quota is then: at least what is under way. None as above."""
        ...

    @abstractmethod
    async def add(self, key: CapacityKey, units: int, *, fence: int) -> bool:
        """False as above."""
        ...

    @abstractmethod
    async def booked(self, order_ids: Collection[OrderId]) -> None:
        """The house's books show these fills: the parts of quotas they used end.

        In the transaction that finishes their mirrors, so that it happens once.
        """
        ...


class LpCapacities(Protocol):
    """Rows of no tenant; each call is a transaction of its own."""

    @abstractmethod
    async def terms(self) -> tuple[LpTerms, ...]:
        """By LP and asset."""
        ...

    @abstractmethod
    async def agree(self, terms: LpTerms, *, reason: str) -> None:
        """Operators only. From now on nobody takes of it without a quota. Raises `NotFound`."""
        ...

    @abstractmethod
    async def forget(self, key: CapacityKey) -> None:
        """Operators only. It is not watched any more. Raises `NotFound`."""
        ...

    @abstractmethod
    async def next_fence(self) -> int:
        """Workers only. Larger than any before."""
        ...

    @abstractmethod
    async def keep_sample(self, sampled: Collection[Exposure], *, at: datetime) -> None:
        """Workers only. In place of the last one; what has no terms any more is left out."""
        ...

    @abstractmethod
    async def exposures(self) -> tuple[SampledExposure, ...]:
        """As of the last sample, by LP and asset."""
        ...
