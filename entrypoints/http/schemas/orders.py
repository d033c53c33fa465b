import msgspec

from domain.assets.asset import Asset
from domain.assets.catalog import Catalog
from domain.assets.instrument import split_symbol
from domain.orders.fill import Fill, FillSource
from domain.orders.order import Order, OrderStatus, OrderType, OutcomeFlag
from domain.shared.ids import IdPrefix, encode_id
from domain.shared.price import format_price
from domain.shared.side import Side
from entrypoints.http.paging import PageQuery
from entrypoints.http.schemas.values import (
    Body,
    ClientText,
    CustomerRef,
    DecimalText,
    FillRef,
    InstrumentText,
    Money,
    OrderRef,
    QuoteRef,
    Timestamp,
    decimal,
    money,
    timestamp,
)


class CreateOrderBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """`client_order_id` is your own name for the order, unique among yours, for good."""

    quote_id: QuoteRef
    client_order_id: ClientText | None = None


class OrdersQuery(PageQuery, frozen=True, kw_only=True):
    customer_id: CustomerRef | None = None
    client_order_id: ClientText | None = None
    status: OrderStatus | None = None
    outcome: OutcomeFlag | None = None


class FillBody(msgspec.Struct, frozen=True, kw_only=True):
    """One execution. `quote_amount` contains the fee on a buy and is net of it on a sell."""

    id: FillRef
    price: DecimalText
    base_amount: DecimalText
    quote_amount: DecimalText
    fee: Money
    source: FillSource
    executed_at: Timestamp
    recorded_at: Timestamp


class OrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """`final` orders never change again.

    `outcome: unknown` means that nobody knows yet whether the liquidity provider traded: the funds
    stay held, and the order must not be replaced by another.
    """

    id: OrderRef
    type: OrderType
    status: OrderStatus
    final: bool
    outcome: OutcomeFlag | None
    quote_id: QuoteRef | None
    client_order_id: str | None
    customer_id: CustomerRef
    instrument: InstrumentText
    side: Side
    base_amount: DecimalText
    quote_amount: DecimalText
    price: DecimalText | None
    fee: Money
    reject_reason: str | None
    fills: list[FillBody]
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def order_body(order: Order, catalog: Catalog) -> OrderBody:
    base, priced_in = map(catalog.asset, split_symbol(order.instrument))
    return OrderBody(
        id=encode_id(IdPrefix.ORDER, order.id),
        type=order.type,
        status=order.status,
        final=order.is_final,
        outcome=order.outcome,
        quote_id=None if order.quote_id is None else encode_id(IdPrefix.QUOTE, order.quote_id),
        client_order_id=order.client_order_id,
        customer_id=encode_id(IdPrefix.CUSTOMER, order.customer_id),
        instrument=order.instrument,
        side=order.side,
        base_amount=decimal(order.base_units, base),
        quote_amount=decimal(order.quote_units, priced_in),
        price=None if order.price is None else format_price(order.price),
        fee=money(order.fee_units, priced_in),
        reject_reason=order.reject_reason,
        fills=[_fill(fill, base, priced_in, catalog.asset(fill.fee_asset)) for fill in order.fills],
        created_at=timestamp(order.created_at),
        updated_at=timestamp(order.updated_at),
        version=order.version,
    )


def _fill(fill: Fill, base: Asset, priced_in: Asset, fee_asset: Asset) -> FillBody:
    return FillBody(
        id=encode_id(IdPrefix.FILL, fill.id),
        price=format_price(fill.price),
        base_amount=decimal(fill.base_units, base),
        quote_amount=decimal(fill.quote_units, priced_in),
        fee=money(fill.fee_units, fee_asset),
        source=fill.source,
        executed_at=timestamp(fill.executed_at),
        recorded_at=timestamp(fill.recorded_at),
    )
