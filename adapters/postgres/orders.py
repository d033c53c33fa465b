"""Reading orders. They are written only by `trading`, together with what they move."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from adapters.postgres.connection import UUID_MAX, Connection, Row
from adapters.postgres.order_rows import ATTEMPT, FILL_COLUMNS, ORDER, attempt_from, order_from
from application.ports.trading import OrderDetail, OrderFilter
from domain.orders.order import Order
from domain.orders.repricing import ATTEMPTS_MAX
from domain.shared.errors import NotFound
from domain.shared.ids import OrderId, TenantId, TransactionId

# One statement for an order and its fills: two would see two moments, and an order is filled in
# between. Fill columns are prefixed, and NULL where an order has none.
_FILLED = ", ".join(f"f.{name} AS fill_{name}" for name in FILL_COLUMNS)
_ORDERS = f"WITH o AS (SELECT {ORDER} FROM orders WHERE tenant_id = $1"
_WITH_FILLS = f""")
SELECT o.*, {_FILLED} FROM o
LEFT JOIN fills f ON f.tenant_id = $1 AND f.order_id = o.id
ORDER BY o.id DESC, f.recorded_at, f.id
"""

ONE = _ORDERS + " AND id = $2" + _WITH_FILLS
ATTEMPTS = f"""
SELECT {ATTEMPT} FROM lp_attempts WHERE tenant_id = $1 AND order_id = $2
ORDER BY attempt DESC LIMIT {ATTEMPTS_MAX}
"""
# Only the filters that are wanted are in the statement: plans are made once, not per value.
PAGE_START = _ORDERS + " AND id < $2"
PAGE_END = " ORDER BY id DESC LIMIT $3" + _WITH_FILLS
FILTERS = {
    "customer_id": " AND customer_id = $",
    "client_order_id": " AND client_order_id = $",
    "status": " AND status = $",
    "outcome": " AND outcome = $",
}


class PostgresOrders:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def get(self, order_id: OrderId) -> Order:
        return _order(await self._one(order_id))

    async def detail(self, order_id: OrderId) -> OrderDetail:
        rows = await self._one(order_id)
        found = await self._connection.fetch(ATTEMPTS, self._tenant_id, order_id)
        attempts = tuple(attempt_from(row) for row in found)
        transaction_id = rows[-1]["fill_transaction_id"]
        return OrderDetail(
            order=_order(rows),
            attempt=attempts[0] if attempts else None,
            earlier=attempts[1:],
            transaction_id=None if transaction_id is None else TransactionId(transaction_id),
        )

    async def _one(self, order_id: OrderId) -> Sequence[Row]:
        rows = await self._connection.fetch(ONE, self._tenant_id, order_id)
        if not rows:
            raise NotFound("no such order")
        return rows

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
        given = {name: value for name in FILTERS if (value := getattr(wanted, name)) is not None}
        conditions = "".join(
            FILTERS[name] + str(number) for number, name in enumerate(given, start=4)
        )
        rows = await self._connection.fetch(
            PAGE_START + conditions + PAGE_END,
            self._tenant_id,
            before or UUID_MAX,
            limit,
            *given.values(),
        )
        by_order = groupby(rows, key=itemgetter("id"))
        return tuple(_order(list(of_order)) for _, of_order in by_order)


def _order(rows: Sequence[Row]) -> Order:
    return order_from(rows[0], [row for row in rows if row["fill_id"] is not None])
