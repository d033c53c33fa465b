"""Asking an LP for a firm price. Amounts are units at our scale, sides are the customer's."""

from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from ..assets.instrument import Instrument
from ..shared.errors import RuleViolation
from ..shared.money import check_limit
from ..shared.side import FixedSide, Side

LpName = NewType("LpName", str)


class LpQuoteInvalid(RuleViolation):
    code = "lp_quote_invalid"


class LpQuoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`units` is of the asset that `fixed` names. `scenario` names a sandbox fault, never live."""

    instrument: Instrument
    side: Side
    fixed: FixedSide
    units: int
    scenario: str | None = None


class LpQuote(msgspec.Struct, frozen=True, kw_only=True):
    """Both amounts as the LP stated them. Raises `LpQuoteInvalid` unless both are positive.

    On a buy we receive `base_units` and pay `quote_units`; on a sell the other way round. `rate` is
    the LP's own text, kept as evidence: LPs round amounts and rate apart, so never recompute.
    """

    lp: LpName
    lp_quote_id: str
    side: Side
    base_units: int
    quote_units: int
    rate: str
    received_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        if self.base_units <= 0 or self.quote_units <= 0:
            raise LpQuoteInvalid("an LP quote needs two positive amounts", lp=self.lp)
        check_limit(self.base_units)
        check_limit(self.quote_units)


class QuoteRefusal(StrEnum):
    """`moved`: the price changed between the two questions that an inverted quote takes."""

    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    INSUFFICIENT_LP_BALANCE = "insufficient_lp_balance"
    BELOW_MINIMUM = "below_minimum"
    ABOVE_MAXIMUM = "above_maximum"
    UNSUPPORTED = "unsupported"
    MOVED = "moved"
    INVALID_RESPONSE = "invalid_response"
    OFF_MARKET = "off_market"
    UNREFERENCED = "unreferenced"


class LpQuoteRefused(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing was agreed. `detail` is for operators and never reaches a customer."""

    lp: LpName
    reason: QuoteRefusal
    detail: str
