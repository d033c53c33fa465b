"""How much an LP can still take of an asset, in its own terms: what lies with it, or its credit."""

from enum import StrEnum
from typing import Final

import msgspec

from ..shared.errors import RuleViolation
from ..shared.money import UNITS_LIMIT, AssetCode
from ..shared.side import Side
from .capabilities import Settlement
from .quote import LpName

ONE_PPM: Final = 1_000_000
SLICES_MAX: Final = 1_000
VALUE_DAYS_MAX: Final = 30


class LpTermsInvalid(RuleViolation):
    code = "lp_terms_invalid"


class PaysFirst(StrEnum):
    """Who pays first of what one value date leaves both to pay."""

    US = "us"
    THEM = "them"
    EITHER = "either"


class LpTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What is agreed with an LP about one asset, in units. Raises `LpTermsInvalid`.

    - `limit_units`: credit, of an LP that settles after the trade: what we may owe it. None with
      one that holds our money, where what lies there is the limit.
    - `keep_units`: what is not handed out, for fees and for what an LP counts otherwise than we do.
    - `refuse_at_ppm`: no quotes beyond this part of it.
    - `low_water_units`: less than this available is worth an alert.
    - `slice_units`: the most we pay at once when settling, None for all of it.
    - `value_days`: days from the end of a settlement's period to its value date.
    """

    lp: LpName
    asset: AssetCode
    limit_units: int | None = None
    keep_units: int = 0
    refuse_at_ppm: int = ONE_PPM
    low_water_units: int = 0
    pays_first: PaysFirst = PaysFirst.THEM
    slice_units: int | None = None
    value_days: int = 1

    def __post_init__(self) -> None:
        amounts = (self.limit_units or 0, self.keep_units, self.low_water_units)
        if not all(0 <= units < UNITS_LIMIT for units in amounts):
            raise LpTermsInvalid("amounts are not below zero, and within range")
        if self.slice_units is not None and not 0 < self.slice_units < UNITS_LIMIT:
            raise LpTermsInvalid("a slice is more than nothing")
        if not 0 < self.refuse_at_ppm <= ONE_PPM:
            raise LpTermsInvalid("quotes are refused at a part of the limit, above 0 up to 1")
        if not 0 <= self.value_days <= VALUE_DAYS_MAX:
            raise LpTermsInvalid("a value date is at most 30 days away")


class Level(StrEnum):
    """`OVER`: more is under way than there is, so something else went out than trades."""

    OK = "ok"
    LOW = "low"
    EMPTY = "empty"
    OVER = "over"


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """One asset at one LP, of one moment, in units.

    `balance_units` is that of the house's account with the LP: what lies there, or what it owes us,
    below zero what we owe. `reserved_units` have no outcome yet, and count as filled;
    `used_units` are filled and not in the balance yet. `handed_out_units` are all quotas.
    """

    terms: LpTerms
    settlement: Settlement
    balance_units: int
    handed_out_units: int
    reserved_units: int
    used_units: int

    @property
    def limit_units(self) -> int:
        return limit(self.terms, self.settlement)

    @property
    def capacity_units(self) -> int:
        return capacity(self.terms, self.settlement, self.balance_units)

    @property
    def available_units(self) -> int:
        """Worst case: whatever is under way has been or will be filled."""
        return self.capacity_units - self.reserved_units - self.used_units

    @property
    def level(self) -> Level:
        available = self.available_units
        if available < 0:
            return Level.OVER
        if available == 0:
            return Level.EMPTY
        return Level.LOW if available < self.terms.low_water_units else Level.OK


def limit(terms: LpTerms, settlement: Settlement) -> int:
    """Credit without a limit is none: what nobody agreed on is not used."""
    return terms.limit_units or 0 if settlement is Settlement.POST_TRADE else 0


def capacity(terms: LpTerms, settlement: Settlement, balance_units: int) -> int:
    """What may be handed out in all, none below zero.

    Of what lies with an LP a part is kept back. On credit it is the part of the limit up to which
    we go, and what the LP owes us of the same asset, or less by what we owe it.
    """
    if settlement is Settlement.PREFUNDED:
        whole = balance_units * terms.refuse_at_ppm // ONE_PPM
    else:
        whole = limit(terms, settlement) * terms.refuse_at_ppm // ONE_PPM + balance_units
    return max(0, whole - terms.keep_units)


def delivered(
    side: Side, base: AssetCode, quote: AssetCode, *, base_units: int, quote_units: int
) -> tuple[AssetCode, int]:
    """What we give the LP in a trade: what it has to have of ours, or to lend us."""
    return (quote, quote_units) if side is Side.BUY else (base, base_units)
