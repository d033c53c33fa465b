"""The markets, under the vendor's own names, and how fine and how deep each is.

The volumes of the levels and our fee are the simulator's own figures.
"""

from decimal import Decimal

import msgspec


class MarketRule(msgspec.Struct, frozen=True, kw_only=True):
    """`top_volume` rests at the best price; each level behind it holds twice the one before."""

    base: str
    counter: str
    volume_scale: int
    price_scale: int
    min_volume: Decimal
    max_volume: Decimal
    min_price: Decimal
    max_price: Decimal
    top_volume: Decimal


def _market(
    base: str, counter: str, scales: tuple[int, int], volumes: tuple[str, str, str]
) -> MarketRule:
    return MarketRule(
        base=base,
        counter=counter,
        volume_scale=scales[0],
        price_scale=scales[1],
        min_volume=Decimal(volumes[0]),
        max_volume=Decimal(volumes[1]),
        top_volume=Decimal(volumes[2]),
        min_price=Decimal(1).scaleb(-scales[1]),
        max_price=Decimal(50_000_000),
    )


MARKETS = {
    "XBTZAR": _market("XBT", "ZAR", (6, 0), ("0.0005", "100", "2")),
    "USDTZAR": _market("USDT", "ZAR", (2, 2), ("1", "1000000", "20000")),
}

# The vendor's names where they are not those of the market behind it.
OURS = {"XBT": "BTC"}
THEIRS = {ours: theirs for theirs, ours in OURS.items()}

PLACES = {"XBT": 8, "ZAR": 2, "USDT": 8}
FEE_SCALE = 8
TAKER_FEE = Decimal("0.001")
MAKER_FEE = Decimal("-0.0001")

LEVELS = 5
LEVEL_STEP_PPM = 500

OPENING_BALANCES = {
    "BTC": Decimal(5_000),
    "USDT": Decimal(500_000_000),
    "ZAR": Decimal(10_000_000_000),
}
ACCOUNTS = {"XBT": "1", "ZAR": "2", "USDT": "3"}
