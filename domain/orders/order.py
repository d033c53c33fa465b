from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from ..shared.errors import invariant
from ..shared.ids import CustomerId, OrderId, QuoteId
from ..shared.price import Price
from ..shared.side import Side
from .fill import Fill


class OrderType(StrEnum):
    RFQ = "rfq"
    LIMIT = "limit"
    MARKET = "market"


class OrderStatus(StrEnum):
    PENDING = "pending"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELED = "canceled"
    EXPIRED = "expired"


FINAL_STATUSES: Final = frozenset(
    {OrderStatus.FILLED, OrderStatus.REJECTED, OrderStatus.CANCELED, OrderStatus.EXPIRED}
)


class OutcomeFlag(StrEnum):
    """Set while nobody knows whether the venue traded. The funds stay held."""

    UNKNOWN = "unknown"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """On an `rfq` order the amounts are the quote's, to the unit.

    On the others they are bounds: a buyer pays no more than `quote_units` in all, a seller receives
    no less for the whole. A market order has no price.
    """

    id: OrderId
    type: OrderType
    status: OrderStatus
    outcome: OutcomeFlag | None
    quote_id: QuoteId | None
    client_order_id: str | None
    customer_id: CustomerId
    instrument: str
    side: Side
    base_units: int
    quote_units: int
    price: Price | None
    fee_units: int
    reject_reason: str | None
    fills: tuple[Fill, ...]
    created_at: datetime
    updated_at: datetime
    version: int

    def __post_init__(self) -> None:
        invariant(
            (self.price is None) == (self.type is OrderType.MARKET),
            "a market order, and no other, has no price",
        )
        invariant(
            self.outcome is None or self.status is OrderStatus.PENDING,
            "only a pending order can have an unknown outcome",
        )
        invariant(
            (self.reject_reason is not None) == (self.status is OrderStatus.REJECTED),
            "a rejected order, and no other, has a reason",
        )
        filled = self.filled_base_units
        invariant(filled <= self.base_units, "filled beyond the order")
        invariant(
            (filled == self.base_units) == (self.status is OrderStatus.FILLED),
            "a filled order, and no other, is filled to the unit",
        )
        invariant(
            self.status is not OrderStatus.PARTIALLY_FILLED or filled > 0,
            "a partially filled order has a fill",
        )

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_STATUSES

    @property
    def filled_base_units(self) -> int:
        return sum(fill.base_units for fill in self.fills)

    @property
    def filled_quote_units(self) -> int:
        """Paid or received so far, fees included."""
        return sum(fill.quote_units for fill in self.fills)
