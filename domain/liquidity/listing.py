"""Which LP trades which instrument, as far as that is known before anybody is asked."""

from collections.abc import Mapping

import msgspec

from ..shared.errors import RuleViolation
from ..shared.side import FixedSide
from .quote import LpName, LpQuoteRequest
from .routing import LeftOut


class ListingInvalid(RuleViolation):
    code = "listing_invalid"


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument at one LP. Limits are inclusive, of the LP's own leg, and None where unknown.

    `base_step` and `quote_step` are the smallest steps of the LP's amounts, in our units.
    Raises `ListingInvalid`.
    """

    min_base_units: int | None = None
    max_base_units: int | None = None
    min_quote_units: int | None = None
    max_quote_units: int | None = None
    base_step: int = 1
    quote_step: int = 1

    def __post_init__(self) -> None:
        for low, high in (
            (self.min_base_units, self.max_base_units),
            (self.min_quote_units, self.max_quote_units),
        ):
            if low is not None and high is not None and low > high:
                raise ListingInvalid("the limits are crossed", min_units=low, max_units=high)
        if self.base_step < 1 or self.quote_step < 1:
            raise ListingInvalid("a step is at least one unit")

    def step(self, fixed: FixedSide) -> int:
        return self.base_step if fixed is FixedSide.BASE else self.quote_step


ANYTHING = Listing()


class Listings:
    """By LP and then by symbol. An LP that is not named may list anything."""

    def __init__(self, listed: Mapping[LpName, Mapping[str, Listing]]) -> None:
        self._listed = listed

    def find(self, lp: LpName, symbol: str) -> Listing | None:
        """None when the LP is known not to trade it."""
        known = self._listed.get(lp)
        return ANYTHING if known is None else known.get(symbol)


def beyond(listing: Listing | None, request: LpQuoteRequest) -> LeftOut | None:
    """Why it is no use to ask: judged by the amount that is known, which is the fixed one."""
    if listing is None:
        return LeftOut.NOT_LISTED
    if request.fixed is FixedSide.BASE:
        low, high = listing.min_base_units, listing.max_base_units
    else:
        low, high = listing.min_quote_units, listing.max_quote_units
    if low is not None and request.units < low:
        return LeftOut.BELOW_MINIMUM
    if high is not None and request.units > high:
        return LeftOut.ABOVE_MAXIMUM
    return None
