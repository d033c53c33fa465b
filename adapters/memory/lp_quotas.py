"""Quotas of one tenant. Whoever locks one locks nothing after it."""

from collections.abc import Callable, Collection, Mapping

from msgspec.structs import replace

from adapters.memory.store import Draw, Rows
from application.ports.lp_capacity import CapacityKey
from domain.liquidity.quotas import (
    LpQuota,
    LpQuotaShort,
    booked,
    claimed,
    released,
    reserved,
)
from domain.shared.errors import invariant
from domain.shared.ids import OrderId


class MemoryLpQuotas:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self, key: CapacityKey) -> LpQuota | None:
        return self._rows.lp_quotas.get(key)

    async def covers(self, key: CapacityKey, units: int) -> bool:
        quota = self._rows.lp_quotas.get(key)
        return not self._rows.watches(key) or (quota is not None and units <= quota.free_units)

    async def claim(
        self, keys: Collection[CapacityKey], *, fence: int
    ) -> Mapping[CapacityKey, LpQuota] | None:
        found: dict[CapacityKey, LpQuota] = {}
        for key in sorted(keys):
            await self._rows.lp_quotas.lock(key)
            quota = self._rows.lp_quotas.get(key) or LpQuota()
            if quota.fence > fence:
                return None
            found[key] = claimed(quota, fence)
        for key, quota in found.items():
            self._rows.lp_quotas.put(key, quota)
        return found

    async def lower(self, key: CapacityKey, *, to: int, fence: int) -> int | None:
        quota = await self._of(key, fence)
        if quota is None:
            return None
        units = min(quota.quota_units, max(to, quota.committed_units))
        self._rows.lp_quotas.put(key, replace(quota, quota_units=units))
        return units

    async def add(self, key: CapacityKey, units: int, *, fence: int) -> bool:
        quota = await self._of(key, fence)
        if quota is None:
            return False
        self._rows.lp_quotas.put(key, replace(quota, quota_units=quota.quota_units + units))
        return True

    async def _of(self, key: CapacityKey, fence: int) -> LpQuota | None:
        await self._rows.lp_quotas.lock(key)
        quota = self._rows.lp_quotas.get(key)
        return quota if quota is not None and quota.fence == fence else None

    async def booked(self, order_ids: Collection[OrderId]) -> None:
        for order_id in order_ids:
            draw = self._rows.lp_draws.get(order_id)
            if draw is not None:
                await self.change(draw, booked)

    async def reserve(self, order_id: OrderId, draw: Draw) -> bool:
        """Whether the quota covers it; without terms there is none, and nothing is recorded."""
        if not self._rows.watches(draw.key):
            return True
        await self._rows.lp_quotas.lock(draw.key)
        quota = self._rows.lp_quotas.get(draw.key)
        try:
            after = None if quota is None else reserved(quota, draw.units)
        except LpQuotaShort:
            after = None
        if after is None:
            return False
        self._rows.lp_quotas.put(draw.key, after)
        self._rows.lp_draws.add(order_id, draw)
        return True

    async def move(self, order_id: OrderId, draw: Draw) -> bool:
        """From the quota of a refused attempt to that of the next; whether that covers it."""
        await self._rows.lp_draws.lock(order_id)
        before = self._rows.lp_draws.get(order_id)
        for key in sorted({draw.key, *(() if before is None else (before.key,))}):
            await self._rows.lp_quotas.lock(key)
        if before is not None:
            await self.change(before, released)
            self._rows.lp_draws.delete(order_id)
        return await self.reserve(order_id, draw)

    async def change(self, draw: Draw, how: Callable[[LpQuota, int], LpQuota]) -> None:
        await self._rows.lp_quotas.lock(draw.key)
        quota = self._rows.lp_quotas.get(draw.key)
        invariant(quota is not None, "what was reserved was of a quota")
        if quota is not None:
            self._rows.lp_quotas.put(draw.key, how(quota, draw.units))
