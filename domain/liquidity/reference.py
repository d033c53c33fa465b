"""What others say a price is, apart from the LP whose quote is judged."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from ..shared.errors import RuleViolation
from ..shared.price import PRICE_DECIMALS_MAX, PRICE_LIMIT

SHEET_SOURCE: Final = "rate_sheet"
SHEET_VENDOR: Final = "operators"
SHEET_AGE_MAX: Final = timedelta(days=7)

# A Price has at most that many decimals, so every price is a whole number at this scale.
REFERENCE_SCALE: Final = PRICE_DECIMALS_MAX
REFERENCE_ONE: Final[int] = 10**PRICE_DECIMALS_MAX


class RateSheetInvalid(RuleViolation):
    code = "rate_sheet_invalid"


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """Quote asset per whole base unit, as read: whether it makes sense is the guard's to say.

    Sources of one `vendor` are one opinion. `observed_at` is our clock when the answer had come,
    `source_time` the vendor's own where it tells one. A rate sheet brings its own `age_max`. What
    is scaled follows from bid and ask, as whole numbers at `REFERENCE_SCALE`; zero for no price.
    """

    source: str
    vendor: str
    bid: Decimal
    ask: Decimal
    observed_at: datetime
    source_time: datetime | None = None
    age_max: timedelta | None = None
    scaled_bid: int = 0
    scaled_ask: int = 0

    def __post_init__(self) -> None:
        # Once for each sample, and not for each quote that is judged by it.
        if is_price(self.bid) and is_price(self.ask):
            msgspec.structs.force_setattr(self, "scaled_bid", scaled(self.bid))
            msgspec.structs.force_setattr(self, "scaled_ask", scaled(self.ask))

    @property
    def is_sheet(self) -> bool:
        return self.vendor == SHEET_VENDOR


class RateSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A price that operators vouch for, for `age_max` from its approval.

    Raises `RateSheetInvalid`.
    """

    bid: Decimal
    ask: Decimal
    age_max: timedelta

    def __post_init__(self) -> None:
        rules = (
            (is_price(self.bid) and is_price(self.ask), "bid and ask must be positive prices"),
            (
                timedelta(seconds=1) <= self.age_max <= SHEET_AGE_MAX,
                f"the age must lie between 1 and {SHEET_AGE_MAX // timedelta(seconds=1)} seconds",
            ),
        )
        for satisfied, detail in rules:
            if not satisfied:
                raise RateSheetInvalid(detail)
        if self.bid > self.ask:
            raise RateSheetInvalid("bid is above ask")

    def reference(self, approved_at: datetime) -> Reference:
        return Reference(
            source=SHEET_SOURCE,
            vendor=SHEET_VENDOR,
            bid=self.bid,
            ask=self.ask,
            observed_at=approved_at,
            age_max=self.age_max,
        )


def is_price(value: Decimal) -> bool:
    """Whether it is one that arithmetic at `REFERENCE_SCALE` is exact for."""
    if not (value.is_finite() and 0 < value < PRICE_LIMIT):
        return False
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -REFERENCE_SCALE


def scaled(value: Decimal) -> int:
    """A price as a whole number at `REFERENCE_SCALE`; exact for everything `is_price` lets by."""
    numerator, denominator = value.as_integer_ratio()
    return numerator * REFERENCE_ONE // denominator
