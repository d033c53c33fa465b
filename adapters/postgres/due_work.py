"""What a sweeper may see across tenants: through narrow policies of the worker's role."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import uuid4

import asyncpg

from adapters.postgres.connection import UUID_MIN, Row, acquired
from application import crash_points
from application.ports.intents import DueIntent, IntentKind
from domain.shared.ids import TenantId

TENANTS_VISITED_MAX: Final = 2_000

FREE = "next_action_at <= now() AND (lease_until IS NULL OR lease_until < now())"
# The same in two ways, because each index is found by its own words (see the migration).
IS_DUE = f"kind = $1 AND state = 'due' AND {FREE}"
IS_WAITING = f"i.kind = $1 AND i.parked_at IS NULL AND {FREE}"
ANY_DUE = f"SELECT 1 FROM intents WHERE {IS_DUE} ORDER BY next_action_at, subject LIMIT 1"
# The fair batch of domain/jobs/fairness.py, reading about twice its size however long the backlog:
# who waits is found by leaping from tenant to tenant, then each one's share is read, and as much
# again of what is oldest. The walk begins anywhere and goes round, because it has an end: were
# there more who wait than it visits, it would visit others the next time.
DUE = f"""
WITH RECURSIVE walk (tenant_id, again, visited) AS (
  SELECT $3::uuid, false, 0
  UNION ALL
  SELECT coalesce(onward.tenant_id, first.tenant_id), w.again OR onward.tenant_id IS NULL,
    w.visited + 1
  FROM walk w
  LEFT JOIN LATERAL (
    SELECT i.tenant_id FROM intents i WHERE i.tenant_id > w.tenant_id AND {IS_WAITING}
    ORDER BY i.tenant_id, i.next_action_at LIMIT 1) onward ON true
  LEFT JOIN LATERAL (
    SELECT i.tenant_id FROM intents i
    WHERE onward.tenant_id IS NULL AND NOT w.again AND {IS_WAITING}
    ORDER BY i.tenant_id, i.next_action_at LIMIT 1) first ON true
  WHERE w.visited < $4::int
    AND (onward.tenant_id IS NOT NULL OR first.tenant_id IS NOT NULL)
    AND NOT (
      (w.again OR onward.tenant_id IS NULL) AND coalesce(onward.tenant_id, first.tenant_id) > $3)),
share AS (
  SELECT ($2::bigint + count(*) - 1) / greatest(count(*), 1) AS size FROM walk WHERE visited > 0),
candidates AS (
  SELECT d.* FROM walk w, share s, LATERAL (
    SELECT i.tenant_id, i.subject, i.next_action_at FROM intents i
    WHERE i.tenant_id = w.tenant_id AND {IS_WAITING}
    ORDER BY i.next_action_at, i.subject LIMIT s.size) d
  WHERE w.visited > 0
  UNION
  SELECT * FROM (
    SELECT tenant_id, subject, next_action_at FROM intents WHERE {IS_DUE}
    ORDER BY next_action_at, subject LIMIT $2) oldest),
ranked AS (
  SELECT c.*, least(
    row_number() OVER (PARTITION BY tenant_id ORDER BY next_action_at, subject) - 1, s.size) AS turn
  FROM candidates c, share s)
SELECT tenant_id, subject FROM ranked ORDER BY turn, next_action_at, subject LIMIT $2
"""
EXPIRED_QUOTES = """
SELECT DISTINCT tenant_id FROM (
  SELECT tenant_id FROM quotes
  WHERE status = 'open' AND expires_at <= now() AND tenant_id <> ALL($2::uuid[])
  ORDER BY expires_at LIMIT $1) due
"""
EXPIRED_HOLDS = """
SELECT DISTINCT tenant_id FROM (
  SELECT tenant_id FROM ledger_holds
  WHERE state = 'active' AND expires_at <= now() AND tenant_id <> ALL($2::uuid[])
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
    def __init__(
        self, pool: asyncpg.Pool, *, tenants_visited_max: int = TENANTS_VISITED_MAX
    ) -> None:
        self._pool = pool
        self._tenants_visited_max = tenants_visited_max

    async def due_intents(self, kind: IntentKind, *, limit: int) -> tuple[DueIntent, ...]:
        rows = await self._fetch(DUE, kind.value, limit, uuid4(), self._tenants_visited_max)
        return tuple(DueIntent(TenantId(row["tenant_id"]), row["subject"]) for row in rows)

    async def any_due(self, kind: IntentKind) -> bool:
        async with acquired(self._pool) as connection:
            return await connection.fetchval(ANY_DUE, kind.value) is not None

    async def tenants_with_expired_quotes(
        self, *, besides: Collection[TenantId], limit: int
    ) -> tuple[TenantId, ...]:
        rows = await self._fetch(EXPIRED_QUOTES, limit, list(besides))
        return tuple(TenantId(row["tenant_id"]) for row in rows)

    async def tenants_with_expired_holds(
        self, *, besides: Collection[TenantId], limit: int
    ) -> tuple[TenantId, ...]:
        rows = await self._fetch(EXPIRED_HOLDS, limit, list(besides))
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
