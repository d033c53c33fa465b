"""What is on its way to partners, as operators see it, across tenants."""

import asyncpg

from adapters.postgres.connection import acquired
from application.ports.outgoing import COUNT_MAX, OutgoingEvents, OutgoingWebhooks

EVENTS = """
SELECT (SELECT count(*) FROM outbox) AS unnumbered,
  (SELECT min(recorded_at) FROM outbox) AS oldest_at,
  coalesce((SELECT max(h.last_seq - e.last_seq) FROM webhook_endpoints e
    JOIN event_heads h ON h.tenant_id = e.tenant_id
    WHERE e.status = 'active'), 0) AS behind_max
"""
# From endpoint to endpoint, each counted up to a bound.
WEBHOOKS = """
SELECT e.is_troubled AS troubled, count(*) AS endpoints,
  count(e.failing_since) AS failing, sum(d.due)::bigint AS due, sum(d.waiting)::bigint AS waiting,
  min(d.oldest_due_at) AS oldest_due_at
FROM webhook_endpoints e
CROSS JOIN LATERAL (
  SELECT
    (SELECT count(*) FROM (SELECT FROM webhook_deliveries w
      WHERE w.tenant_id = e.tenant_id AND w.endpoint_id = e.id AND w.state = 'due'
        AND w.next_action_at <= now() AND (w.lease_until IS NULL OR w.lease_until < now())
      LIMIT $1) f) AS due,
    (SELECT count(*) FROM (SELECT FROM webhook_deliveries w
      WHERE w.tenant_id = e.tenant_id AND w.endpoint_id = e.id AND w.state = 'due'
      LIMIT $1) f) AS waiting,
    (SELECT w.next_action_at FROM webhook_deliveries w
      WHERE w.tenant_id = e.tenant_id AND w.endpoint_id = e.id AND w.state = 'due'
        AND w.next_action_at <= now() AND (w.lease_until IS NULL OR w.lease_until < now())
      ORDER BY w.next_action_at, w.seq LIMIT 1) AS oldest_due_at) d
WHERE e.status = 'active' GROUP BY e.is_troubled
"""
DISABLED = """
SELECT count(*) FROM webhook_endpoints
WHERE status = 'disabled' AND disabled_by IN ('gone', 'failing')
"""


class PostgresOutgoing:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def events(self) -> OutgoingEvents:
        async with acquired(self._pool) as connection:
            row = await connection.fetchrow(EVENTS)
        return OutgoingEvents(**(row or {}))

    async def webhooks(self) -> tuple[OutgoingWebhooks, OutgoingWebhooks]:
        async with acquired(self._pool) as connection:
            rows = await connection.fetch(WEBHOOKS, COUNT_MAX)
        found = {row["troubled"]: OutgoingWebhooks(**row) for row in rows}
        return found.get(False, _none(troubled=False)), found.get(True, _none(troubled=True))

    async def disabled_endpoints(self) -> int:
        async with acquired(self._pool) as connection:
            return int(await connection.fetchval(DISABLED))


def _none(*, troubled: bool) -> OutgoingWebhooks:
    return OutgoingWebhooks(
        troubled=troubled, endpoints=0, failing=0, due=0, waiting=0, oldest_due_at=None
    )
