"""Instruments in the vendor's names, and how fine and large their quantities are.

`digits` are significant ones, and few enough that price times quantity has at most eight decimals.
"""

from decimal import Decimal

import msgspec

QUANTITY_PLACES = 4
VALID_MS = 10_000
MAX_RISK_EXPOSURE = Decimal(20_000_000)
# The vendor's codes of stablecoins; every other currency has the same name as ours.
CURRENCIES = {"USDT": "UST", "USDC": "USC"}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    base: str
    quote: str
    digits: int
    minimum: Decimal
    maximum: Decimal


def _rule(base: str, quote: str, digits: int, minimum: str, maximum: str) -> Rule:
    return Rule(
        base=base, quote=quote, digits=digits, minimum=Decimal(minimum), maximum=Decimal(maximum)
    )


def currency(asset: str) -> str:
    return CURRENCIES.get(asset, asset)


INSTRUMENTS = {
    f"{currency(rule.base)}{currency(rule.quote)}.SPOT": rule
    for rule in (
        _rule("BTC", "USDT", 7, "0.001", "50"),
        _rule("ETH", "USDT", 7, "0.01", "1000"),
        _rule("USDC", "USDT", 5, "10", "2000000"),
        _rule("USDT", "ZAR", 6, "10", "250000"),
        _rule("BTC", "ZAR", 7, "0.001", "5"),
    )
}

# On credit nothing has to be paid in first.
OPENING_BALANCES = {
    asset: Decimal(0) for rule in INSTRUMENTS.values() for asset in (rule.base, rule.quote)
}
