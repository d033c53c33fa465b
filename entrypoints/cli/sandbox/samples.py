"""What a sandbox has in it: plain values, so that they can be read at a glance."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

import msgspec

from domain.assets.asset import Asset, AssetKind
from domain.assets.instrument import Instrument, TradingStatus
from domain.liquidity.guard_limits import GuardBand, GuardLimits
from domain.shared.money import AssetCode, parse_units
from domain.tenants.tenant import PricingPolicy


def _asset(code: str, scale: int, kind: AssetKind, name: str) -> Asset:
    return Asset(code=AssetCode(code), scale=scale, kind=kind, name=name)


ASSETS: Final = {
    asset.code: asset
    for asset in (
        _asset("BTC", 8, AssetKind.CRYPTO, "Bitcoin"),
        _asset("ETH", 18, AssetKind.CRYPTO, "Ether"),
        _asset("USDT", 8, AssetKind.CRYPTO, "Tether USD"),
        _asset("USDC", 8, AssetKind.CRYPTO, "USD Coin"),
        _asset("NGN", 2, AssetKind.FIAT, "Nigerian naira"),
        _asset("KES", 2, AssetKind.FIAT, "Kenyan shilling"),
        _asset("ZAR", 2, AssetKind.FIAT, "South African rand"),
    )
}


def units(asset: str, amount: str) -> int:
    return parse_units(amount, scale=ASSETS[AssetCode(asset)].scale)


def _instrument(
    base: str,
    quote: str,
    *,
    base_limits: tuple[str, str],
    quote_max: str = "2000000",
    lot: str = "0.00000001",
) -> Instrument:
    """A lot no coarser than the step of the provider that trades it."""
    low, high = base_limits
    return Instrument(
        symbol=f"{base}-{quote}",
        base=ASSETS[AssetCode(base)],
        quote=ASSETS[AssetCode(quote)],
        tick=Decimal("0.01"),
        lot_units=units(base, lot),
        min_base_units=units(base, low),
        max_base_units=units(base, high),
        min_quote_units=units(quote, "1"),
        max_quote_units=units(quote, quote_max),
        status=TradingStatus.OPEN,
    )


INSTRUMENTS: Final = (
    _instrument("BTC", "USDT", base_limits=("0.00002", "30")),
    _instrument("ETH", "USDT", base_limits=("0.0005", "600")),
    _instrument("BTC", "ZAR", base_limits=("0.001", "10"), quote_max="20000000", lot="0.000001"),
    _instrument("USDT", "NGN", base_limits=("1", "500000"), quote_max="1000000000", lot="0.000001"),
    _instrument("USDT", "KES", base_limits=("1", "500000"), quote_max="80000000", lot="0.000001"),
)


class Sample(msgspec.Struct, frozen=True):
    """A partner; its customers are known to it by `external_ids`."""

    name: str
    pricing: PricingPolicy
    external_ids: tuple[str, ...]


TENANTS: Final = (
    Sample(
        "Adulis Pay",
        PricingPolicy(platform_spread_ppm=1_000, tenant_spread_ppm=2_500, fee_ppm=1_000),
        ("abeba", "berhane"),
    ),
    Sample(
        "Zanj Bank",
        PricingPolicy(platform_spread_ppm=1_500, tenant_spread_ppm=4_000, fee_ppm=0),
        ("chipo", "dalila"),
    ),
)
OPERATORS: Final = ("operator-one", "operator-two")

# Enough of everything for a long day of trading at the instruments' maxima.
OPENING_DEPOSITS: Final = (
    ("BTC", "10000"),
    ("ETH", "200000"),
    ("USDT", "1000000000"),
    ("USDC", "1000000000"),
    ("NGN", "1000000000000"),
    ("KES", "100000000000"),
    ("ZAR", "10000000000"),
)


class SampleLp(msgspec.Struct, frozen=True):
    name: str
    dialect: str
    role: str
    rank: int


LPS: Final = (
    SampleLp("binance_primary", "binance_convert", "primary", 1),
    SampleLp("binance_backup", "binance_convert", "backup", 2),
    SampleLp("luno_zar", "luno", "backup", 3),
    SampleLp("busha_africa", "busha", "backup", 4),
    SampleLp("bybit_reserve", "bybit_convert", "backup", 5),
)

# The simulated market turns around its seeded prices by up to one in a hundred in a day, and a rate
# sheet stands still: it may lie that far from the tickers, and the median halfway between.
_LIMITS: Final = GuardLimits(
    bands=(GuardBand(at_quote_ppm=7_500, at_execute_ppm=10_000),), apart_max_ppm=10_000
)
# Nobody but the provider that trades them shows these to the public.
_BY_SHEET: Final = GuardLimits(
    bands=(GuardBand(at_quote_ppm=12_500, at_execute_ppm=15_000),),
    apart_max_ppm=10_000,
    sheet_suffices=True,
)
LIMITS: Final = {
    "BTC-USDT": _LIMITS,
    "ETH-USDT": _LIMITS,
    "BTC-ZAR": _LIMITS,
    "USDT-NGN": _BY_SHEET,
    "USDT-KES": _BY_SHEET,
}
SHEET_AGE_MAX: Final = timedelta(days=7)
