"""Exact decimals. Nothing here rounds unless the caller names the places and the rounding."""

import re
from decimal import (
    ROUND_DOWN,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Underflow,
)

DIGITS = 60  # 30 before the point and 30 behind it: more than any balance times any price
ZERO = Decimal(0)

_FATAL = [InvalidOperation, DivisionByZero, Overflow, Underflow, Clamped]
_EXACT = Context(prec=DIGITS, traps=[*_FATAL, Inexact])
_ROUNDING = Context(prec=DIGITS, rounding=ROUND_DOWN, traps=_FATAL)
_PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


def plus(left: Decimal, right: Decimal) -> Decimal:
    """Raises Inexact rather than lose a digit."""
    return _EXACT.add(left, right)


def times(left: Decimal, right: Decimal) -> Decimal:
    """Raises Inexact rather than lose a digit."""
    return _EXACT.multiply(left, right)


def rounded(value: Decimal, *, places: int, rounding: str) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=rounding, context=_ROUNDING)


def over(numerator: Decimal, denominator: Decimal, *, places: int, rounding: str) -> Decimal:
    """Rounded once, although in two steps: the first truncates far behind the last place kept, and
    ROUND_HALF_UP and ROUND_DOWN look at digits in front of that only. Other modes are not offered.
    """
    return rounded(_ROUNDING.divide(numerator, denominator), places=places, rounding=rounding)


def places_of(value: Decimal) -> int:
    """Decimals that carry something: 2 for 1.250."""
    exponent = value.normalize(_EXACT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def plain(value: Decimal) -> str:
    """Shortest plain notation: 20 and 0.1, never 2E+1 nor 0.10."""
    return format(value.normalize(_EXACT), "f") if value else "0"


def parse_plain(text: str) -> Decimal | None:
    """None for everything but unsigned plain notation of at most 20 and 20 digits."""
    return Decimal(text) if _PLAIN.fullmatch(text) else None
