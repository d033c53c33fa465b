"""A quote request in the terms of a vendor that converts: what we give, and what we get."""

import msgspec

from adapters.liquidity.amounts import on_grid, step_units
from adapters.liquidity.pairs import legs
from domain.assets.asset import Asset
from domain.liquidity.answer import is_on_grid
from domain.liquidity.quote import LpQuoteRequest, QuoteRefusal
from domain.shared.money import Rounding
from domain.shared.side import FixedSide, Side


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One quote request in the vendor's terms. `exact_in`: the fixed amount is the one we give."""

    request: LpQuoteRequest
    give: Asset
    get: Asset
    give_step: int
    get_step: int
    exact_in: bool
    units: int

    @property
    def fixed(self) -> Asset:
        return self.give if self.exact_in else self.get


def ask_for(request: LpQuoteRequest, decimals: dict[str, int]) -> Ask | QuoteRefusal:
    """`decimals` by asset, as the vendor publishes them.

    What is less than its steps can tell apart from another amount is below its minimum.
    """
    give, get = legs(request.instrument, request.side)
    if give.code not in decimals or get.code not in decimals:
        return QuoteRefusal.UNSUPPORTED
    exact_in = (request.side is Side.BUY) == (request.fixed is FixedSide.QUOTE)
    give_step = step_units(scale=give.scale, decimals=decimals[give.code])
    get_step = step_units(scale=get.scale, decimals=decimals[get.code])
    if exact_in:
        units = on_grid(request.units, give_step, rounding=Rounding.DOWN)
    else:
        units = on_grid(request.units, get_step, rounding=Rounding.UP)
    if units <= 0 or not is_on_grid(request.units, units):
        return QuoteRefusal.BELOW_MINIMUM
    return Ask(
        request=request,
        give=give,
        get=get,
        give_step=give_step,
        get_step=get_step,
        exact_in=exact_in,
        units=units,
    )
