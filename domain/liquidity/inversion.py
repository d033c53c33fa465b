"""Asking an LP that cannot fix the side the customer fixed.

It is asked for an amount of the other side. The ratio of that first answer tells what amount would
make the fixed side come out right, and for that amount it is asked once more. Prices move between
the two questions, so the second amount leaves a cushion on our side of exact: the LP has to cover
the customer's fixed amount and never less, or the house would pay the difference. What the LP
covers beyond it stays within the grid that pricing allows every LP.
"""

from typing import Final

import msgspec

from ..shared.money import PPM, Rounding, divide
from ..shared.side import FixedSide
from .answer import LP_GRID_PPM, covers_by_more
from .listing import Listing
from .quote import LpQuoteRequest

# Some standard deviations of what a major pair moves in the tenth of a second between two
# questions. It costs the customer this share, so it is no larger.
CUSHION_PPM: Final = LP_GRID_PPM // 10

# A rate between amounts of few units is no rate: this many times the least that is traded.
GUESS_TIMES: Final = 100


class Rate(msgspec.Struct, frozen=True):
    """Two amounts that were worth the same, at some LP and some moment."""

    base_units: int
    quote_units: int


def inverted(asked: LpQuoteRequest, rate: Rate, listing: Listing) -> LpQuoteRequest:
    """The same trade with the other side fixed, at `rate` and a cushion beyond it.

    The other side is what we get where the fixed one is what we give: asking to get less takes
    less from us, asking to give more brings more.
    """
    more = covers_by_more(asked)
    other = FixedSide.QUOTE if asked.fixed is FixedSide.BASE else FixedSide.BASE
    fixed_units, other_units = rate.base_units, rate.quote_units
    if asked.fixed is FixedSide.QUOTE:
        fixed_units, other_units = other_units, fixed_units
    share = PPM + CUSHION_PPM if more else PPM - CUSHION_PPM
    rounding = Rounding.UP if more else Rounding.DOWN
    step = listing.step(other)
    steps = divide(asked.units * share * other_units, PPM * fixed_units * step, rounding=rounding)
    return msgspec.structs.replace(asked, fixed=other, units=max(steps, 1) * step)


def first_guess(asked: LpQuoteRequest, listing: Listing) -> LpQuoteRequest:
    """Where no rate is known at all: an amount that every LP quotes, and that tells a rate well."""
    instrument = asked.instrument
    if asked.fixed is FixedSide.BASE:
        other, known = FixedSide.QUOTE, (listing.min_quote_units, listing.max_quote_units)
        limits = (instrument.min_quote_units, instrument.max_quote_units)
    else:
        other, known = FixedSide.BASE, (listing.min_base_units, listing.max_base_units)
        limits = (instrument.min_base_units, instrument.max_base_units)
    least = max(limits[0], known[0] or 0)
    most = min(limits[1], known[1] or limits[1])
    step = listing.step(other)
    steps = divide(min(least * GUESS_TIMES, most), step, rounding=Rounding.DOWN)
    return msgspec.structs.replace(asked, fixed=other, units=max(steps, 1) * step)
