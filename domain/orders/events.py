"""What can happen to an order, in the past tense.

A tag is a promise: fields are only ever added, with defaults; anything else is a `.v2`. `at` is our
own time; what a venue says about time is in the fill.
"""

from datetime import datetime

import msgspec

from ..shared.ids import OrderId
from .fill import Fill


class Submitted(msgspec.Struct, frozen=True, kw_only=True, tag="order.submitted.v1"):
    """Handed to its venue. Written before the first byte leaves."""

    order_id: OrderId
    at: datetime


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="order.opened.v1"):
    """Rests on a book."""

    order_id: OrderId
    at: datetime


class LpPending(msgspec.Struct, frozen=True, kw_only=True, tag="order.lp_pending.v1"):
    """The LP acknowledged it and has not decided."""

    order_id: OrderId
    at: datetime
    lp_execution_id: str | None = None


class OutcomeBecameUnknown(
    msgspec.Struct, frozen=True, kw_only=True, tag="order.outcome_became_unknown.v1"
):
    order_id: OrderId
    at: datetime
    cause: str


class FillRecorded(msgspec.Struct, frozen=True, kw_only=True, tag="order.fill_recorded.v1"):
    order_id: OrderId
    at: datetime
    fill: Fill


class Rejected(msgspec.Struct, frozen=True, kw_only=True, tag="order.rejected.v1"):
    """Definitively not executed. `reason` is a code that is stable for the customer."""

    order_id: OrderId
    at: datetime
    reason: str


class Canceled(msgspec.Struct, frozen=True, kw_only=True, tag="order.canceled.v1"):
    """The venue confirmed it; a wish to cancel is no event of the order."""

    order_id: OrderId
    at: datetime
    reason: str


class Expired(msgspec.Struct, frozen=True, kw_only=True, tag="order.expired.v1"):
    """The venue took it off at its time."""

    order_id: OrderId
    at: datetime


OrderEvent = (
    Submitted
    | Opened
    | LpPending
    | OutcomeBecameUnknown
    | FillRecorded
    | Rejected
    | Canceled
    | Expired
)
