"""The amounts of one fill, each in units of its own asset, and how they add up."""

import msgspec

from ...shared.errors import RuleViolation
from ...shared.money import UNITS_LIMIT, AssetCode
from ...shared.side import Side
from ..chart import LP_ACCOUNTS, AccountCode


class TradeAmountsInvalid(RuleViolation):
    code = "trade_amounts_invalid"


class TradeAmounts(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed. The customer's leg is booked exactly so, whatever the LP then reports.

    `base_units` and `quote_units` are all the customer gets and pays, or pays and gets. The parts
    of the quote amount are those of the quote's breakdown, none negative:

    buy:  quote = lp + platform_spread + rounding + tenant_spread + fee
    sell: quote = lp - platform_spread - rounding - tenant_spread - fee

    `lp_units` is what the customer's base amount is worth at the LP's ratio. `lp_base_units` and
    `lp_quote_units` are the LP's own legs as it quoted them, which may be on a coarser grid.
    Raises `TradeAmountsInvalid`.
    """

    side: Side
    base: AssetCode
    quote: AssetCode
    base_units: int
    quote_units: int
    lp_units: int
    platform_spread_units: int
    rounding_units: int
    tenant_spread_units: int
    fee_units: int
    lp_base_units: int
    lp_quote_units: int

    def __post_init__(self) -> None:
        if self.base == self.quote:
            raise TradeAmountsInvalid("an asset cannot be traded for itself")
        for units in (self.base_units, self.quote_units, self.lp_base_units, self.lp_quote_units):
            if not 0 < units < UNITS_LIMIT:
                raise TradeAmountsInvalid("what changes hands is positive and within range")
        house_parts = (self.lp_units, self.platform_spread_units, self.rounding_units)
        if min(*house_parts, self.tenant_spread_units, self.fee_units) < 0:
            raise TradeAmountsInvalid("no part of the quote amount is negative")
        tenant_parts = self.tenant_spread_units + self.fee_units
        if self.quote_units != self.house_quote_units + self._sign * tenant_parts:
            raise TradeAmountsInvalid("the parts do not add up to the quote amount")

    @property
    def house_quote_units(self) -> int:
        """What tenant and house owe each other in the quote asset."""
        house_share = self.platform_spread_units + self.rounding_units
        return self.lp_units + self._sign * house_share

    @property
    def residue_base_units(self) -> int:
        """Base units the LP's legs leave with the house beyond the customer's."""
        return self._sign * (self.lp_base_units - self.base_units)

    @property
    def residue_quote_units(self) -> int:
        """Quote units the house is left with: rounding, less what the base residue cost it."""
        return self.rounding_units - self._sign * (self.lp_quote_units - self.lp_units)

    @property
    def _sign(self) -> int:
        # A buyer pays the shares on top, a seller receives what is left after them.
        return 1 if self.side is Side.BUY else -1


class ReportedFill(msgspec.Struct, frozen=True, kw_only=True):
    """What the LP says it did, in the scale of the ledger. Raises `TradeAmountsInvalid`.

    `lp_account` is where that stands: with an LP that holds money for us in `lp_inventory`, with
    one that settles after the trade in `lp_settlement`.
    """

    lp: str
    base_units: int
    quote_units: int
    lp_account: AccountCode = AccountCode.LP_INVENTORY

    def __post_init__(self) -> None:
        if self.lp_account not in LP_ACCOUNTS:
            raise TradeAmountsInvalid("a trade with an LP stands in one of its accounts")
        if not (0 < self.base_units < UNITS_LIMIT and 0 < self.quote_units < UNITS_LIMIT):
            raise TradeAmountsInvalid("a fill moves both assets, within range", lp=self.lp)
