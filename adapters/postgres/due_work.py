"""What a sweeper may see across tenants: through narrow policies of the worker's role."""

from collections.abc import Sequence

import asyncpg

from adapters.postgres.connection import UUID_MIN, Row, acquired
from application import crash_points
from application.ports.intents import DueIntent, IntentKind
from domain.shared.ids import TenantId

DUE = """
SELECT tenant_id, subject FROM intents
WHERE kind = $1 AND state = 'due' AND next_action_at <= now()
  AND (lease_until IS NULL OR lease_until < now())
ORDER BY next_action_at LIMIT $2
"""
EXPIRED_QUOTES = """
SELECT DISTINCT tenant_id FROM (
  SELECT tenant_id FROM quotes WHERE status = 'open' AND expires_at <= now()
  ORDER BY expires_at LIMIT $1) due
"""
EXPIRED_HOLDS = """
SELECT DISTINCT tenant_id FROM (
  SELECT tenant_id FROM ledger_holds WHERE state = 'active' AND expires_at <= now()
  ORDER BY expires_at LIMIT $1) due
"""
# From tenant to tenant by the index: a backlog of one is not read through to find the next.
UNNUMBERED = """
WITH RECURSIVE found (tenant_id) AS (
  (SELECT tenant_id FROM outbox WHERE tenant_id > $1 ORDER BY tenant_id LIMIT 1)
  UNION ALL
  SELECT (SELECT o.tenant_id FROM outbox o WHERE o.tenant_id > f.tenant_id
          ORDER BY o.tenant_id LIMIT 1)
  FROM found f WHERE f.tenant_id IS NOT NULL)
SELECT tenant_id FROM found WHERE tenant_id IS NOT NULL LIMIT $2
"""
MAKE_PARTITIONS = """
SELECT coalesce(sum(make_partitions(name, current_date, $1)), 0)::int FROM partitioned_tables
"""


class PostgresDueWork:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def due_intents(self, kind: IntentKind, *, limit: int) -> tuple[DueIntent, ...]:
        rows = await self._fetch(DUE, kind.value, limit)
        return tuple(DueIntent(TenantId(row["tenant_id"]), row["subject"]) for row in rows)

    async def tenants_with_expired_quotes(self, *, limit: int) -> tuple[TenantId, ...]:
        rows = await self._fetch(EXPIRED_QUOTES, limit)
        return tuple(TenantId(row["tenant_id"]) for row in rows)

    async def tenants_with_expired_holds(self, *, limit: int) -> tuple[TenantId, ...]:
        rows = await self._fetch(EXPIRED_HOLDS, limit)
        return tuple(TenantId(row["tenant_id"]) for row in rows)

    async def tenants_with_unnumbered_events(
        self, *, after: TenantId | None, limit: int
    ) -> tuple[TenantId, ...]:
        rows = await self._fetch(UNNUMBERED, UUID_MIN if after is None else after, limit)
        return tuple(TenantId(row["tenant_id"]) for row in rows)

    async def make_partitions(self, *, months_ahead: int) -> int:
        async with acquired(self._pool) as connection:
            if crash_points.armed:
                await crash_points.reach(crash_points.PARTITIONS_BEFORE)
            made = int(await connection.fetchval(MAKE_PARTITIONS, months_ahead))
        if crash_points.armed:
            await crash_points.reach(crash_points.PARTITIONS_MADE)
        return made

    async def _fetch(self, query: str, *args: object) -> Sequence[Row]:
        async with acquired(self._pool) as connection:
            return await connection.fetch(query, *args)
