"""What is told of an order, and what is not."""

import msgspec
import pytest
from msgspec.structs import replace

from domain.assets.catalog import Catalog
from domain.orders.announcements import order_changed, order_reserved
from domain.orders.events import (
    FillRecorded,
    LpPending,
    OrderEvent,
    OutcomeBecameUnknown,
    Rejected,
)
from domain.orders.lifecycle import apply
from domain.orders.order import Order
from domain.shared.errors import InvariantViolation
from domain.shared.events import Announcement
from domain.shared.ids import EventId, IdPrefix, encode_id
from domain.shared.side import Side
from tests.unit.domain.builders import (
    BTC,
    CUSTOMER_ID,
    NOW,
    ORDER_ID,
    QUOTE_ID,
    TENANT_ID,
    USDT,
    limit_order,
    rfq_order,
    whole_fill,
)

CATALOG = Catalog(assets={each.code: each for each in (BTC, USDT)}, instruments={})
EVENT_ID = EventId(TENANT_ID)
LP_PENDING = LpPending(order_id=ORDER_ID, at=NOW)
UNKNOWN = OutcomeBecameUnknown(order_id=ORDER_ID, at=NOW, cause="timeout")
REJECTED = Rejected(order_id=ORDER_ID, at=NOW, reason="price_moved")


def filled(order: Order) -> FillRecorded:
    return FillRecorded(order_id=ORDER_ID, at=NOW, fill=whole_fill(order))


def told(before: Order, event: OrderEvent) -> tuple[Announcement | None, Order]:
    after = apply(before, event)
    return order_changed(EVENT_ID, before, after, CATALOG), after


ORDER = rfq_order()


@pytest.mark.parametrize(
    ("events", "types"),
    [
        ([filled(ORDER)], ["order.filled.v1"]),
        ([REJECTED], ["order.rejected.v1"]),
        ([LP_PENDING], [None]),
        ([UNKNOWN], ["order.pending.v1"]),
        ([UNKNOWN, UNKNOWN, UNKNOWN], ["order.pending.v1", None, None]),
        ([UNKNOWN, LP_PENDING], ["order.pending.v1", "order.pending.v1"]),
        ([LP_PENDING, UNKNOWN, REJECTED], [None, "order.pending.v1", "order.rejected.v1"]),
        ([UNKNOWN, filled(ORDER)], ["order.pending.v1", "order.filled.v1"]),
    ],
)
def test_news_is_told_and_what_is_none_is_not(
    events: list[OrderEvent], types: list[str | None]
) -> None:
    order = ORDER
    for event, expected in zip(events, types, strict=True):
        announcement, order = told(order, event)
        assert (None if announcement is None else announcement.type) == expected
        if announcement is not None:
            assert announcement.resource_id == ORDER_ID
            assert announcement.resource_version == order.version
            assert announcement.customer_ids == (CUSTOMER_ID,)
            assert announcement.occurred_at == order.updated_at
            assert announcement.id == EVENT_ID


@pytest.mark.parametrize("side", Side)
def test_filled_order_is_told_whole_in_decimal_text(side: Side) -> None:
    order = rfq_order(side)
    announcement, after = told(order, filled(order))
    assert announcement is not None
    data = msgspec.json.decode(announcement.data)
    assert data["id"] == encode_id(IdPrefix.ORDER, ORDER_ID)
    assert data["customer_id"] == encode_id(IdPrefix.CUSTOMER, CUSTOMER_ID)
    assert (data["side"], data["base_amount"]) == (side.value, "0.50000000")
    (fill,) = data["fills"]
    shared = ("base_amount", "quote_amount", "fee")
    assert {name: fill[name] for name in shared} == {name: data[name] for name in shared}
    assert fill["fee"]["asset"] == "USDT"
    assert len(after.fills) == 1


def test_rejected_order_is_told_with_its_reason() -> None:
    announcement, _ = told(ORDER, REJECTED)
    assert announcement is not None
    assert msgspec.json.decode(announcement.data) == {
        "id": encode_id(IdPrefix.ORDER, ORDER_ID),
        "quote_id": encode_id(IdPrefix.QUOTE, QUOTE_ID),
        "client_order_id": "c-1",
        "customer_id": encode_id(IdPrefix.CUSTOMER, CUSTOMER_ID),
        "reject_reason": "price_moved",
    }


def test_reserved_order_is_told_before_anybody_knows_whose_it_is() -> None:
    announcement = order_reserved(
        EVENT_ID, order_id=ORDER_ID, quote_id=QUOTE_ID, client_order_id=None, at=NOW
    )
    assert (announcement.type, announcement.resource_version) == ("order.pending.v1", 1)
    assert announcement.customer_ids == ()
    assert msgspec.json.decode(announcement.data)["outcome"] is None


def test_what_is_no_change_is_a_bug() -> None:
    for before, after in (
        (ORDER, ORDER),
        (replace(ORDER, version=3), replace(ORDER, version=2)),
        (ORDER, replace(ORDER, id=QUOTE_ID, version=2)),
    ):
        with pytest.raises(InvariantViolation):
            order_changed(EVENT_ID, before, after, CATALOG)


def test_status_that_no_order_has_yet_has_no_words_yet() -> None:
    before = limit_order()
    with pytest.raises(InvariantViolation):
        order_changed(EVENT_ID, before, replace(before, status="open", version=2), CATALOG)
