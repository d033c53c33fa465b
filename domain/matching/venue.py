"""What every venue understands and answers, whether one LP, an external book or our own.

An accepted quote is the special case: fill or kill at the quoted amounts. What consumes executions
never learns where they came from.
"""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from ..shared.errors import RuleViolation
from ..shared.ids import CustomerId, OrderId, QuoteId, TenantId
from ..shared.price import Price
from ..shared.side import Side


class IntentInvalid(RuleViolation):
    code = "intent_invalid"


class IntentType(StrEnum):
    LIMIT = "limit"
    MARKET = "market"
    RFQ_ACCEPT = "rfq_accept"


class TimeInForce(StrEnum):
    """Good till cancelled, immediate or cancel, fill or kill, good till date, post only."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"
    POST_ONLY = "post_only"


class SelfTradeMode(StrEnum):
    """The taker's setting counts: a maker's is not asked again once it rests."""

    CANCEL_TAKER = "cancel_taker"
    CANCEL_MAKER = "cancel_maker"
    CANCEL_BOTH = "cancel_both"


class Liquidity(StrEnum):
    MAKER = "maker"
    TAKER = "taker"
    LP = "lp"


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True):
    """`quote_units` bounds the whole intent: a buyer pays no more, a seller receives no less.

    All amounts here are before fees, which are the exchange's and not the venue's. `stp_group` is
    one beneficial owner's orders, which never trade with each other; None means the customer alone.
    Raises `IntentInvalid`.
    """

    order_id: OrderId
    tenant_id: TenantId
    customer_id: CustomerId
    instrument: str
    side: Side
    type: IntentType
    base_units: int
    quote_units: int
    limit_price: Price | None
    time_in_force: TimeInForce
    client_order_id: str | None = None
    quote_id: QuoteId | None = None
    stp_group: str | None = None
    stp_mode: SelfTradeMode = SelfTradeMode.CANCEL_TAKER
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        of_quote = self.type is IntentType.RFQ_ACCEPT
        now_or_never = (TimeInForce.IOC, TimeInForce.FOK)
        rules = (
            (self.base_units > 0 and self.quote_units >= 0, "amounts must be positive"),
            (of_quote == (self.quote_id is not None), "a quote, and only it, names its quote"),
            (not of_quote or self.time_in_force is TimeInForce.FOK, "a quote fills or is killed"),
            (
                (self.type is IntentType.MARKET) == (self.limit_price is None),
                "every intent but a market order has a price",
            ),
            (
                self.type is not IntentType.MARKET or self.time_in_force in now_or_never,
                "a market order cannot rest",
            ),
            (
                self.time_in_force is not TimeInForce.GTD or self.expires_at is not None,
                "good till date needs the date",
            ),
        )
        for satisfied, detail in rules:
            if not satisfied:
                raise IntentInvalid(detail)


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag="accepted"):
    """The venue has it. `resting` is False while it is still being decided."""

    order_id: OrderId
    resting: bool


class Denied(msgspec.Struct, frozen=True, kw_only=True, tag="denied"):
    """Refused on our side, before any counterparty saw it."""

    order_id: OrderId
    reason: str


class Rejected(msgspec.Struct, frozen=True, kw_only=True, tag="rejected"):
    """Refused by the venue, definitively."""

    order_id: OrderId
    reason: str


class Executed(msgspec.Struct, frozen=True, kw_only=True, tag="executed"):
    """`leaves_base_units` is what stays open; zero means that the order is filled."""

    order_id: OrderId
    execution_ref: str
    liquidity: Liquidity
    price: Price
    base_units: int
    quote_units: int
    leaves_base_units: int
    executed_at: datetime


class Canceled(msgspec.Struct, frozen=True, kw_only=True, tag="canceled"):
    order_id: OrderId
    reason: str


class Expired(msgspec.Struct, frozen=True, kw_only=True, tag="expired"):
    order_id: OrderId


class ReplaceAccepted(msgspec.Struct, frozen=True, kw_only=True, tag="replace_accepted"):
    order_id: OrderId
    base_units: int
    limit_price: Price


class ReplaceRejected(msgspec.Struct, frozen=True, kw_only=True, tag="replace_rejected"):
    order_id: OrderId
    reason: str


class OutcomeUnknown(msgspec.Struct, frozen=True, kw_only=True, tag="outcome_unknown"):
    """A venue across a network may have it or not. A venue in process never says this."""

    order_id: OrderId
    cause: str


VenueEvent = (
    Accepted
    | Denied
    | Rejected
    | Executed
    | Canceled
    | Expired
    | ReplaceAccepted
    | ReplaceRejected
    | OutcomeUnknown
)


class ExecutionVenue(Protocol):
    @abstractmethod
    def submit(self, intent: OrderIntent) -> Sequence[VenueEvent]:
        """Everything that follows at once, for this order and any it met, in order."""
        ...
