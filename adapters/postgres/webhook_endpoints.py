"""Endpoints of one tenant, their keys, and their places in the sequence of events."""

from datetime import datetime

from adapters.postgres.connection import Connection, Row
from application.errors import VersionConflict
from application.ports.webhooks import SigningKeys
from domain.shared.errors import NotFound
from domain.shared.ids import CustomerId, TenantId, WebhookEndpointId
from domain.webhooks.endpoint import DisabledBy, Endpoint, EndpointStatus

COLUMNS = """id, url, description, event_types, customer_id, status, disabled_by, failing_since,
  is_troubled, created_at, updated_at, version"""
ADD = f"""
INSERT INTO webhook_endpoints (tenant_id, {COLUMNS}, last_seq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
GET = f"""
SELECT {COLUMNS} FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2 AND status <> 'removed'
"""
LIST = f"""
SELECT {COLUMNS} FROM webhook_endpoints WHERE tenant_id = $1 AND status <> 'removed' ORDER BY id
"""
UPDATE = """
UPDATE webhook_endpoints
SET url = $3, description = $4, event_types = $5, customer_id = $6, status = $7, disabled_by = $8,
  failing_since = $9, is_troubled = $10, updated_at = $11, version = $12
WHERE tenant_id = $1 AND id = $2 AND status <> 'removed' AND version = $12 - 1 RETURNING 1
"""
OBSERVE = """
UPDATE webhook_endpoints SET failing_since = $3, is_troubled = $4
WHERE tenant_id = $1 AND id = $2 AND status <> 'removed' RETURNING 1
"""
REMOVE = """
UPDATE webhook_endpoints SET status = 'removed'
WHERE tenant_id = $1 AND id = $2 AND status <> 'removed' RETURNING 1
"""
PLACE = """
SELECT last_seq FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2 AND status <> 'removed'
"""
ADVANCE = """
UPDATE webhook_endpoints SET last_seq = $3
WHERE tenant_id = $1 AND id = $2 AND status <> 'removed' AND last_seq <= $3 RETURNING 1
"""
KEYS = "number, boxed, public_key, created_at, expires_at"
ADD_KEYS = f"""
INSERT INTO webhook_keys (tenant_id, endpoint_id, {KEYS}) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
SIGNING = f"""
SELECT {KEYS} FROM webhook_keys
WHERE tenant_id = $1 AND endpoint_id = $2 AND (expires_at IS NULL OR expires_at > $3)
ORDER BY number DESC
"""
EXPIRE_KEYS = """
UPDATE webhook_keys SET expires_at = $3
WHERE tenant_id = $1 AND endpoint_id = $2 AND (expires_at IS NULL OR expires_at > $3)
"""
REMOVE_KEYS = "DELETE FROM webhook_keys WHERE tenant_id = $1 AND endpoint_id = $2"


class PostgresWebhookEndpoints:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, endpoint: Endpoint, keys: SigningKeys, *, after: int) -> None:
        await self._connection.execute(
            ADD,
            self._tenant_id,
            endpoint.id,
            endpoint.url,
            endpoint.description,
            list(endpoint.event_types),
            endpoint.customer_id,
            endpoint.status.value,
            endpoint.disabled_by,
            endpoint.failing_since,
            endpoint.is_troubled,
            endpoint.created_at,
            endpoint.updated_at,
            endpoint.version,
            after,
        )
        await self._add_keys(endpoint.id, keys)

    async def get(self, endpoint_id: WebhookEndpointId) -> Endpoint:
        return _endpoint(await self._connection.fetchrow(GET, self._tenant_id, endpoint_id))

    async def lock(self, endpoint_id: WebhookEndpointId) -> Endpoint:
        locking = f"{GET} FOR NO KEY UPDATE"
        return _endpoint(await self._connection.fetchrow(locking, self._tenant_id, endpoint_id))

    async def list(self) -> tuple[Endpoint, ...]:
        rows = await self._connection.fetch(LIST, self._tenant_id)
        return tuple(_endpoint(row) for row in rows)

    async def update(self, endpoint: Endpoint) -> None:
        changed = await self._connection.fetchval(
            UPDATE,
            self._tenant_id,
            endpoint.id,
            endpoint.url,
            endpoint.description,
            list(endpoint.event_types),
            endpoint.customer_id,
            endpoint.status.value,
            endpoint.disabled_by,
            endpoint.failing_since,
            endpoint.is_troubled,
            endpoint.updated_at,
            endpoint.version,
        )
        if changed is None:
            await self.get(endpoint.id)
            raise VersionConflict("the endpoint changed in the meantime")

    async def observe(self, endpoint: Endpoint) -> None:
        seen = (endpoint.failing_since, endpoint.is_troubled)
        await self._change(OBSERVE, endpoint.id, *seen)

    async def remove(self, endpoint_id: WebhookEndpointId) -> None:
        await self._change(REMOVE, endpoint_id)
        await self._connection.execute(REMOVE_KEYS, self._tenant_id, endpoint_id)

    async def place(self, endpoint_id: WebhookEndpointId) -> int:
        return await self._change(PLACE, endpoint_id)

    async def advance(self, endpoint_id: WebhookEndpointId, *, to: int) -> None:
        await self._change(ADVANCE, endpoint_id, to)

    async def keys(
        self, endpoint_id: WebhookEndpointId, *, at: datetime
    ) -> tuple[SigningKeys, ...]:
        rows = await self._connection.fetch(SIGNING, self._tenant_id, endpoint_id, at)
        if not rows:
            await self.get(endpoint_id)
        return tuple(SigningKeys(**row) for row in rows)

    async def replace_keys(
        self, endpoint_id: WebhookEndpointId, keys: SigningKeys, *, expire_at: datetime
    ) -> None:
        await self.get(endpoint_id)
        await self._connection.execute(EXPIRE_KEYS, self._tenant_id, endpoint_id, expire_at)
        await self._add_keys(endpoint_id, keys)

    async def _add_keys(self, endpoint_id: WebhookEndpointId, keys: SigningKeys) -> None:
        await self._connection.execute(
            ADD_KEYS,
            self._tenant_id,
            endpoint_id,
            keys.number,
            keys.boxed,
            keys.public_key,
            keys.created_at,
            keys.expires_at,
        )

    async def _change(self, statement: str, endpoint_id: WebhookEndpointId, *more: object) -> int:
        answered: int | None = await self._connection.fetchval(
            statement, self._tenant_id, endpoint_id, *more
        )
        if answered is None:
            raise _missing()
        return answered


def _endpoint(row: Row | None) -> Endpoint:
    if row is None:
        raise _missing()
    customer_id, disabled_by = row["customer_id"], row["disabled_by"]
    return Endpoint(
        id=WebhookEndpointId(row["id"]),
        url=row["url"],
        description=row["description"],
        event_types=tuple(row["event_types"]),
        customer_id=None if customer_id is None else CustomerId(customer_id),
        status=EndpointStatus(row["status"]),
        disabled_by=None if disabled_by is None else DisabledBy(disabled_by),
        failing_since=row["failing_since"],
        is_troubled=row["is_troubled"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )


def _missing() -> NotFound:
    return NotFound("no such webhook endpoint")
