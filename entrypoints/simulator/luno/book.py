"""Both sides of a market around the common price, and what an order takes out of them."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from entrypoints.simulator.conversions import book_for
from entrypoints.simulator.decimals import ZERO, plus, rounded, times
from entrypoints.simulator.faults import Fault
from entrypoints.simulator.luno.catalog import LEVEL_STEP_PPM, LEVELS, OURS, MarketRule
from entrypoints.simulator.vendor import Vendor


class Level(msgspec.Struct, frozen=True):
    price: Decimal
    volume: Decimal


class Depth(msgspec.Struct, frozen=True):
    """Best price first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


def depth_of(vendor: Vendor, rule: MarketRule, faults: Mapping[str, Fault]) -> Depth:
    """Nobody's orders are used up: the book is what it is again a moment later."""
    base, counter = OURS.get(rule.base, rule.base), OURS.get(rule.counter, rule.counter)
    found = book_for(vendor, faults, base, counter)
    if found is None:
        raise LookupError(f"no price for {base}-{counter}")
    book, _ = found
    return Depth(
        bids=_levels(rule, book.bid, up=False),
        asks=_levels(rule, book.ask, up=True),
    )


def taken(levels: tuple[Level, ...], volume: Decimal, limit: Decimal, *, buys: bool) -> Decimal:
    """Counter for the whole volume at the makers' prices; zero when there is not as much."""
    left, counter = volume, ZERO
    for level in levels:
        beyond = level.price > limit if buys else level.price < limit
        if beyond or not left:
            break
        part = min(left, level.volume)
        counter = plus(counter, times(part, level.price))
        left = plus(left, -part)
    return ZERO if left else counter


def _levels(rule: MarketRule, best: Decimal, *, up: bool) -> tuple[Level, ...]:
    sign, rounding = (1, ROUND_CEILING) if up else (-1, ROUND_FLOOR)
    levels = []
    for number in range(LEVELS):
        factor = plus(Decimal(1), Decimal(sign * number * LEVEL_STEP_PPM).scaleb(-6))
        price = rounded(times(best, factor), places=rule.price_scale, rounding=rounding)
        levels.append(Level(price, times(rule.top_volume, Decimal(2**number))))
    return tuple(levels)
