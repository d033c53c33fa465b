"""Prices to as many significant digits as the instrument has, always in the vendor's favour."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from entrypoints.simulator.b2c2.catalog import Rule
from entrypoints.simulator.conversions import book_for
from entrypoints.simulator.decimals import ZERO, over, plus, rounded, times
from entrypoints.simulator.faults import Fault
from entrypoints.simulator.vendor import Vendor

USD = "USDT"
CENTS = 2


def price_of(vendor: Vendor, rule: Rule, faults: Mapping[str, Fault], *, buys: bool) -> Decimal:
    """What one base unit costs us, or brings."""
    found = book_for(vendor, faults, rule.base, rule.quote)
    assert found is not None, "every instrument here has a market"
    price = found[0].ask if buys else found[0].bid
    places = max(rule.digits - 1 - price.adjusted(), 0)
    return rounded(price, places=places, rounding=ROUND_CEILING if buys else ROUND_FLOOR)


def exposure(vendor: Vendor, balances: Mapping[str, Decimal]) -> Decimal:
    """All that is owed, in dollars at the middle of the market."""
    owed = ZERO
    for asset, amount in balances.items():
        if amount < 0:
            owed = plus(owed, _in_dollars(vendor, asset, -amount))
    return owed


def _in_dollars(vendor: Vendor, asset: str, amount: Decimal) -> Decimal:
    if asset == USD:
        return rounded(amount, places=CENTS, rounding=ROUND_HALF_UP)
    found = book_for(vendor, {}, asset, USD)
    assert found is not None, "every currency here has a market against the dollar"
    book, is_base = found
    if is_base:
        return rounded(times(amount, book.mid), places=CENTS, rounding=ROUND_HALF_UP)
    return over(amount, book.mid, places=CENTS, rounding=ROUND_HALF_UP)
