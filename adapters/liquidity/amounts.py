"""Between an LP's decimals and our units. Nothing becomes inexact on the way in."""

from decimal import Decimal
from typing import Final

import msgspec

from domain.shared.money import (
    AmountInvalid,
    Rounding,
    check_limit,
    divide,
    format_units,
    split_plain_number,
)

# LPs round a rate to at least this many decimals or this many significant digits.
RATE_DECIMALS: Final = 8
RATE_PRECISION: Final = 10**5


class Figure(msgspec.Struct, frozen=True):
    """An amount in units of `scale`, and the LP's own step in the same units."""

    units: int
    scale: int
    step: int


def exact_units(text: str, *, scale: int) -> int:
    """Positive units, zeros beyond `scale` dropped. Raises `AmountInvalid` for anything finer."""
    sign, whole, decimals = split_plain_number(text)
    kept = decimals[:scale]
    if sign or decimals[scale:].strip("0"):
        raise AmountInvalid(f"not a whole number of units at {scale} decimals", text=text)
    units = check_limit(int(whole + kept.ljust(scale, "0")))
    if units == 0:
        raise AmountInvalid("amount is zero", text=text)
    return units


def whole_units(text: str, *, scale: int) -> int:
    """Positive whole units in an amount that may be finer than ours. Raises `AmountInvalid`.

    For what we get, at a vendor that is documented to tell more decimals than an asset has: the
    rest of under a unit stays with the vendor, in our favour, and is never promised to anybody.
    """
    sign, whole, decimals = split_plain_number(text)
    units = check_limit(int(whole + decimals[:scale].ljust(scale, "0")))
    if sign or units == 0:
        raise AmountInvalid("not one whole unit", text=text)
    return units


def whole_text(text: str, *, scale: int) -> str:
    """Without what is finer than `scale`. Raises `AmountInvalid`."""
    sign, whole, decimals = split_plain_number(text)
    if sign:
        raise AmountInvalid("amount is negative", text=text)
    units = check_limit(int(whole + decimals[:scale].ljust(scale, "0")))
    return short_text(units, scale=scale)


def exact_sum(*texts: str) -> str:
    """Decimal text of the sum of plain numbers that are not negative. Raises `AmountInvalid`."""
    parts = [split_plain_number(text) for text in texts]
    if any(sign for sign, _, _ in parts):
        raise AmountInvalid("amount is negative")
    scale = max(len(decimals) for _, _, decimals in parts)
    units = sum(int(whole + decimals.ljust(scale, "0")) for _, whole, decimals in parts)
    return format_units(check_limit(units), scale=scale)


def exact_difference(text: str, less: str) -> str:
    """Decimal text of what is left, as fine as the finer of both. Raises `AmountInvalid`."""
    minuend, subtrahend = _unsigned(text), _unsigned(less)
    scale = max(minuend[1], subtrahend[1])
    left = minuend[0] * 10 ** (scale - minuend[1]) - subtrahend[0] * 10 ** (scale - subtrahend[1])
    if left < 0:
        raise AmountInvalid("less than nothing is left", text=text, less=less)
    return format_units(check_limit(left), scale=scale)


def exact_product(left: str, right: str) -> str:
    """Decimal text with all its decimals. Raises `AmountInvalid`."""
    one, other = _unsigned(left), _unsigned(right)
    return format_units(check_limit(one[0] * other[0]), scale=one[1] + other[1])


def is_zero(text: str) -> bool:
    """Raises `AmountInvalid`."""
    return _unsigned(text)[0] == 0


def fraction_of(text: str) -> tuple[int, int]:
    """Numerator and power of ten of a plain number, not negative. Raises `AmountInvalid`."""
    units, decimals = _unsigned(text)
    return units, 10**decimals


def _unsigned(text: str) -> tuple[int, int]:
    """Units and their scale. Raises `AmountInvalid`."""
    sign, whole, decimals = split_plain_number(text)
    if sign:
        raise AmountInvalid("amount is negative", text=text)
    return int(whole + decimals), len(decimals)


def rounded_units(text: str, *, scale: int, rounding: Rounding) -> int:
    """For limits, which may be finer than our units. Raises `AmountInvalid`."""
    split_plain_number(text)
    numerator, denominator = Decimal(text).as_integer_ratio()
    return divide(numerator * 10**scale, denominator, rounding=rounding)


def step_units(*, scale: int, decimals: int) -> int:
    """The LP's smallest step in our units; 1 when the LP is as fine as we are or finer."""
    step: int = 10 ** max(scale - decimals, 0)
    return step


def on_grid(units: int, step: int, *, rounding: Rounding) -> int:
    return units if step == 1 else divide(units, step, rounding=rounding) * step


def short_text(units: int, *, scale: int) -> str:
    """Without trailing zeros, which an LP may count as decimals it does not take."""
    text = format_units(units, scale=scale)
    return text.rstrip("0").rstrip(".") if scale > 0 else text


def rate_agrees(given: Figure, gotten: Figure, rate: str) -> bool:
    """Whether `given` times `rate` is `gotten`, allowing each of the three its own rounding.

    An LP rounds amounts and rate apart, so this finds garbage and never corrects an amount.
    Raises `AmountInvalid` when the rate is no plain number.
    """
    sign, whole, decimals = split_plain_number(rate)
    numerator = int(whole + decimals)
    if sign:
        return False
    # Both sides as integers: everything is multiplied by ten to the power of all three scales.
    one_given: int = 10**gotten.scale
    one_gotten: int = 10 ** (given.scale + len(decimals))
    expected: int = given.units * numerator * one_given
    reported: int = gotten.units * one_gotten
    rate_rounding: int = given.units * one_given * 10 ** len(decimals) // 10**RATE_DECIMALS
    allowed: int = (
        max(rate_rounding, reported // RATE_PRECISION)
        + given.step * numerator * one_given
        + gotten.step * one_gotten
    )
    return abs(expected - reported) <= allowed
