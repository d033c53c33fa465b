"""Exact sums of the decimal texts that the API speaks, and how they are shown."""

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact
from typing import Final

SHOWN_DECIMALS: Final = 8
PERCENT_OF_PPM: Final = Decimal("0.0001")
_EXACT: Final = Context(prec=100, traps=[Inexact])

Number = str | Decimal


def exact(number: Number) -> Decimal:
    return _EXACT.create_decimal(number)


def total(numbers: Iterable[Number]) -> Decimal:
    result = Decimal(0)
    for number in numbers:
        result = _EXACT.add(result, exact(number))
    return result


def minus(number: Number, other: Number) -> Decimal:
    return _EXACT.subtract(exact(number), exact(other))


def shown(number: Number) -> str:
    """Zeros at the end are cut down to eight decimals: ether has eighteen."""
    whole, point, decimals = f"{exact(number):f}".partition(".")
    return whole + point + decimals[:SHOWN_DECIMALS] + decimals[SHOWN_DECIMALS:].rstrip("0")


def percent(ppm: int) -> str:
    text = f"{_EXACT.multiply(Decimal(ppm), PERCENT_OF_PPM):f}"
    return f"{text.rstrip('0').rstrip('.')} %"
