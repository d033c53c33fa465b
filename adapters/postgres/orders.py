"""Reading orders. They are written only by `trading`, together with what they move."""

from collections.abc import Sequence
from uuid import UUID

from adapters.postgres.connection import Connection, Row
from adapters.postgres.order_rows import ATTEMPT, FILL, ORDER, attempt_from, order_from
from application.ports.trading import OrderDetail, OrderFilter
from domain.orders.order import Order
from domain.shared.errors import NotFound
from domain.shared.ids import OrderId, TenantId, TransactionId

ONE = f"SELECT {ORDER} FROM orders WHERE tenant_id = $1 AND id = $2"
FILLS = f"""
SELECT {FILL} FROM fills WHERE tenant_id = $1 AND order_id = ANY($2::uuid[])
ORDER BY order_id, recorded_at, id
"""
LAST_ATTEMPT = f"""
SELECT {ATTEMPT} FROM lp_attempts WHERE tenant_id = $1 AND order_id = $2
ORDER BY attempt DESC LIMIT 1
"""
PAGE = f"""
SELECT {ORDER} FROM orders
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR customer_id = $2)
  AND ($3::text IS NULL OR client_order_id = $3) AND ($4::text IS NULL OR status = $4)
  AND ($5::text IS NULL OR outcome = $5) AND ($6::uuid IS NULL OR id < $6)
ORDER BY id DESC LIMIT $7
"""


class PostgresOrders:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def get(self, order_id: OrderId) -> Order:
        row, fills = await self._one(order_id)
        return order_from(row, fills)

    async def detail(self, order_id: OrderId) -> OrderDetail:
        row, fills = await self._one(order_id)
        attempt = await self._connection.fetchrow(LAST_ATTEMPT, self._tenant_id, order_id)
        return OrderDetail(
            order=order_from(row, fills),
            attempt=None if attempt is None else attempt_from(attempt),
            transaction_id=TransactionId(fills[-1]["transaction_id"]) if fills else None,
        )

    async def _one(self, order_id: OrderId) -> tuple[Row, Sequence[Row]]:
        row = await self._connection.fetchrow(ONE, self._tenant_id, order_id)
        if row is None:
            raise NotFound("no such order")
        return row, await self._connection.fetch(FILLS, self._tenant_id, [order_id])

    async def by_client_order_id(self, client_order_id: str) -> OrderId | None:
        found = await self._connection.fetchval(
            "SELECT order_id FROM client_order_ids WHERE tenant_id = $1 AND client_order_id = $2",
            self._tenant_id,
            client_order_id,
        )
        return None if found is None else OrderId(found)

    async def page(
        self, wanted: OrderFilter, *, before: UUID | None, limit: int
    ) -> tuple[Order, ...]:
        rows = await self._connection.fetch(
            PAGE,
            self._tenant_id,
            wanted.customer_id,
            wanted.client_order_id,
            None if wanted.status is None else wanted.status.value,
            None if wanted.outcome is None else wanted.outcome.value,
            before,
            limit,
        )
        ids = [row["id"] for row in rows]
        fills = await self._connection.fetch(FILLS, self._tenant_id, ids) if ids else ()
        return tuple(
            order_from(row, [fill for fill in fills if fill["order_id"] == row["id"]])
            for row in rows
        )
