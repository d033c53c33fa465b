from datetime import datetime
from enum import StrEnum

import msgspec

from ..assets.instrument import split_symbol
from ..liquidity.price_guard import GuardEvidence
from ..liquidity.quote import LpName
from ..shared.errors import invariant
from ..shared.ids import CustomerId, OrderId, QuoteId
from ..shared.money import Amount, AssetCode
from ..shared.price import Price
from ..shared.side import FixedSide, Side


class QuoteStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    EXPIRED = "expired"


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """Where every unit of the quote amount goes, in units of the quote asset, none negative.

    `lp_units` is what `base_units` cost or bring at the LP's own ratio; `rounding_units` is what
    ticks, lots and whole units leave over. `lp_price` is for reading: it is rounded. `evidence` is
    what the price was confirmed by, for operators.
    """

    lp_price: Price
    lp_units: int
    platform_spread_units: int
    tenant_spread_units: int
    rounding_units: int
    fee_units: int
    platform_spread_ppm: int
    tenant_spread_ppm: int
    fee_ppm: int
    evidence: GuardEvidence | None = None

    def __post_init__(self) -> None:
        parts = (
            self.lp_units,
            self.platform_spread_units,
            self.tenant_spread_units,
            self.rounding_units,
            self.fee_units,
        )
        invariant(min(parts) >= 0, "a part of a quote is negative")

    @property
    def margin_units(self) -> int:
        """All that separates the customer's amount from the LP's."""
        return (
            self.platform_spread_units
            + self.tenant_spread_units
            + self.rounding_units
            + self.fee_units
        )

    def total(self, side: Side) -> int:
        """What a buyer pays, or a seller receives, in all."""
        margin_units = self.margin_units
        return self.lp_units + (margin_units if side is Side.BUY else -margin_units)


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """On a buy `quote_units` is all the customer pays, on a sell all they receive.

    `price` is before the fee. The LP's legs may be on a coarser grid than the customer's: the house
    keeps the difference in base asset as inventory, and it is never negative.
    """

    id: QuoteId
    customer_id: CustomerId
    instrument: str
    side: Side
    fixed: FixedSide
    base_units: int
    quote_units: int
    price: Price
    fee_units: int
    breakdown: Breakdown
    lp: LpName
    lp_quote_id: str
    lp_base_units: int
    lp_quote_units: int
    lp_expires_at: datetime
    expires_at: datetime
    status: QuoteStatus
    order_id: OrderId | None
    created_at: datetime
    updated_at: datetime
    version: int

    def __post_init__(self) -> None:
        invariant(self.base_units > 0 and self.quote_units > 0, "a quote needs positive amounts")
        invariant(self.breakdown.total(self.side) == self.quote_units, "breakdown does not add up")
        invariant(self.breakdown.fee_units == self.fee_units, "two fees on one quote")
        invariant(self.inventory_base_units >= 0, "the LP leg does not cover the customer's")
        accepted = self.status is QuoteStatus.ACCEPTED
        invariant(accepted == (self.order_id is not None), "accepted means that an order exists")

    @property
    def base_asset(self) -> AssetCode:
        return split_symbol(self.instrument)[0]

    @property
    def quote_asset(self) -> AssetCode:
        return split_symbol(self.instrument)[1]

    @property
    def pay_asset(self) -> AssetCode:
        return self.quote_asset if self.side is Side.BUY else self.base_asset

    @property
    def receive_asset(self) -> AssetCode:
        return self.base_asset if self.side is Side.BUY else self.quote_asset

    @property
    def pay(self) -> Amount:
        """What is held when the customer accepts: all they pay, the fee included."""
        units = self.quote_units if self.side is Side.BUY else self.base_units
        return Amount(units, self.pay_asset)

    @property
    def receive(self) -> Amount:
        units = self.base_units if self.side is Side.BUY else self.quote_units
        return Amount(units, self.receive_asset)

    @property
    def inventory_base_units(self) -> int:
        """Base units the house is left with once both legs have settled as quoted."""
        difference = self.lp_base_units - self.base_units
        return difference if self.side is Side.BUY else -difference
