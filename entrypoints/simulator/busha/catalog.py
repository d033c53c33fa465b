"""What can be converted, at how many decimals, and how much of it. The figures are our own."""

from decimal import Decimal

import msgspec


class AssetRule(msgspec.Struct, frozen=True):
    places: int
    minimum: Decimal
    maximum: Decimal


ASSETS = {
    "USDT": AssetRule(6, Decimal("0.1"), Decimal(1_000_000)),
    "NGN": AssetRule(2, Decimal(100), Decimal(2_000_000_000)),
    "KES": AssetRule(2, Decimal(10), Decimal(200_000_000)),
}
PLACES = {asset: rule.places for asset, rule in ASSETS.items()}

PAIRS = (("USDT", "NGN"), ("USDT", "KES"))
DIRECTIONS = tuple(pair for base, quote in PAIRS for pair in ((base, quote), (quote, base)))

OPENING_BALANCES = {
    "USDT": Decimal(500_000_000),
    "NGN": Decimal(1_000_000_000_000),
    "KES": Decimal(100_000_000_000),
}

VALID_MS = 30_000
