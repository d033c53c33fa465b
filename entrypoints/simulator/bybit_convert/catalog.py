"""What can be converted. The vendor publishes limits for the coin that is given; figures are ours.

What we get is told with more decimals than the coin's `accuracyLength`, as the vendor's published
samples do: a client that expects whole units of its own finds out here.
"""

from decimal import Decimal

import msgspec


class CoinRule(msgspec.Struct, frozen=True):
    accuracy: int
    minimum: Decimal
    maximum: Decimal


COINS = {
    "BTC": CoinRule(8, Decimal("0.00001"), Decimal(50)),
    "ETH": CoinRule(8, Decimal("0.0001"), Decimal(1_000)),
    "USDC": CoinRule(8, Decimal("0.5"), Decimal(2_500_000)),
    "USDT": CoinRule(8, Decimal("0.5"), Decimal(2_500_000)),
}
TOLD_PLACES = 12
RATE_PLACES = 18
PLACES = dict.fromkeys(COINS, TOLD_PLACES)

PAIRS = (("BTC", "USDT"), ("ETH", "USDT"), ("USDC", "USDT"))
DIRECTIONS = frozenset(pair for base, quote in PAIRS for pair in ((base, quote), (quote, base)))

OPENING_BALANCES = {
    "BTC": Decimal(5_000),
    "ETH": Decimal(100_000),
    "USDC": Decimal(500_000_000),
    "USDT": Decimal(500_000_000),
}
VALID_MS = 15_000
ACCOUNT_TYPES = frozenset(("eb_convert_funding", "eb_convert_uta", "eb_convert_spot"))
