"""Prices are exact decimals, quote asset per one whole unit of base asset.

All arithmetic runs on integers and rounds once, at the end.
"""

from decimal import Clamped, Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Final

import msgspec

from .errors import RuleViolation, invariant
from .money import Rounding, divide, split_plain_number

PRICE_LIMIT: Final = Decimal(10) ** 30
PRICE_DECIMALS_MAX: Final = 30

# Wide enough for any Price, and anything that would not be exact raises instead.
_EXACT: Final = Context(prec=80, traps=[Inexact, InvalidOperation, Overflow, Clamped])


class PriceInvalid(RuleViolation):
    code = "price_invalid"


class Price(msgspec.Struct, frozen=True, gc=False):
    """0 < value < 10**30 with at most 30 decimals. Raises `PriceInvalid`."""

    value: Decimal

    def __post_init__(self) -> None:
        # The constructor does not check types, and Decimal(0.1) is not a tenth.
        if type(self.value) is not Decimal or not self.value.is_finite():
            raise PriceInvalid("price must be a finite decimal", value=repr(self.value))
        if not 0 < self.value < PRICE_LIMIT:
            raise PriceInvalid("price is out of range")
        exponent = self.value.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -PRICE_DECIMALS_MAX:
            raise PriceInvalid("price has too many decimals")


def parse_price(text: str) -> Price:
    """From plain decimal notation. Raises `AmountInvalid` or `PriceInvalid`."""
    split_plain_number(text)
    return Price(Decimal(text))


def format_price(price: Price) -> str:
    """Plain decimal notation, with the decimals the price was made with."""
    return format(price.value, "f")


def notional(
    base_units: int, price: Price, *, base_scale: int, quote_scale: int, rounding: Rounding
) -> int:
    """What `base_units` are worth at `price`, in units of the quote asset."""
    numerator, denominator = price.value.as_integer_ratio()
    return divide(
        base_units * numerator * 10**quote_scale,
        denominator * 10**base_scale,
        rounding=rounding,
    )


def base_for(
    quote_units: int, price: Price, *, base_scale: int, quote_scale: int, rounding: Rounding
) -> int:
    """How many units of the base asset `quote_units` are worth at `price`."""
    numerator, denominator = price.value.as_integer_ratio()
    return divide(
        quote_units * denominator * 10**base_scale,
        numerator * 10**quote_scale,
        rounding=rounding,
    )


def price_from(
    base_units: int,
    quote_units: int,
    *,
    base_scale: int,
    quote_scale: int,
    tick: Decimal,
    rounding: Rounding,
) -> Price:
    """The price at which `base_units` cost `quote_units`, on a multiple of `tick`.

    Both amounts must be positive; they may be scaled by a common factor to carry a spread through
    without rounding twice. Raises `PriceInvalid` when it rounds down to nothing.
    """
    invariant(base_units > 0 and quote_units > 0, "a price needs two positive amounts")
    tick_numerator, tick_denominator = tick.as_integer_ratio()
    ticks = divide(
        quote_units * 10**base_scale * tick_denominator,
        base_units * 10**quote_scale * tick_numerator,
        rounding=rounding,
    )
    # Compared as integers: the number of ticks alone may have more digits than a price.
    if ticks * tick_numerator >= int(PRICE_LIMIT) * tick_denominator:
        raise PriceInvalid("price is out of range")
    return Price(_EXACT.multiply(Decimal(ticks), tick))
