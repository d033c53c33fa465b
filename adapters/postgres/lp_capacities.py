"""What is agreed with LPs, and the last sample of how it stands: rows of no tenant."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import asyncpg

from adapters.postgres.connection import Row, acquired
from application.ports.lp_capacity import CapacityKey, SampledExposure
from domain.liquidity.capabilities import Settlement
from domain.liquidity.exposure import Exposure, LpTerms, PaysFirst
from domain.liquidity.quote import LpName
from domain.shared.errors import NotFound
from domain.shared.money import AssetCode

TERMS: Final = (
    "t.lp, t.asset, t.limit_units, t.keep_units, t.refuse_at_ppm, t.low_water_units, "
    "t.pays_first, t.slice_units, t.value_days"
)
READ_TERMS = f"SELECT {TERMS} FROM lp_terms t ORDER BY t.lp, t.asset"
AGREE = """
INSERT INTO lp_terms (lp, asset, limit_units, keep_units, refuse_at_ppm, low_water_units,
  pays_first, slice_units, value_days, set_reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (lp, asset) DO UPDATE
SET limit_units = excluded.limit_units, keep_units = excluded.keep_units,
  refuse_at_ppm = excluded.refuse_at_ppm, low_water_units = excluded.low_water_units,
  pays_first = excluded.pays_first, slice_units = excluded.slice_units,
  value_days = excluded.value_days, set_reason = excluded.set_reason,
  version = lp_terms.version + 1, updated_at = now()
"""
FORGET = "DELETE FROM lp_terms WHERE lp = $1 AND asset = $2 RETURNING 1"
KEEP = """
INSERT INTO lp_exposures (lp, asset, settlement, balance_units, handed_out_units, reserved_units,
  used_units, available_units, sampled_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
WHERE EXISTS (SELECT FROM lp_terms WHERE lp = $1 AND asset = $2)
ON CONFLICT (lp, asset) DO UPDATE
SET settlement = excluded.settlement, balance_units = excluded.balance_units,
  handed_out_units = excluded.handed_out_units, reserved_units = excluded.reserved_units,
  used_units = excluded.used_units, available_units = excluded.available_units,
  sampled_at = excluded.sampled_at
"""
EXPOSURES = f"""
SELECT {TERMS}, e.settlement, e.balance_units, e.handed_out_units, e.reserved_units, e.used_units,
  e.sampled_at
FROM lp_exposures e JOIN lp_terms t ON t.lp = e.lp AND t.asset = e.asset ORDER BY e.lp, e.asset
"""


class PostgresLpCapacities:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def terms(self) -> tuple[LpTerms, ...]:
        async with acquired(self._pool) as connection:
            return tuple(_terms(row) for row in await connection.fetch(READ_TERMS))

    async def agree(self, terms: LpTerms, *, reason: str) -> None:
        async with acquired(self._pool) as connection:
            try:
                await connection.execute(
                    AGREE,
                    terms.lp,
                    terms.asset,
                    terms.limit_units,
                    terms.keep_units,
                    terms.refuse_at_ppm,
                    terms.low_water_units,
                    terms.pays_first.value,
                    terms.slice_units,
                    terms.value_days,
                    reason,
                )
            except asyncpg.ForeignKeyViolationError:
                raise NotFound("no such provider or asset is listed", lp=terms.lp) from None

    async def forget(self, key: CapacityKey) -> None:
        async with acquired(self._pool) as connection:
            if await connection.fetchval(FORGET, *key) is None:
                raise NotFound("nothing is agreed about it", lp=key[0])

    async def next_fence(self) -> int:
        async with acquired(self._pool) as connection:
            fence: int = await connection.fetchval("SELECT nextval('aksum.lp_refills')")
        return fence

    async def keep_sample(self, sampled: Collection[Exposure], *, at: datetime) -> None:
        rows = [
            (
                each.terms.lp,
                each.terms.asset,
                each.settlement.value,
                each.balance_units,
                each.handed_out_units,
                each.reserved_units,
                each.used_units,
                each.available_units,
                at,
            )
            for each in sampled
        ]
        async with acquired(self._pool) as connection:
            await connection.executemany(KEEP, rows)

    async def exposures(self) -> tuple[SampledExposure, ...]:
        async with acquired(self._pool) as connection:
            rows = await connection.fetch(EXPOSURES)
        return tuple(_sampled(row) for row in rows)


def _terms(row: Row) -> LpTerms:
    return LpTerms(
        lp=LpName(row["lp"]),
        asset=AssetCode(row["asset"]),
        limit_units=row["limit_units"],
        keep_units=row["keep_units"],
        refuse_at_ppm=row["refuse_at_ppm"],
        low_water_units=row["low_water_units"],
        pays_first=PaysFirst(row["pays_first"]),
        slice_units=row["slice_units"],
        value_days=row["value_days"],
    )


def _sampled(row: Row) -> SampledExposure:
    exposure = Exposure(
        terms=_terms(row),
        settlement=Settlement(row["settlement"]),
        balance_units=row["balance_units"],
        handed_out_units=row["handed_out_units"],
        reserved_units=row["reserved_units"],
        used_units=row["used_units"],
    )
    return SampledExposure(exposure=exposure, sampled_at=row["sampled_at"])
