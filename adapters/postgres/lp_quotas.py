"""Quotas of one tenant: claimed and changed by refills, which are fenced by their number."""

from collections.abc import Collection, Mapping

from adapters.postgres.connection import Connection, Row
from application.ports.lp_capacity import CapacityKey
from domain.liquidity.quotas import LpQuota
from domain.liquidity.quote import LpName
from domain.shared.ids import OrderId, TenantId
from domain.shared.money import AssetCode

COLUMNS = "quota_units, reserved_units, used_units, drawn_units, fence"
GET = f"SELECT {COLUMNS} FROM lp_quotas WHERE tenant_id = $1 AND lp = $2 AND asset = $3"
COVERS = """
SELECT NOT EXISTS (SELECT FROM lp_terms WHERE lp = $2 AND asset = $3) OR coalesce((
  SELECT quota_units - reserved_units - used_units >= $4::numeric FROM lp_quotas
  WHERE tenant_id = $1 AND lp = $2 AND asset = $3), false)
"""
MAKE = """
INSERT INTO lp_quotas (tenant_id, lp, asset, quota_units, fence)
SELECT $1, k.lp, k.asset, 0, 0 FROM unnest($2::text[], $3::text[]) AS k (lp, asset)
ORDER BY k.lp, k.asset ON CONFLICT DO NOTHING
"""
# Halved, so that what was drawn long ago counts for nothing in the end.
CLAIM = f"""
WITH locked AS MATERIALIZED (
  SELECT q.lp, q.asset FROM unnest($2::text[], $3::text[]) AS k (lp, asset)
  CROSS JOIN LATERAL (
    SELECT lp, asset FROM lp_quotas
    WHERE tenant_id = $1 AND lp = k.lp AND asset = k.asset AND fence <= $4
    FOR NO KEY UPDATE) q
  ORDER BY q.lp, q.asset)
UPDATE lp_quotas q SET fence = $4, drawn_units = div(q.drawn_units, 2)
FROM locked k WHERE q.tenant_id = $1 AND q.lp = k.lp AND q.asset = k.asset
RETURNING q.lp, q.asset, {", ".join(f"q.{name}" for name in COLUMNS.split(", "))}
"""
LOWER = """
UPDATE lp_quotas
SET quota_units = least(quota_units, greatest($5::numeric, reserved_units + used_units))
WHERE tenant_id = $1 AND lp = $2 AND asset = $3 AND fence = $4
RETURNING quota_units
"""
ADD = """
UPDATE lp_quotas SET quota_units = quota_units + $5::numeric
WHERE tenant_id = $1 AND lp = $2 AND asset = $3 AND fence = $4
RETURNING 1
"""
# An order is filled once, whichever of its attempts that was.
BOOKED = """
WITH done AS (
  SELECT a.lp, a.quota_asset, sum(a.quota_units) AS units
  FROM unnest($2::uuid[]) AS o (id)
  CROSS JOIN LATERAL (
    SELECT lp, quota_asset, quota_units FROM lp_attempts
    WHERE tenant_id = $1 AND order_id = o.id AND state = 'filled' AND quota_units IS NOT NULL
    OFFSET 0) a
  GROUP BY a.lp, a.quota_asset ORDER BY a.lp, a.quota_asset)
UPDATE lp_quotas q
SET quota_units = q.quota_units - d.units, used_units = q.used_units - d.units
FROM done d WHERE q.tenant_id = $1 AND q.lp = d.lp AND q.asset = d.quota_asset
"""


class PostgresLpQuotas:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def get(self, key: CapacityKey) -> LpQuota | None:
        row = await self._connection.fetchrow(GET, self._tenant_id, *key)
        return None if row is None else _quota(row)

    async def covers(self, key: CapacityKey, units: int) -> bool:
        covered: bool = await self._connection.fetchval(COVERS, self._tenant_id, *key, units)
        return covered

    async def claim(
        self, keys: Collection[CapacityKey], *, fence: int
    ) -> Mapping[CapacityKey, LpQuota] | None:
        claimed = await self._claim(keys, fence)
        if len(claimed) < len(keys):
            await self._connection.execute(MAKE, self._tenant_id, *_arrays(keys))
            claimed |= await self._claim([key for key in keys if key not in claimed], fence)
        return claimed if len(claimed) == len(keys) else None

    async def _claim(self, keys: Collection[CapacityKey], fence: int) -> dict[CapacityKey, LpQuota]:
        rows = await self._connection.fetch(CLAIM, self._tenant_id, *_arrays(keys), fence)
        return {(LpName(row["lp"]), AssetCode(row["asset"])): _quota(row) for row in rows}

    async def lower(self, key: CapacityKey, *, to: int, fence: int) -> int | None:
        units: int | None = await self._connection.fetchval(LOWER, self._tenant_id, *key, fence, to)
        return units

    async def add(self, key: CapacityKey, units: int, *, fence: int) -> bool:
        done = await self._connection.fetchval(ADD, self._tenant_id, *key, fence, units)
        return done is not None

    async def booked(self, order_ids: Collection[OrderId]) -> None:
        await self._connection.execute(BOOKED, self._tenant_id, list(order_ids))


def _arrays(keys: Collection[CapacityKey]) -> tuple[list[str], list[str]]:
    return [lp for lp, _ in keys], [asset for _, asset in keys]


def _quota(row: Row) -> LpQuota:
    return LpQuota(
        quota_units=row["quota_units"],
        reserved_units=row["reserved_units"],
        used_units=row["used_units"],
        drawn_units=row["drawn_units"],
        fence=row["fence"],
    )
