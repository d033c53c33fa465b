"""One vocabulary for an LP's quote and for a book, shown with the smallest venue of each kind."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from domain.liquidity import outcome as lp
from domain.matching.venue import (
    Accepted,
    Canceled,
    Executed,
    ExecutionVenue,
    IntentInvalid,
    IntentType,
    Liquidity,
    OrderIntent,
    OutcomeUnknown,
    Rejected,
    TimeInForce,
    VenueEvent,
)
from domain.orders.venue import rfq_event, rfq_intent
from domain.shared.errors import InvariantViolation
from domain.shared.price import Price
from domain.shared.side import Side
from tests.unit.domain.builders import NOW, ORDER_ID, TENANT_ID, limit_order, rfq_order

INTENT = rfq_intent(rfq_order(), tenant_id=TENANT_ID)
LP_FILL = lp.Filled(lp_execution_id="x-1", base_units=1, quote_units=1, executed_at=NOW)


class QuotedVenue:
    """An LP whose outcome is known beforehand."""

    def __init__(self, outcome: lp.Outcome) -> None:
        self._outcome = outcome

    def submit(self, intent: OrderIntent) -> Sequence[VenueEvent]:
        return (rfq_event(intent, self._outcome),)


class OneOfferBook:
    """A book with a single offer: enough to fill or kill against."""

    def __init__(self, offered_units: int) -> None:
        self._offered_units = offered_units

    def submit(self, intent: OrderIntent) -> Sequence[VenueEvent]:
        price = intent.limit_price
        if price is None or self._offered_units < intent.base_units:
            return (Canceled(order_id=intent.order_id, reason="fill_or_kill"),)
        return (
            Executed(
                order_id=intent.order_id,
                execution_ref="trade-1",
                liquidity=Liquidity.TAKER,
                price=price,
                base_units=intent.base_units,
                quote_units=intent.quote_units,
                leaves_base_units=0,
                executed_at=NOW,
            ),
        )


@pytest.mark.parametrize("side", list(Side))
def test_accepted_quote_is_fill_or_kill_at_its_amounts_before_the_fee(side: Side) -> None:
    order = rfq_order(side)
    intent = rfq_intent(order, tenant_id=TENANT_ID)
    fee_units = order.fee_units if side is Side.BUY else -order.fee_units
    assert (intent.type, intent.time_in_force) == (IntentType.RFQ_ACCEPT, TimeInForce.FOK)
    assert (intent.base_units, intent.limit_price) == (order.base_units, order.price)
    assert intent.quote_units + fee_units == order.quote_units
    assert (intent.quote_id, intent.client_order_id) == (order.quote_id, "c-1")


@pytest.mark.parametrize("venue", [QuotedVenue(LP_FILL), OneOfferBook(INTENT.base_units)])
def test_quote_fills_alike_at_an_lp_and_on_a_book(venue: ExecutionVenue) -> None:
    (event,) = venue.submit(INTENT)
    assert isinstance(event, Executed)
    assert (event.base_units, event.quote_units, event.leaves_base_units) == (
        INTENT.base_units,
        INTENT.quote_units,
        0,
    )


def test_book_that_cannot_fill_all_fills_nothing() -> None:
    (event,) = OneOfferBook(INTENT.base_units - 1).submit(INTENT)
    assert isinstance(event, Canceled)


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (
            lp.Rejected(reason="last_look", detail=""),
            Rejected(order_id=ORDER_ID, reason="last_look"),
        ),
        (lp.Pending(), Accepted(order_id=ORDER_ID, resting=False)),
        (lp.Unknown(cause="timeout"), OutcomeUnknown(order_id=ORDER_ID, cause="timeout")),
    ],
)
def test_outcome_of_an_lp_is_an_event_of_a_venue(outcome: lp.Outcome, event: VenueEvent) -> None:
    assert QuotedVenue(outcome).submit(INTENT) == (event,)


def test_order_without_a_quote_has_no_quote_to_accept() -> None:
    with pytest.raises(InvariantViolation):
        rfq_intent(limit_order(), tenant_id=TENANT_ID)


@pytest.mark.parametrize(
    "change",
    [
        {"base_units": 0},
        {"quote_units": -1},
        {"quote_id": None},
        {"time_in_force": TimeInForce.IOC},
        {"limit_price": None},
        {"type": IntentType.LIMIT},
        {"type": IntentType.MARKET, "quote_id": None},
        {
            "type": IntentType.MARKET,
            "quote_id": None,
            "limit_price": None,
            "time_in_force": TimeInForce.GTC,
        },
        {"type": IntentType.LIMIT, "quote_id": None, "time_in_force": TimeInForce.GTD},
    ],
)
def test_intent_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(IntentInvalid):
        msgspec.structs.replace(INTENT, **change)


def test_intents_of_a_book_are_expressible() -> None:
    resting = msgspec.structs.replace(
        INTENT,
        type=IntentType.LIMIT,
        quote_id=None,
        time_in_force=TimeInForce.GTD,
        expires_at=NOW + timedelta(days=1),
        limit_price=Price(Decimal("59999.99")),
    )
    market = msgspec.structs.replace(
        resting, type=IntentType.MARKET, limit_price=None, time_in_force=TimeInForce.IOC
    )
    assert resting.type is IntentType.LIMIT
    assert market.limit_price is None
