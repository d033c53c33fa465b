import pytest

from application.ports.trading import OrderFilter
from domain.orders.order import Order, OrderStatus, OutcomeFlag
from domain.shared.errors import NotFound
from domain.shared.ids import OrderId
from tests.contract.keep_open_contract import LATER, keep_open, unknown
from tests.contract.world import Party, World


class OrdersContract:
    async def test_unknown_order_is_not_found(self, world: World) -> None:
        async with world.ports.uow.begin(await world.tenant()) as tx:
            with pytest.raises(NotFound):
                await tx.orders.get(OrderId(world.id()))
            with pytest.raises(NotFound):
                await tx.orders.detail(OrderId(world.id()))
            assert await tx.orders.by_client_order_id("no such order") is None

    async def test_pages_run_from_the_newest_to_the_oldest_with_fills(self, world: World) -> None:
        party = await world.party()
        made = [(await world.trade(party)).order for _ in range(4)]
        async with world.ports.uow.begin(party.tenant_id) as tx:
            first = await tx.orders.page(OrderFilter(), before=None, limit=3)
            rest = await tx.orders.page(OrderFilter(), before=first[-1].id, limit=3)
        assert first + rest == tuple(reversed(made))
        assert all(len(order.fills) == 1 for order in first)

    async def test_filters_narrow_the_page(self, world: World) -> None:
        party = await world.party()
        other = await world.party(party.tenant_id)
        filled = (await world.trade(party)).order
        pending = await world.execution(party)
        theirs = (await world.execution(other)).order
        lost = unknown(world, pending)
        await keep_open(world, party, pending, lost, look_again_in=LATER)
        quote = await world.quote(party)
        named = world.reservation(quote.quote.id, client_order_id="order-1")
        opened = await world.reserve(party, named)
        assert opened is not None
        found = {
            wanted: await ids(world, party, wanted)
            for wanted in (
                OrderFilter(customer_id=other.customer.id),
                OrderFilter(client_order_id="order-1"),
                OrderFilter(status=OrderStatus.FILLED),
                OrderFilter(outcome=OutcomeFlag.UNKNOWN),
                OrderFilter(customer_id=party.customer.id, status=OrderStatus.PENDING),
                OrderFilter(customer_id=other.customer.id, status=OrderStatus.FILLED),
            )
        }
        assert list(found.values()) == [
            [theirs.id],
            [opened.order.id],
            [filled.id],
            [lost.id],
            [opened.order.id, lost.id],
            [],
        ]


async def ids(world: World, party: Party, wanted: OrderFilter) -> list[OrderId]:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        orders: tuple[Order, ...] = await tx.orders.page(wanted, before=None, limit=10)
    return [order.id for order in orders]
