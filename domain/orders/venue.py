"""Between an order of type `rfq` and the vocabulary of venues."""

from ..liquidity import outcome as lp
from ..matching.venue import (
    Accepted,
    Executed,
    IntentType,
    Liquidity,
    OrderIntent,
    OutcomeUnknown,
    Rejected,
    TimeInForce,
    VenueEvent,
)
from ..shared.errors import InvariantViolation, invariant
from ..shared.ids import TenantId
from ..shared.side import Side
from .order import Order, OrderType


def rfq_intent(order: Order, *, tenant_id: TenantId) -> OrderIntent:
    """An accepted quote is fill or kill at the quoted amounts, the fee apart."""
    invariant(order.type is OrderType.RFQ, "only an rfq order has a quote to accept")
    fee_units = order.fee_units if order.side is Side.BUY else -order.fee_units
    return OrderIntent(
        order_id=order.id,
        tenant_id=tenant_id,
        customer_id=order.customer_id,
        instrument=order.instrument,
        side=order.side,
        type=IntentType.RFQ_ACCEPT,
        base_units=order.base_units,
        quote_units=order.quote_units - fee_units,
        limit_price=order.price,
        time_in_force=TimeInForce.FOK,
        client_order_id=order.client_order_id,
        quote_id=order.quote_id,
    )


def rfq_event(intent: OrderIntent, outcome: lp.Outcome) -> VenueEvent:
    """What the LP's outcome means to the customer's order: all of it as quoted, or nothing.

    The amounts are the intent's, not the LP's: a difference is the house's to book.
    """
    order_id = intent.order_id
    match outcome:
        case lp.Filled():
            if intent.limit_price is None:
                raise InvariantViolation("an accepted quote has a price")
            return Executed(
                order_id=order_id,
                execution_ref=outcome.lp_execution_id,
                liquidity=Liquidity.LP,
                price=intent.limit_price,
                base_units=intent.base_units,
                quote_units=intent.quote_units,
                leaves_base_units=0,
                executed_at=outcome.executed_at,
            )
        case lp.Rejected():
            return Rejected(order_id=order_id, reason=outcome.reason)
        case lp.Pending():
            return Accepted(order_id=order_id, resting=False)
        case lp.Unknown():
            return OutcomeUnknown(order_id=order_id, cause=outcome.cause)
