"""Intent rows: leases by the database's clock, writes fenced by the lease's token."""

from datetime import datetime, timedelta
from uuid import UUID

from adapters.postgres.connection import Connection
from application.ports.intents import Intent, IntentKind
from domain.shared.ids import TenantId

ADD = """
INSERT INTO intents (tenant_id, kind, subject, payload, next_action_at)
VALUES ($1, $2, $3, $4, clock_timestamp())
"""
# `state = 'due'` is left to those who look for work: with these words one row would be sought in
# the index of all that is due. Plans are kept, see trading_sql.
# Locked in order of the subjects, so that two workers on one list cannot deadlock.
LEASE = """
WITH wanted AS (
  SELECT subject FROM intents
  WHERE tenant_id = $1 AND kind = $2 AND subject = ANY($3::uuid[]) AND state <> 'parked'
    AND next_action_at <= clock_timestamp()
    AND (lease_until IS NULL OR lease_until < clock_timestamp())
  ORDER BY subject FOR UPDATE SKIP LOCKED)
UPDATE intents i
SET lease_token = i.lease_token + 1, lease_until = clock_timestamp() + $4::interval,
    attempts = i.attempts + 1
FROM wanted
WHERE i.tenant_id = $1 AND i.kind = $2 AND i.subject = ANY($3::uuid[])
  AND i.subject = wanted.subject
RETURNING i.subject, i.payload, i.lease_token, i.attempts
"""
# Given back or parked, a lease is over although its token is still the last one.
HELD = (
    "WHERE tenant_id = $1 AND kind = $2 AND subject = $3 AND lease_token = $4 "
    "AND lease_until IS NOT NULL AND state <> 'parked'"
)
FINISH = f"DELETE FROM intents {HELD} RETURNING 1"
POSTPONE = f"""
UPDATE intents SET lease_until = NULL, next_action_at = $5, last_error = $6 {HELD} RETURNING 1
"""
GIVE_BACK = f"""
UPDATE intents SET lease_until = NULL, attempts = greatest(attempts - 1, 0) {HELD} RETURNING 1
"""
MAKE_DUE = """
UPDATE intents
SET state = 'due', lease_until = NULL, next_action_at = clock_timestamp(), attempts = 0,
  parked_at = NULL
WHERE tenant_id = $1 AND kind = $2 AND subject = $3
  AND (lease_until IS NULL OR lease_until < clock_timestamp())
RETURNING 1
"""
PARKED = "state = 'parked', parked_at = clock_timestamp(), lease_until = NULL"
PARK = f"UPDATE intents SET {PARKED}, last_error = $5 {HELD} RETURNING 1"
SET_ASIDE = f"""
UPDATE intents SET {PARKED}, last_error = $4
WHERE tenant_id = $1 AND kind = $2 AND subject = $3 AND state <> 'parked'
  AND (lease_until IS NULL OR lease_until < clock_timestamp())
RETURNING 1
"""


class PostgresIntents:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, kind: IntentKind, subject: UUID, *, payload: bytes | None) -> None:
        await self._connection.execute(ADD, self._tenant_id, kind.value, subject, payload)

    async def lease(
        self, kind: IntentKind, subjects: tuple[UUID, ...], *, duration: timedelta
    ) -> tuple[Intent, ...]:
        rows = await self._connection.fetch(
            LEASE, self._tenant_id, kind.value, list(subjects), duration
        )
        return tuple(
            Intent(
                tenant_id=self._tenant_id,
                kind=kind,
                subject=row["subject"],
                payload=row["payload"],
                lease_token=row["lease_token"],
                attempts=row["attempts"],
            )
            for row in rows
        )

    async def finish(self, intent: Intent) -> bool:
        return await self._connection.fetchval(FINISH, *self._held(intent)) is not None

    async def postpone(self, intent: Intent, *, until: datetime, error: str | None) -> bool:
        done = await self._connection.fetchval(POSTPONE, *self._held(intent), until, error)
        return done is not None

    async def give_back(self, intent: Intent) -> bool:
        return await self._connection.fetchval(GIVE_BACK, *self._held(intent)) is not None

    async def make_due(self, kind: IntentKind, subject: UUID) -> bool:
        made = await self._connection.fetchval(MAKE_DUE, self._tenant_id, kind.value, subject)
        return made is not None

    async def park(self, intent: Intent, *, error: str) -> bool:
        return await self._connection.fetchval(PARK, *self._held(intent), error) is not None

    async def set_aside(self, kind: IntentKind, subject: UUID, *, reason: str) -> bool:
        done = await self._connection.fetchval(
            SET_ASIDE, self._tenant_id, kind.value, subject, reason
        )
        return done is not None

    def _held(self, intent: Intent) -> tuple[object, ...]:
        return (self._tenant_id, intent.kind.value, intent.subject, intent.lease_token)
