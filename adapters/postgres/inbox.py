"""Which messages had their effect; the row commits with it."""

from adapters.postgres.connection import Connection
from domain.shared.ids import TenantId

TAKE = """
INSERT INTO inbox (tenant_id, consumer, message_id) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true
"""


class PostgresInbox:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def take(self, consumer: str, message_id: str) -> bool:
        taken = await self._connection.fetchval(TAKE, self._tenant_id, consumer, message_id)
        return taken is not None
