"""Whether an LP's quote is for the trade it was asked about."""

from typing import Final

from ..shared.money import Rounding, share_ppm
from ..shared.side import FixedSide, Side
from .quote import LpQuote, LpQuoteRequest

# An LP may be off the amount we ask for, away from us and by no more than this share (and always
# by one unit): it rounds to its own grid. More would be another trade than the customer's.
LP_GRID_PPM: Final = 1_000


def off_units(asked: LpQuoteRequest, quote: LpQuote) -> int:
    """How far the answer is beyond what was asked for, in units of the fixed side.

    Positive is our side of exact: on a fixed base the LP delivers more on a buy and takes less on a
    sell; on a fixed quote it takes less of our money on a buy and brings more on a sell.
    """
    fixed_base = asked.fixed is FixedSide.BASE
    answered = quote.base_units if fixed_base else quote.quote_units
    return answered - asked.units if covers_by_more(asked) else asked.units - answered


def covers(asked: LpQuoteRequest, quote: LpQuote) -> bool:
    """Whether the answer is the trade that was asked for, but for the LP's grid."""
    return quote.side is asked.side and 0 <= off_units(asked, quote) <= _allowed(asked.units)


def is_on_grid(asked_units: int, lp_units: int) -> bool:
    """Whether the LP's grid has an amount near enough to the customer's.

    To be asked before the LP is: that its steps are too coarse for an amount is no fault of its.
    """
    return abs(lp_units - asked_units) <= _allowed(asked_units)


def _allowed(asked_units: int) -> int:
    return share_ppm(asked_units, LP_GRID_PPM, rounding=Rounding.UP)


def covers_by_more(asked: LpQuoteRequest) -> bool:
    """Whether the fixed amount is one we get (at least that much) or give (at most)."""
    return (asked.fixed is FixedSide.BASE) == (asked.side is Side.BUY)
