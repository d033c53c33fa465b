from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.orders.events import (
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
from domain.orders.fill import Fill, FillSource
from domain.orders.lifecycle import (
    TRANSITIONS,
    FillMismatch,
    OrderTransitionInvalid,
    apply,
    order_from_quote,
    rfq_fill,
)
from domain.orders.order import FINAL_STATUSES, Order, OrderStatus, OutcomeFlag
from domain.quotes.lifecycle import accept
from domain.shared.errors import InvariantViolation
from domain.shared.ids import FillId, OrderId
from domain.shared.money import AssetCode
from domain.shared.price import Price
from domain.shared.side import Side
from tests.unit.domain.builders import (
    NOW,
    ORDER_ID,
    limit_order,
    open_quote,
    rfq_order,
    whole_fill,
)

LATER: Final = NOW + timedelta(seconds=1)

SUBMITTED: Final = Submitted(order_id=ORDER_ID, at=LATER)
OPENED: Final = Opened(order_id=ORDER_ID, at=LATER)
LP_PENDING: Final = LpPending(order_id=ORDER_ID, at=LATER)
UNKNOWN: Final = OutcomeBecameUnknown(order_id=ORDER_ID, at=LATER, cause="timeout")
REJECTED: Final = Rejected(order_id=ORDER_ID, at=LATER, reason="lp_rejected")
CANCELED: Final = Canceled(order_id=ORDER_ID, at=LATER, reason="requested")
EXPIRED: Final = Expired(order_id=ORDER_ID, at=LATER)


def book_fill(
    number: int, base_units: int, *, price: str = "2", quote_units: int | None = None
) -> Fill:
    return Fill(
        id=FillId(UUID(int=number)),
        order_id=ORDER_ID,
        price=Price(Decimal(price)),
        base_units=base_units,
        quote_units=2 * base_units if quote_units is None else quote_units,
        fee_units=0,
        fee_asset=AssetCode("USDT"),
        source=FillSource.BOOK,
        source_ref=f"trade-{number}",
        executed_at=NOW,
        recorded_at=NOW,
    )


def filled_by(fill: Fill) -> FillRecorded:
    return FillRecorded(order_id=ORDER_ID, at=LATER, fill=fill)


def after(order: Order, *events: OrderEvent) -> Order:
    for event in events:
        order = apply(order, event)
    return order


PENDING: Final = limit_order()
PARTIAL: Final = filled_by(book_fill(1, 40))
REST: Final = filled_by(book_fill(2, 60))
WHOLE: Final = filled_by(book_fill(3, 100))

ORDERS: Final = {
    OrderStatus.PENDING: PENDING,
    OrderStatus.OPEN: after(PENDING, OPENED),
    OrderStatus.PARTIALLY_FILLED: after(PENDING, OPENED, PARTIAL),
    OrderStatus.FILLED: after(PENDING, OPENED, WHOLE),
    OrderStatus.REJECTED: after(PENDING, REJECTED),
    OrderStatus.CANCELED: after(PENDING, OPENED, CANCELED),
    OrderStatus.EXPIRED: after(PENDING, OPENED, EXPIRED),
}
EVENTS: Final[list[OrderEvent]] = [
    SUBMITTED,
    OPENED,
    LP_PENDING,
    UNKNOWN,
    REST,
    REJECTED,
    CANCELED,
    EXPIRED,
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("status", list(OrderStatus))
def test_every_status_answers_every_event_as_the_table_says(
    status: OrderStatus, event: OrderEvent
) -> None:
    order = ORDERS[status]
    targets = TRANSITIONS.get((status, type(event)))
    if targets is None:
        with pytest.raises(OrderTransitionInvalid):
            apply(order, event)
        return
    moved = apply(order, event)
    assert moved.status in targets
    assert (moved.version, moved.updated_at) == (order.version + 1, LATER)


def test_final_statuses_have_no_row() -> None:
    assert not [status for status, _ in TRANSITIONS if status in FINAL_STATUSES]
    assert {order.is_final for order in ORDERS.values()} == {True, False}
    assert all(ORDERS[status].is_final == (status in FINAL_STATUSES) for status in OrderStatus)


def test_accepted_quote_becomes_a_pending_order_of_its_amounts() -> None:
    quote = accept(open_quote(), order_id=ORDER_ID, at=NOW)
    order = order_from_quote(quote, order_id=ORDER_ID, client_order_id="c-9", at=LATER)
    assert (order.base_units, order.quote_units, order.fee_units, order.price) == (
        quote.base_units,
        quote.quote_units,
        quote.fee_units,
        quote.price,
    )
    assert (order.status, order.outcome, order.quote_id, order.client_order_id, order.version) == (
        OrderStatus.PENDING,
        None,
        quote.id,
        "c-9",
        1,
    )


def test_order_of_a_quote_that_is_not_its_own_is_a_bug() -> None:
    accepted = accept(open_quote(), order_id=ORDER_ID, at=NOW)
    for quote, order_id in ((open_quote(), ORDER_ID), (accepted, OrderId(UUID(int=9)))):
        with pytest.raises(InvariantViolation):
            order_from_quote(quote, order_id=order_id, client_order_id=None, at=NOW)


@pytest.mark.parametrize("side", list(Side))
def test_rfq_order_fills_exactly_as_quoted(side: Side) -> None:
    order = rfq_order(side)
    filled = after(order, SUBMITTED, filled_by(whole_fill(order)))
    assert filled.status is OrderStatus.FILLED
    assert filled.filled_base_units == order.base_units
    assert filled.filled_quote_units == order.quote_units
    assert (filled.fills[0].fee_units, filled.fills[0].fee_asset) == (order.fee_units, "USDT")


@pytest.mark.parametrize(
    "change",
    [
        {"base_units": 1},
        {"quote_units": 1},
        {"fee_units": 0},
        {"price": Price(Decimal(1))},
        {"order_id": OrderId(UUID(int=9))},
    ],
)
def test_rfq_fill_other_than_quoted_is_refused(change: dict[str, object]) -> None:
    order = rfq_order()
    fill = msgspec.structs.replace(whole_fill(order), **change)
    with pytest.raises(FillMismatch):
        apply(order, filled_by(fill))


@pytest.mark.parametrize("event", [OPENED, CANCELED, EXPIRED])
def test_rfq_order_neither_rests_nor_is_called_off(event: OrderEvent) -> None:
    with pytest.raises(OrderTransitionInvalid):
        apply(rfq_order(), event)


def test_unknown_outcome_is_flagged_and_lifted_by_evidence_only() -> None:
    order = rfq_order()
    unknown = after(order, SUBMITTED, UNKNOWN)
    assert (unknown.status, unknown.outcome) == (OrderStatus.PENDING, OutcomeFlag.UNKNOWN)
    assert after(unknown, UNKNOWN).outcome is OutcomeFlag.UNKNOWN
    for evidence in (LP_PENDING, filled_by(whole_fill(order)), REJECTED):
        assert apply(unknown, evidence).outcome is None


def test_order_with_unknown_outcome_is_not_handed_over_again() -> None:
    unknown = after(rfq_order(), SUBMITTED, UNKNOWN)
    with pytest.raises(OrderTransitionInvalid):
        apply(unknown, SUBMITTED)


def test_rejected_order_keeps_its_reason() -> None:
    assert apply(rfq_order(), REJECTED).reject_reason == "lp_rejected"


def test_event_of_another_order_is_a_bug() -> None:
    with pytest.raises(InvariantViolation):
        apply(rfq_order(), Submitted(order_id=OrderId(UUID(int=9)), at=LATER))


def test_only_an_rfq_order_fills_as_quoted() -> None:
    with pytest.raises(InvariantViolation):
        rfq_fill(
            PENDING, fill_id=FillId(UUID(int=1)), source_ref="x", executed_at=NOW, recorded_at=NOW
        )


def test_execution_counts_once() -> None:
    order = ORDERS[OrderStatus.PARTIALLY_FILLED]
    same_source = msgspec.structs.replace(book_fill(9, 10), source_ref="trade-1")
    for fill in (book_fill(1, 10), same_source):
        with pytest.raises(FillMismatch):
            apply(order, filled_by(fill))


@pytest.mark.parametrize(
    ("side", "fill"),
    [
        (Side.BUY, book_fill(1, 101)),
        (Side.BUY, book_fill(1, 50, price="2.01")),
        (Side.BUY, book_fill(1, 100, quote_units=201)),
        (Side.SELL, book_fill(1, 50, price="1.99")),
        (Side.SELL, book_fill(1, 100, quote_units=199)),
    ],
)
def test_fill_beyond_the_order_or_worse_than_its_limit_is_refused(side: Side, fill: Fill) -> None:
    with pytest.raises(FillMismatch):
        apply(after(limit_order(side), OPENED), filled_by(fill))


@given(parts=st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_fills_add_up_and_the_last_one_completes(parts: list[int]) -> None:
    total = sum(parts)
    order = after(limit_order(base_units=total, quote_units=2 * total), OPENED)
    for number, part in enumerate(parts, start=1):
        assert not order.is_final
        order = apply(order, filled_by(book_fill(number, part)))
        assert order.filled_base_units == sum(parts[:number])
    assert (order.status, order.version) == (OrderStatus.FILLED, 2 + len(parts))


def test_time_of_an_order_never_runs_backwards() -> None:
    order = after(PENDING, OPENED)
    early = Canceled(order_id=ORDER_ID, at=NOW - timedelta(days=1), reason="requested")
    assert apply(order, early).updated_at == order.updated_at


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": OutcomeFlag.UNKNOWN},
        {"reject_reason": "x"},
        {"status": OrderStatus.PARTIALLY_FILLED},
        {"status": OrderStatus.FILLED},
        {"price": None},
        {"fills": (book_fill(1, 101),)},
    ],
)
def test_order_that_contradicts_itself_cannot_exist(change: dict[str, object]) -> None:
    with pytest.raises(InvariantViolation):
        msgspec.structs.replace(ORDERS[OrderStatus.OPEN], **change)


@pytest.mark.parametrize("change", [{"base_units": 0}, {"quote_units": 0}, {"fee_units": -1}])
def test_fill_of_nothing_cannot_exist(change: dict[str, object]) -> None:
    with pytest.raises(InvariantViolation):
        msgspec.structs.replace(book_fill(1, 1), **change)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_stored_event_reads_back(event: OrderEvent) -> None:
    assert msgspec.json.decode(msgspec.json.encode(event), type=OrderEvent) == event
