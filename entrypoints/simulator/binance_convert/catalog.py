"""What can be converted, at how many decimals, and how much of it.

The vendor publishes minima and maxima per pair and direction; the simulator keeps them per asset,
which gives the same shape. The figures are its own.
"""

from decimal import Decimal

import msgspec


class AssetRule(msgspec.Struct, frozen=True):
    fraction: int
    minimum: Decimal
    maximum: Decimal


ASSETS = {
    "BTC": AssetRule(8, Decimal("0.00001"), Decimal(50)),
    "ETH": AssetRule(8, Decimal("0.0001"), Decimal(1_000)),
    "USDC": AssetRule(8, Decimal("0.5"), Decimal(2_500_000)),
    "USDT": AssetRule(8, Decimal("0.5"), Decimal(2_500_000)),
}

PAIRS = (("BTC", "USDT"), ("ETH", "USDT"), ("USDC", "USDT"))
DIRECTIONS = tuple(pair for base, quote in PAIRS for pair in ((base, quote), (quote, base)))

# The spot markets whose tickers are shown, by symbol; some of them Convert does not trade here.
SPOT = {
    f"{base}{quote}": (base, quote) for base, quote in (*PAIRS, ("BTC", "ZAR"), ("USDT", "ZAR"))
}

OPENING_BALANCES = {
    "BTC": Decimal(5_000),
    "ETH": Decimal(100_000),
    "USDC": Decimal(500_000_000),
    "USDT": Decimal(500_000_000),
}

VALID_MS = {"10s": 10_000, "30s": 30_000, "1m": 60_000}
WALLETS = frozenset(
    (
        "SPOT",
        "FUNDING",
        "EARN",
        "SPOT_FUNDING",
        "FUNDING_EARN",
        "SPOT_FUNDING_EARN",
        "SPOT_EARN",
    )
)
