"""What is traded with each vendor's adapter: where, which way, which amount is fixed, how much."""

from typing import Final

import msgspec

from domain.shared.side import FixedSide, Side
from entrypoints.cli.sandbox.samples import units


class Trade(msgspec.Struct, frozen=True):
    """`amount` is of the fixed side, in units of its asset."""

    instrument: str
    side: Side
    fixed: FixedSide
    amount: int


TRADES: Final = {
    "b2c2": Trade("BTC-USDT", Side.BUY, FixedSide.BASE, units("BTC", "0.01")),
    "binance_convert": Trade("BTC-USDT", Side.BUY, FixedSide.QUOTE, units("USDT", "640")),
    "busha": Trade("USDT-NGN", Side.BUY, FixedSide.BASE, units("USDT", "100")),
    "bybit_convert": Trade("BTC-USDT", Side.SELL, FixedSide.BASE, units("BTC", "0.01")),
    "luno": Trade("BTC-ZAR", Side.BUY, FixedSide.BASE, units("BTC", "0.01")),
}
