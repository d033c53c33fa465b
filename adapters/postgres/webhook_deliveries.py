"""Deliveries of one tenant: leases by the database's clock, writes fenced by the lease's token."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import asyncpg

from adapters.postgres.connection import UUID_MAX, UUID_MIN, Connection, Row, acquired
from application.ports.webhook_deliveries import (
    BACKLOG_MAX,
    CLAIM_MAX,
    Attempt,
    AttemptResult,
    Backlog,
    Claim,
    ToDeliver,
)
from domain.shared.errors import invariant
from domain.shared.ids import EventId, TenantId, WebhookAttemptId, WebhookEndpointId
from domain.webhooks.endpoint import Endpoint
from domain.webhooks.fairness import Waiting

# One moment for all that begin together: then their numbers decide who is first.
INSERT = """
INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_id, event_type, seq, next_action_at)
SELECT $1, $2, event_id, event_type, seq, now()
FROM unnest($3::uuid[], $4::text[], $5::bigint[]) AS e (event_id, event_type, seq)
ORDER BY event_id
"""
ADD = f"WITH made AS ({INSERT} ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM made"
RENEW = f"""
WITH made AS (
  {INSERT}
  ON CONFLICT (tenant_id, endpoint_id, event_id) DO UPDATE
  SET state = 'due', attempts = 0, next_action_at = now(), lease_until = NULL, finished_at = NULL
  WHERE webhook_deliveries.lease_until IS NULL
    OR webhook_deliveries.lease_until < clock_timestamp()
  RETURNING 1)
SELECT count(*) FROM made
"""
# The endpoint is locked already, so that nobody else claims of it: the count of what is under way
# still holds when the lease is given. That rows are named twice is for the planner, which would
# otherwise read all there are of the endpoint and join them.
CLAIM = """
WITH wanted AS MATERIALIZED (
  SELECT event_id FROM webhook_deliveries
  WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'due'
    AND next_action_at <= now() AND (lease_until IS NULL OR lease_until < now())
  ORDER BY next_action_at, seq
  LIMIT least(cardinality($3::uuid[]), greatest(0, $4 - (
    SELECT count(*) FROM webhook_deliveries
    WHERE tenant_id = $1 AND endpoint_id = $2 AND lease_until >= now())))
  FOR UPDATE SKIP LOCKED),
turns AS (SELECT event_id, row_number() OVER () AS turn FROM wanted),
leased AS (
  UPDATE webhook_deliveries d
  SET lease_token = d.lease_token + 1, lease_until = clock_timestamp() + $5::interval,
      attempts = d.attempts + 1, number = d.number + 1
  FROM turns
  WHERE d.tenant_id = $1 AND d.endpoint_id = $2
    AND d.event_id = ANY(ARRAY(SELECT event_id FROM wanted)) AND d.event_id = turns.event_id
  RETURNING d.*, ($3::uuid[])[turns.turn] AS attempt_id, turns.turn),
begun AS (
  INSERT INTO webhook_attempts (tenant_id, id, endpoint_id, event_id, event_type, seq, number, url)
  SELECT $1, attempt_id, $2, event_id, event_type, seq, number, $6 FROM leased)
SELECT event_id, attempt_id, attempts, number, lease_token FROM leased ORDER BY turn
"""
FINISH = """
UPDATE webhook_deliveries
SET state = $5, next_action_at = now() + $6::interval, lease_until = NULL,
    finished_at = CASE WHEN $6::interval IS NULL THEN clock_timestamp() END
WHERE tenant_id = $1 AND endpoint_id = $2 AND event_id = $3 AND lease_token = $4
  AND lease_until IS NOT NULL
RETURNING 1
"""
RECORD = """
UPDATE webhook_attempts
SET outcome = $3, http_status = $4, detail = $5, response = $6, took_ms = $7,
  next_at = now() + $8::interval
WHERE tenant_id = $1 AND id = $2 AND outcome IS NULL
"""
ATTEMPT = """id, event_id, event_type, seq, number, url, started_at, outcome, http_status, detail,
  response, took_ms, next_at"""
ATTEMPTS = f"""
SELECT {ATTEMPT} FROM webhook_attempts
WHERE tenant_id = $1 AND endpoint_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4
"""
ATTEMPTS_OF_EVENT = f"""
SELECT {ATTEMPT} FROM webhook_attempts
WHERE tenant_id = $1 AND endpoint_id = $2 AND id < $3 AND event_id = $5 ORDER BY id DESC LIMIT $4
"""
BACKLOG = """
SELECT
  (SELECT count(*) FROM (SELECT FROM webhook_deliveries
    WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'due' LIMIT $3) w) AS waiting,
  (SELECT count(*) FROM (SELECT FROM webhook_deliveries
    WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'failed' LIMIT $3) f) AS failed,
  (SELECT created_at FROM webhook_deliveries
    WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'due'
    ORDER BY next_action_at, seq LIMIT 1) AS oldest_at
"""
FORGET = """
WITH attempts AS (
  DELETE FROM webhook_attempts WHERE tenant_id = $1 AND id = ANY(ARRAY(
    SELECT id FROM webhook_attempts WHERE tenant_id = $1 AND id < uuid7_floor($2)
    ORDER BY id LIMIT $3))
  RETURNING 1),
deliveries AS (
  DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND finished_at <= (
    SELECT max(finished_at) FROM (
      SELECT finished_at FROM webhook_deliveries
      WHERE tenant_id = $1 AND finished_at < $2 ORDER BY finished_at LIMIT $3) old)
  RETURNING 1),
unwanted AS (
  DELETE FROM webhook_deliveries d USING (
    SELECT w.endpoint_id, w.event_id FROM webhook_endpoints e
    JOIN webhook_deliveries w ON w.tenant_id = $1 AND w.endpoint_id = e.id AND w.state = 'due'
    WHERE e.tenant_id = $1 AND e.status = 'removed' AND w.created_at < $2 LIMIT $3) old
  WHERE d.tenant_id = $1 AND d.endpoint_id = old.endpoint_id AND d.event_id = old.event_id
  RETURNING 1)
SELECT (SELECT count(*) FROM attempts) + (SELECT count(*) FROM deliveries)
  + (SELECT count(*) FROM unwanted)
"""
# Both go from endpoint to endpoint, so a long backlog of one costs no more than a short one.
BEHIND = """
SELECT e.tenant_id, e.id FROM webhook_endpoints e
JOIN event_heads h ON h.tenant_id = e.tenant_id AND h.last_seq > e.last_seq
WHERE e.status = 'active' AND (e.tenant_id, e.id) > ($2, $3)
ORDER BY e.tenant_id, e.id LIMIT $1
"""
WAITING = """
SELECT e.tenant_id, e.id AS endpoint_id, e.is_troubled FROM webhook_endpoints e
CROSS JOIN LATERAL (
  SELECT d.next_action_at FROM webhook_deliveries d
  WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.state = 'due'
    AND d.next_action_at <= now() AND (d.lease_until IS NULL OR d.lease_until < now())
  ORDER BY d.next_action_at, d.seq LIMIT 1) first
WHERE e.status = 'active' AND e.is_troubled = $2 ORDER BY first.next_action_at LIMIT $1
"""


class PostgresWebhookDeliveries:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, endpoint_id: WebhookEndpointId, events: Iterable[ToDeliver]) -> int:
        return await self._insert(ADD, endpoint_id, events)

    async def renew(self, endpoint_id: WebhookEndpointId, events: Iterable[ToDeliver]) -> int:
        return await self._insert(RENEW, endpoint_id, events)

    async def claim(
        self,
        endpoint: Endpoint,
        attempt_ids: Sequence[WebhookAttemptId],
        *,
        lease: timedelta,
        under_way_max: int,
    ) -> tuple[Claim, ...]:
        invariant(len(attempt_ids) <= CLAIM_MAX, "too many attempts at once")
        rows = await self._connection.fetch(
            CLAIM,
            self._tenant_id,
            endpoint.id,
            list(attempt_ids),
            under_way_max,
            lease,
            endpoint.url,
        )
        return tuple(
            Claim(tenant_id=self._tenant_id, endpoint_id=endpoint.id, **row) for row in rows
        )

    async def finish(self, claim: Claim, result: AttemptResult) -> bool:
        await self._connection.execute(
            RECORD,
            self._tenant_id,
            claim.attempt_id,
            result.outcome,
            result.http_status,
            result.detail,
            result.response,
            result.took_ms,
            result.pause,
        )
        done = await self._connection.fetchval(
            FINISH,
            self._tenant_id,
            claim.endpoint_id,
            claim.event_id,
            claim.lease_token,
            result.state.value,
            result.pause,
        )
        return done is not None

    async def attempts(
        self,
        endpoint_id: WebhookEndpointId,
        *,
        before: WebhookAttemptId | None,
        limit: int,
        event_id: EventId | None = None,
    ) -> tuple[Attempt, ...]:
        rows = await self._connection.fetch(
            ATTEMPTS if event_id is None else ATTEMPTS_OF_EVENT,
            self._tenant_id,
            endpoint_id,
            before or UUID_MAX,
            limit,
            *(() if event_id is None else (event_id,)),
        )
        return tuple(Attempt(**row) for row in rows)

    async def backlog(self, endpoint_id: WebhookEndpointId) -> Backlog:
        row = await self._connection.fetchrow(BACKLOG, self._tenant_id, endpoint_id, BACKLOG_MAX)
        return Backlog(**(row or {}))

    async def forget(self, *, before: datetime, limit: int) -> int:
        return int(await self._connection.fetchval(FORGET, self._tenant_id, before, limit))

    async def _insert(
        self, statement: str, endpoint_id: WebhookEndpointId, events: Iterable[ToDeliver]
    ) -> int:
        ids, types, numbers = [], [], []
        for each in events:
            ids.append(each.event_id)
            types.append(each.event_type)
            numbers.append(each.seq)
        return int(
            await self._connection.fetchval(
                statement, self._tenant_id, endpoint_id, ids, types, numbers
            )
        )


class PostgresDueWebhooks:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def behind(
        self, *, after: tuple[TenantId, WebhookEndpointId] | None, limit: int
    ) -> tuple[tuple[TenantId, WebhookEndpointId], ...]:
        tenant_id, endpoint_id = after or (UUID_MIN, UUID_MIN)
        rows = await self._fetch(BEHIND, limit, tenant_id, endpoint_id)
        return tuple((row["tenant_id"], row["id"]) for row in rows)

    async def waiting(self, *, troubled: bool, limit: int) -> tuple[Waiting, ...]:
        return tuple(Waiting(**row) for row in await self._fetch(WAITING, limit, troubled))

    async def _fetch(self, query: str, *args: object) -> Sequence[Row]:
        async with acquired(self._pool) as connection:
            return await connection.fetch(query, *args)
