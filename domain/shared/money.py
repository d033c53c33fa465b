"""Amounts are whole numbers of an asset's smallest unit. Every division names its rounding."""

import re
from enum import StrEnum
from typing import Final, NewType, Self

import msgspec

from .errors import RuleViolation, invariant

AssetCode = NewType("AssetCode", str)

# One asset's total stays below 38 digits in the database with room for 10**8 such amounts.
UNITS_LIMIT: Final = 10**30
PPM: Final = 1_000_000
SCALE_MAX: Final = 30
# Checked before the text is parsed: a megabyte of digits must not reach `int()`.
TEXT_LENGTH_MAX: Final = 64

# [0-9] and not \d, which also matches the digits of other scripts.
_PLAIN_NUMBER: Final = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?")


class AmountInvalid(RuleViolation):
    code = "amount_invalid"


class AssetMismatch(RuleViolation):
    code = "asset_mismatch"


class Rounding(StrEnum):
    """Directions are relative to zero, so that a debit and its credit round alike."""

    DOWN = "down"
    UP = "up"
    HALF_EVEN = "half_even"


# gc=False: a leaf of scalars can never be part of a cycle.
class Amount(msgspec.Struct, frozen=True, gc=False):
    """A signed number of units of one asset, |units| < 10**30. Raises `AmountInvalid`."""

    units: int
    asset: AssetCode

    def __post_init__(self) -> None:
        # The constructor does not check types: a float or a bool would pass unseen.
        if type(self.units) is not int:
            raise AmountInvalid("units must be an integer", units=repr(self.units))
        check_limit(self.units)

    def __add__(self, other: Self) -> "Amount":
        self._require_same_asset(other)
        return Amount(self.units + other.units, self.asset)

    def __sub__(self, other: Self) -> "Amount":
        self._require_same_asset(other)
        return Amount(self.units - other.units, self.asset)

    def __neg__(self) -> "Amount":
        return Amount(-self.units, self.asset)

    def __lt__(self, other: Self) -> bool:
        self._require_same_asset(other)
        return self.units < other.units

    def __le__(self, other: Self) -> bool:
        self._require_same_asset(other)
        return self.units <= other.units

    def _require_same_asset(self, other: Self) -> None:
        if self.asset != other.asset:
            raise AssetMismatch("amounts of two assets", left=self.asset, right=other.asset)


def check_limit(units: int) -> int:
    """Gives `units` back. Raises `AmountInvalid` unless |units| < 10**30."""
    if not -UNITS_LIMIT < units < UNITS_LIMIT:
        raise AmountInvalid("amount is out of range")
    return units


def divide(numerator: int, denominator: int, *, rounding: Rounding) -> int:
    """The exact quotient, rounded once in the named direction."""
    invariant(denominator != 0, "division by zero")
    negative = (numerator < 0) != (denominator < 0)
    divisor = abs(denominator)
    quotient, remainder = divmod(abs(numerator), divisor)
    if remainder != 0 and _rounds_away(quotient, remainder, divisor, rounding):
        quotient += 1
    return -quotient if negative else quotient


def share_ppm(units: int, ppm: int, *, rounding: Rounding) -> int:
    """`ppm` millionths of `units`."""
    invariant(ppm >= 0, "a share is never negative")
    return divide(units * ppm, PPM, rounding=rounding)


def parse_units(text: str, *, scale: int) -> int:
    """Units from plain decimal notation: no exponent, plus sign, space or leading zero.

    Decimals beyond `scale` are refused even when they are zeros: silently dropping what a caller
    wrote is how precision gets lost. Raises `AmountInvalid`.
    """
    sign, whole, decimals = split_plain_number(text)
    if len(decimals) > scale:
        raise AmountInvalid(f"more than {scale} decimals", text=text, scale=scale)
    units = check_limit(int(whole + decimals.ljust(scale, "0")))
    return -units if sign else units


def format_units(units: int, *, scale: int) -> str:
    """Decimal text with every decimal the asset has: 50 at scale 2 is `0.50`."""
    invariant(0 <= scale <= SCALE_MAX, "scale is out of range")
    digits = str(abs(units)).rjust(scale + 1, "0")
    whole = digits[: len(digits) - scale]
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{digits[-scale:]}" if scale > 0 else f"{sign}{whole}"


def split_plain_number(text: str) -> tuple[str, str, str]:
    """Sign, whole digits and decimals of a plain number. Raises `AmountInvalid`."""
    if len(text) > TEXT_LENGTH_MAX:
        raise AmountInvalid("number is too long", length=len(text))
    match = _PLAIN_NUMBER.fullmatch(text)
    if match is None:
        raise AmountInvalid("not a plain decimal number", text=text)
    return match[1], match[2], match[3] or ""


def _rounds_away(quotient: int, remainder: int, divisor: int, rounding: Rounding) -> bool:
    if rounding is Rounding.HALF_EVEN:
        twice = 2 * remainder
        return twice > divisor or (twice == divisor and quotient % 2 == 1)
    return rounding is Rounding.UP
