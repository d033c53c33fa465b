"""Idempotency records: the unique key decides between concurrent copies."""

import asyncpg
import msgspec

from adapters.postgres.connection import Connection, Row
from application.errors import IdempotencyInProgress
from application.ports.idempotency import IdempotencyRecord, Refusal
from domain.shared.ids import TenantId

# The wait for another holder of the key is short; what follows in the transaction may wait longer.
CLAIM = """
WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', '50ms', true))
INSERT INTO idempotency_keys (tenant_id, key, fingerprint, resource, resource_id, refusal)
SELECT $1, $2, $3, $4, $5, $6 FROM patience
ON CONFLICT (tenant_id, key) DO NOTHING
RETURNING set_config('lock_timeout', '2s', true)
"""
FIND = """
SELECT key, fingerprint, resource, resource_id, refusal
FROM idempotency_keys WHERE tenant_id = $1 AND key = $2
"""


class PostgresIdempotencyRecords:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def find(self, key: str) -> IdempotencyRecord | None:
        row = await self._connection.fetchrow(FIND, self._tenant_id, key)
        return None if row is None else _record(row)

    async def claim(self, record: IdempotencyRecord) -> IdempotencyRecord | None:
        refusal = None if record.refusal is None else msgspec.json.encode(record.refusal)
        try:
            claimed = await self._connection.fetchrow(
                CLAIM,
                self._tenant_id,
                record.key,
                record.fingerprint,
                record.resource,
                record.resource_id,
                refusal,
            )
        except asyncpg.LockNotAvailableError:
            raise IdempotencyInProgress(
                "the first request with this key has not finished", key=record.key
            ) from None
        return None if claimed is not None else await self.find(record.key)


def _record(row: Row) -> IdempotencyRecord:
    stored = row["refusal"]
    return IdempotencyRecord(
        key=row["key"],
        fingerprint=row["fingerprint"],
        resource=row["resource"],
        resource_id=row["resource_id"],
        refusal=None if stored is None else msgspec.json.decode(stored, type=Refusal),
    )
