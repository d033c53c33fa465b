"""The only way an order changes: `apply(order, event)` by the table below.

A final order never changes. Evidence that contradicts one is a break for reconciliation, and the
`OrderTransitionInvalid` it raises here is how it is noticed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Never

import msgspec

from ..assets.instrument import split_symbol
from ..quotes.quote import Quote, QuoteStatus
from ..shared.errors import Conflict, InvariantViolation, RuleViolation, invariant
from ..shared.ids import FillId, OrderId
from ..shared.side import Side
from .events import (
    Canceled,
    Expired,
    FillRecorded,
    LpPending,
    Opened,
    OrderEvent,
    OutcomeBecameUnknown,
    Rejected,
    Submitted,
)
from .fill import Fill, FillSource
from .order import Order, OrderStatus, OrderType, OutcomeFlag


class OrderTransitionInvalid(Conflict):
    code = "order_transition_invalid"


class FillMismatch(RuleViolation):
    """The fill is not one of this order, or is worse than the customer agreed to."""

    code = "fill_mismatch"


_S = OrderStatus

# Where an event leads; two targets mean that the amounts decide. Absent rows are refused.
TRANSITIONS: Final[Mapping[tuple[OrderStatus, type[OrderEvent]], tuple[OrderStatus, ...]]] = {
    # The status says what the customer can rely on, and handing over changes nothing of that.
    (_S.PENDING, Submitted): (_S.PENDING,),
    (_S.PENDING, Opened): (_S.OPEN,),
    # Also after an unknown outcome: the LP acknowledged it, so the flag is lifted.
    (_S.PENDING, LpPending): (_S.PENDING,),
    # Also repeated: each failed lookup may have another cause to record.
    (_S.PENDING, OutcomeBecameUnknown): (_S.PENDING,),
    # Straight from pending: RFQ and market orders never rest.
    (_S.PENDING, FillRecorded): (_S.PARTIALLY_FILLED, _S.FILLED),
    (_S.PENDING, Rejected): (_S.REJECTED,),
    # A market order that met nobody, or a post-only order that would have taken.
    (_S.PENDING, Canceled): (_S.CANCELED,),
    # Its time was over when the venue looked at it.
    (_S.PENDING, Expired): (_S.EXPIRED,),
    (_S.OPEN, FillRecorded): (_S.PARTIALLY_FILLED, _S.FILLED),
    (_S.OPEN, Canceled): (_S.CANCELED,),
    (_S.OPEN, Expired): (_S.EXPIRED,),
    (_S.PARTIALLY_FILLED, FillRecorded): (_S.PARTIALLY_FILLED, _S.FILLED),
    # The rest is taken off; the fills stand.
    (_S.PARTIALLY_FILLED, Canceled): (_S.CANCELED,),
    (_S.PARTIALLY_FILLED, Expired): (_S.EXPIRED,),
}

# An accepted quote fills whole or is rejected: it cannot rest, and nobody can call it off.
RFQ_EVENTS: Final[frozenset[type[OrderEvent]]] = frozenset(
    {Submitted, LpPending, OutcomeBecameUnknown, FillRecorded, Rejected}
)

# No second hand-over while the first may have traded: that is how one order executes twice.
UNKNOWN_REFUSES: Final[frozenset[type[OrderEvent]]] = frozenset({Submitted})


def apply(order: Order, event: OrderEvent) -> Order:
    """The order after `event`, one version on. Raises `OrderTransitionInvalid`, `FillMismatch`."""
    invariant(event.order_id == order.id, "an event of another order")
    targets = _targets(order, type(event))
    if not targets:
        raise OrderTransitionInvalid(
            f"{type(event).__name__} is not possible on this {order.type} order",
            order_id=order.id,
            status=order.status,
        )
    fills, reject_reason, outcome = order.fills, order.reject_reason, None
    status = targets[0]
    match event:
        case FillRecorded():
            _check_fill(order, event.fill)
            fills = (*order.fills, event.fill)
            filled = order.filled_base_units + event.fill.base_units
            full = filled == order.base_units
            status = OrderStatus.FILLED if full else OrderStatus.PARTIALLY_FILLED
        case Rejected():
            reject_reason = event.reason
        case OutcomeBecameUnknown():
            outcome = OutcomeFlag.UNKNOWN
    invariant(status in targets, "the table and the amounts disagree")
    return msgspec.structs.replace(
        order,
        status=status,
        outcome=outcome,
        fills=fills,
        reject_reason=reject_reason,
        # Two processes' clocks may disagree; an object's time never runs backwards.
        updated_at=max(order.updated_at, event.at),
        version=order.version + 1,
    )


def order_from_quote(
    quote: Quote, *, order_id: OrderId, client_order_id: str | None, at: datetime
) -> Order:
    """The pending order of an accepted quote, version 1."""
    invariant(quote.status is QuoteStatus.ACCEPTED, "only an accepted quote makes an order")
    invariant(quote.order_id == order_id, "the quote was accepted for another order")
    return Order(
        id=order_id,
        type=OrderType.RFQ,
        status=OrderStatus.PENDING,
        outcome=None,
        quote_id=quote.id,
        client_order_id=client_order_id,
        customer_id=quote.customer_id,
        instrument=quote.instrument,
        side=quote.side,
        base_units=quote.base_units,
        quote_units=quote.quote_units,
        price=quote.price,
        fee_units=quote.fee_units,
        reject_reason=None,
        fills=(),
        created_at=at,
        updated_at=at,
        version=1,
    )


def rfq_fill(
    order: Order,
    *,
    fill_id: FillId,
    source_ref: str,
    executed_at: datetime,
    recorded_at: datetime,
) -> Fill:
    """The customer's fill: as quoted, whatever the LP reports. The difference is the house's."""
    invariant(order.type is OrderType.RFQ, "only an rfq order fills as quoted")
    if order.price is None:
        raise InvariantViolation("an rfq order has a price")
    return Fill(
        id=fill_id,
        order_id=order.id,
        price=order.price,
        base_units=order.base_units,
        quote_units=order.quote_units,
        fee_units=order.fee_units,
        fee_asset=split_symbol(order.instrument)[1],
        source=FillSource.LP,
        source_ref=source_ref,
        executed_at=executed_at,
        recorded_at=recorded_at,
    )


def _targets(order: Order, event_type: type[OrderEvent]) -> tuple[OrderStatus, ...]:
    if order.type is OrderType.RFQ and event_type not in RFQ_EVENTS:
        return ()
    if order.outcome is OutcomeFlag.UNKNOWN and event_type in UNKNOWN_REFUSES:
        return ()
    return TRANSITIONS.get((order.status, event_type), ())


def _check_fill(order: Order, fill: Fill) -> None:
    """Raises `FillMismatch`."""
    if fill.order_id != order.id:
        _mismatch(order, fill, "the fill is of another order")
    execution = (fill.source, fill.source_ref)
    for earlier in order.fills:
        if fill.id == earlier.id or execution == (earlier.source, earlier.source_ref):
            _mismatch(order, fill, "the execution was recorded before")
    if order.filled_base_units + fill.base_units > order.base_units:
        _mismatch(order, fill, "the fill exceeds the order")
    if order.type is OrderType.RFQ:
        quoted = (order.base_units, order.quote_units, order.fee_units, order.price)
        if quoted != (fill.base_units, fill.quote_units, fill.fee_units, fill.price):
            _mismatch(order, fill, "an accepted quote fills exactly as quoted")
    elif _is_worse(order, fill):
        _mismatch(order, fill, "the fill is worse than the order allows")


def _is_worse(order: Order, fill: Fill) -> bool:
    quote_units = order.filled_quote_units + fill.quote_units
    full = order.filled_base_units + fill.base_units == order.base_units
    limit = order.price
    if order.side is Side.BUY:
        return quote_units > order.quote_units or (
            limit is not None and fill.price.value > limit.value
        )
    return (full and quote_units < order.quote_units) or (
        limit is not None and fill.price.value < limit.value
    )


def _mismatch(order: Order, fill: Fill, detail: str) -> Never:
    raise FillMismatch(detail, order_id=order.id, fill_id=fill.id)
