"""What is told of orders. A look at a provider that found nothing new is not told."""

from datetime import datetime
from typing import ClassVar

import msgspec

from ..assets.catalog import Catalog
from ..assets.instrument import split_symbol
from ..shared.errors import InvariantViolation, invariant
from ..shared.events import Announcement, Moment, MoneyText, Payload, announce
from ..shared.ids import EventId, IdPrefix, OrderId, QuoteId, encode_id
from ..shared.money import format_units
from ..shared.price import format_price
from .fill import Fill
from .order import Order, OrderStatus


class _OrderPayload(Payload, frozen=True, kw_only=True):
    id: str
    quote_id: str | None
    client_order_id: str | None


class OrderPending(_OrderPayload, frozen=True, kw_only=True):
    """The funds are held and the provider has not decided.

    With `outcome: unknown` nobody knows yet whether it traded: the order must not be replaced by
    another. Told when the order is made, and whenever `outcome` changes.
    """

    event_type: ClassVar[str] = "order.pending.v1"

    outcome: str | None


class FillText(msgspec.Struct, frozen=True, kw_only=True):
    """`quote_amount` contains the fee on a buy and is net of it on a sell."""

    id: str
    price: str
    base_amount: str
    quote_amount: str
    fee: MoneyText
    source: str
    executed_at: Moment
    recorded_at: Moment


class OrderFilled(_OrderPayload, frozen=True, kw_only=True):
    """Final: the money has moved as the fills say."""

    event_type: ClassVar[str] = "order.filled.v1"

    customer_id: str
    instrument: str
    side: str
    base_amount: str
    quote_amount: str
    fee: MoneyText
    fills: tuple[FillText, ...]


class OrderRejected(_OrderPayload, frozen=True, kw_only=True):
    """Final: nothing was traded and the funds are free again."""

    event_type: ClassVar[str] = "order.rejected.v1"

    customer_id: str
    reject_reason: str


def order_reserved(
    event_id: EventId,
    *,
    order_id: OrderId,
    quote_id: QuoteId,
    client_order_id: str | None,
    at: datetime,
) -> Announcement:
    """Of the order that claims a quote. Whose it is the quote knows: no customer is named here."""
    payload = OrderPending(
        id=encode_id(IdPrefix.ORDER, order_id),
        quote_id=encode_id(IdPrefix.QUOTE, quote_id),
        client_order_id=client_order_id,
        outcome=None,
    )
    return announce(
        payload,
        event_id=event_id,
        resource_id=order_id,
        resource_version=1,
        customer_ids=(),
        occurred_at=at,
    )


def order_changed(
    event_id: EventId, before: Order, after: Order, catalog: Catalog
) -> Announcement | None:
    """None when nothing changed but the version: that is no news to anybody."""
    invariant(before.id == after.id and before.version < after.version, "not a change of an order")
    if (before.status, before.outcome) == (after.status, after.outcome):
        return None
    return announce(
        _payload(after, catalog),
        event_id=event_id,
        resource_id=after.id,
        resource_version=after.version,
        customer_ids=(after.customer_id,),
        occurred_at=after.updated_at,
    )


def _payload(order: Order, catalog: Catalog) -> Payload:
    order_id = encode_id(IdPrefix.ORDER, order.id)
    quote_id = None if order.quote_id is None else encode_id(IdPrefix.QUOTE, order.quote_id)
    match order.status:
        case OrderStatus.PENDING:
            return OrderPending(
                id=order_id,
                quote_id=quote_id,
                client_order_id=order.client_order_id,
                outcome=order.outcome,
            )
        case OrderStatus.FILLED:
            return _filled(order, catalog, order_id=order_id, quote_id=quote_id)
        case OrderStatus.REJECTED if order.reject_reason is not None:
            return OrderRejected(
                id=order_id,
                quote_id=quote_id,
                client_order_id=order.client_order_id,
                customer_id=encode_id(IdPrefix.CUSTOMER, order.customer_id),
                reject_reason=order.reject_reason,
            )
        case _:
            raise InvariantViolation(f"no rfq order is ever {order.status}")


def _filled(order: Order, catalog: Catalog, *, order_id: str, quote_id: str | None) -> OrderFilled:
    base, quote = split_symbol(order.instrument)
    base_scale, quote_scale = catalog.asset(base).scale, catalog.asset(quote).scale
    return OrderFilled(
        id=order_id,
        quote_id=quote_id,
        client_order_id=order.client_order_id,
        customer_id=encode_id(IdPrefix.CUSTOMER, order.customer_id),
        instrument=order.instrument,
        side=order.side,
        base_amount=format_units(order.base_units, scale=base_scale),
        quote_amount=format_units(order.quote_units, scale=quote_scale),
        fee=MoneyText(format_units(order.fee_units, scale=quote_scale), quote),
        fills=tuple(
            _fill(each, base_scale=base_scale, quote_scale=quote_scale, catalog=catalog)
            for each in order.fills
        ),
    )


def _fill(fill: Fill, *, base_scale: int, quote_scale: int, catalog: Catalog) -> FillText:
    fee_scale = catalog.asset(fill.fee_asset).scale
    return FillText(
        id=encode_id(IdPrefix.FILL, fill.id),
        price=format_price(fill.price),
        base_amount=format_units(fill.base_units, scale=base_scale),
        quote_amount=format_units(fill.quote_units, scale=quote_scale),
        fee=MoneyText(format_units(fill.fee_units, scale=fee_scale), fill.fee_asset),
        source=fill.source,
        executed_at=fill.executed_at,
        recorded_at=fill.recorded_at,
    )
