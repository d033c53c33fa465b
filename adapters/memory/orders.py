from uuid import UUID

from adapters.memory.store import Rows
from application.ports.trading import OrderDetail, OrderFilter
from domain.orders.order import Order
from domain.shared.errors import NotFound
from domain.shared.ids import OrderId


class MemoryOrders:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self, order_id: OrderId) -> Order:
        order = self._rows.orders.get(order_id)
        if order is None:
            raise NotFound("no such order")
        return order

    async def detail(self, order_id: OrderId) -> OrderDetail:
        order = await self.get(order_id)
        earlier = [row for row in self._rows.refused_attempts.values() if row.order_id == order_id]
        postings = (self._rows.fill_postings.get(fill.id) for fill in order.fills)
        return OrderDetail(
            order=order,
            attempt=self._rows.attempts.get(order_id),
            earlier=tuple(sorted(earlier, key=lambda row: -row.number)),
            transaction_id=next((each for each in postings if each is not None), None),
        )

    async def by_client_order_id(self, client_order_id: str) -> OrderId | None:
        return self._rows.client_order_ids.get(client_order_id)

    async def page(
        self, wanted: OrderFilter, *, before: UUID | None, limit: int
    ) -> tuple[Order, ...]:
        found = [
            order
            for order in self._rows.orders.values()
            if (before is None or order.id < before) and _matches(order, wanted)
        ]
        found.sort(key=lambda order: order.id, reverse=True)
        return tuple(found[:limit])


def _matches(order: Order, wanted: OrderFilter) -> bool:
    pairs = (
        (wanted.customer_id, order.customer_id),
        (wanted.client_order_id, order.client_order_id),
        (wanted.status, order.status),
        (wanted.outcome, order.outcome),
    )
    return all(want is None or want == have for want, have in pairs)
