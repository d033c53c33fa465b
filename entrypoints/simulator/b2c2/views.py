"""Orders and trades as the vendor shows them."""

from decimal import Decimal

from entrypoints.simulator.b2c2.orders import Order
from entrypoints.simulator.b2c2.schemas import OrderView, TradeView
from entrypoints.simulator.control import rfc3339


def to_quantity(value: Decimal) -> str:
    return f"{value:.10f}"


def to_price(value: Decimal) -> str:
    return f"{value:.8f}"


def side_of(order: Order) -> str:
    return "buy" if order.wanted.buys else "sell"


def order_view(order: Order) -> OrderView:
    wanted, price = order.wanted, order.executed_price
    return OrderView(
        order_id=order.order_id,
        client_order_id=wanted.client_order_id,
        quantity=to_quantity(wanted.quantity),
        side=side_of(order),
        instrument=wanted.instrument,
        price=to_price(wanted.price),
        executed_price=None if price is None else to_price(price),
        executing_unit=wanted.executing_unit,
        trades=[] if price is None else [trade_view(order, price)],
        created=rfc3339(order.created_ms),
    )


def trade_view(order: Order, price: Decimal) -> TradeView:
    wanted = order.wanted
    return TradeView(
        instrument=wanted.instrument,
        trade_id=order.trade_id,
        created=rfc3339(order.created_ms),
        price=to_price(price),
        quantity=to_quantity(wanted.quantity),
        order=order.order_id,
        side=side_of(order),
        executing_unit=wanted.executing_unit,
    )
