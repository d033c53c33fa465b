from datetime import datetime

from msgspec.structs import replace

from adapters.memory.store import Rows
from adapters.memory.webhook_rows import EndpointRow
from application.errors import VersionConflict
from application.ports.webhooks import SigningKeys
from domain.shared.errors import NotFound, invariant
from domain.shared.ids import WebhookEndpointId
from domain.webhooks.endpoint import Endpoint


class MemoryWebhookEndpoints:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, endpoint: Endpoint, keys: SigningKeys, *, after: int) -> None:
        self._rows.webhook_endpoints.add(
            endpoint.id, EndpointRow(endpoint=endpoint, last_seq=after)
        )
        self._rows.webhook_keys.add((endpoint.id, keys.number), keys)

    async def get(self, endpoint_id: WebhookEndpointId) -> Endpoint:
        return self._row(endpoint_id).endpoint

    async def lock(self, endpoint_id: WebhookEndpointId) -> Endpoint:
        return (await self._locked(endpoint_id)).endpoint

    async def list(self) -> tuple[Endpoint, ...]:
        found = [row.endpoint for row in self._rows.webhook_endpoints.values() if not row.removed]
        return tuple(sorted(found, key=lambda endpoint: endpoint.id))

    async def update(self, endpoint: Endpoint) -> None:
        row = await self._locked(endpoint.id)
        if row.endpoint.version != endpoint.version - 1:
            raise VersionConflict("the endpoint changed in the meantime")
        self._put(replace(row, endpoint=endpoint))

    async def observe(self, endpoint: Endpoint) -> None:
        row = await self._locked(endpoint.id)
        seen = replace(
            row.endpoint,
            failing_since=endpoint.failing_since,
            is_troubled=endpoint.is_troubled,
        )
        self._put(replace(row, endpoint=seen))

    async def remove(self, endpoint_id: WebhookEndpointId) -> None:
        self._put(replace(await self._locked(endpoint_id), removed=True))
        keys = [key for key, _ in self._rows.webhook_keys.items() if key[0] == endpoint_id]
        for key in keys:
            await self._rows.webhook_keys.lock(key)
            self._rows.webhook_keys.delete(key)

    async def place(self, endpoint_id: WebhookEndpointId) -> int:
        return self._row(endpoint_id).last_seq

    async def advance(self, endpoint_id: WebhookEndpointId, *, to: int) -> None:
        row = await self._locked(endpoint_id)
        if row.last_seq > to:
            raise _missing()
        self._put(replace(row, last_seq=to))

    async def keys(
        self, endpoint_id: WebhookEndpointId, *, at: datetime
    ) -> tuple[SigningKeys, ...]:
        self._row(endpoint_id)
        found = [
            keys
            for (of, _), keys in self._rows.webhook_keys.items()
            if of == endpoint_id and (keys.expires_at is None or keys.expires_at > at)
        ]
        return tuple(sorted(found, key=lambda keys: keys.number, reverse=True))

    async def replace_keys(
        self, endpoint_id: WebhookEndpointId, keys: SigningKeys, *, expire_at: datetime
    ) -> None:
        self._row(endpoint_id)
        for (of, number), old in self._rows.webhook_keys.items():
            if of == endpoint_id and (old.expires_at is None or old.expires_at > expire_at):
                await self._rows.webhook_keys.lock((of, number))
                self._rows.webhook_keys.put((of, number), replace(old, expires_at=expire_at))
        self._rows.webhook_keys.add((endpoint_id, keys.number), keys)

    async def _locked(self, endpoint_id: WebhookEndpointId) -> EndpointRow:
        await self._rows.webhook_endpoints.lock(endpoint_id)
        return self._row(endpoint_id)

    def _row(self, endpoint_id: WebhookEndpointId) -> EndpointRow:
        row = self._rows.webhook_endpoints.get(endpoint_id)
        if row is None or row.removed:
            raise _missing()
        return row

    def _put(self, row: EndpointRow) -> None:
        invariant(row.last_seq >= 0, "a place is a number of the sequence")
        self._rows.webhook_endpoints.put(row.endpoint.id, row)


def _missing() -> NotFound:
    return NotFound("no such webhook endpoint")
