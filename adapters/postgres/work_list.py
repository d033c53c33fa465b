"""Intents as operators see them, across tenants."""

from uuid import UUID

import asyncpg

from adapters.postgres.connection import Row, acquired
from application.ports.work_list import Backlog, Work, WorkFilter, WorkState
from domain.shared.ids import TenantId

STATE = """CASE WHEN state = 'parked' THEN 'parked'
  WHEN lease_until >= clock_timestamp() THEN 'leased'
  WHEN next_action_at <= clock_timestamp() THEN 'due' ELSE 'waiting' END"""
SEEN = f"""
SELECT tenant_id, kind, subject, {STATE} AS state, attempts, next_action_at,
  CASE WHEN lease_until >= clock_timestamp() THEN lease_until END AS lease_until, last_error,
  created_at, parked_at, payload
FROM intents
"""
PAGE = f"""
SELECT * FROM ({SEEN}) seen
WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR state = $2)
  AND ($3::uuid IS NULL OR tenant_id = $3)
ORDER BY coalesce(parked_at, next_action_at), subject LIMIT $4
"""
FIND = f"{SEEN} WHERE kind = $1 AND subject = $2 LIMIT 1"
BACKLOGS = f"""
SELECT kind, count(*) FILTER (WHERE state = 'due') AS due,
  count(*) FILTER (WHERE state = 'waiting') AS waiting,
  count(*) FILTER (WHERE state = 'leased') AS leased,
  count(*) FILTER (WHERE state = 'parked') AS parked,
  count(*) FILTER (WHERE state <> 'parked' AND attempts >= $1) AS failing,
  min(next_action_at) FILTER (WHERE state = 'due') AS oldest_due_at
FROM ({SEEN}) seen GROUP BY kind ORDER BY kind
"""


class PostgresWorkList:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def page(self, wanted: WorkFilter, *, limit: int) -> tuple[Work, ...]:
        state = None if wanted.state is None else wanted.state.value
        async with acquired(self._pool) as connection:
            rows = await connection.fetch(PAGE, wanted.kind, state, wanted.tenant_id, limit)
        return tuple(_work(row) for row in rows)

    async def find(self, kind: str, subject: UUID) -> Work | None:
        async with acquired(self._pool) as connection:
            row = await connection.fetchrow(FIND, kind, subject)
        return None if row is None else _work(row)

    async def backlogs(self, *, failing_from: int) -> tuple[Backlog, ...]:
        async with acquired(self._pool) as connection:
            return tuple(Backlog(**row) for row in await connection.fetch(BACKLOGS, failing_from))


def _work(row: Row) -> Work:
    return Work(
        tenant_id=TenantId(row["tenant_id"]),
        kind=row["kind"],
        subject=row["subject"],
        state=WorkState(row["state"]),
        attempts=row["attempts"],
        next_action_at=row["next_action_at"],
        lease_until=row["lease_until"],
        last_error=row["last_error"],
        created_at=row["created_at"],
        parked_at=row["parked_at"],
        payload=row["payload"],
    )
