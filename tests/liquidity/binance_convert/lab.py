"""Binance Convert and its simulator."""

from contextlib import AbstractAsyncContextManager

import msgspec

from adapters.http_client.client import HttpClient
from adapters.liquidity.binance_convert.client import BinanceConvert
from adapters.liquidity.binance_convert.config import BinanceConvertSettings
from domain.assets.instrument import Instrument
from tests.liquidity.vendor_lab import (
    CREDENTIALS,
    SILENCE_MS,
    SharedClock,
    VendorLab,
    running_vendor,
)

BinanceLab = VendorLab[BinanceConvert]


def settings_for(url: str, **changes: object) -> BinanceConvertSettings:
    plain: dict[str, object] = {
        "name": "binance-sandbox",
        "base_url": url,
        "api_key": CREDENTIALS.api_key,
        "api_secret": CREDENTIALS.api_secret,
        "sandbox": True,
        "rate_budget": None,
        "execute_timeout_ms": SILENCE_MS,
        "quote_timeout_ms": SILENCE_MS,
    }
    return msgspec.convert(plain | changes, BinanceConvertSettings)


def provider_for(
    settings: BinanceConvertSettings,
    clock: SharedClock,
    instruments: tuple[Instrument, ...] = (),
) -> BinanceConvert:
    http = HttpClient(jitter=lambda _: 0, headers={"X-MBX-APIKEY": settings.api_key})
    return BinanceConvert(settings, http=http, clock=clock, instruments=instruments)


def running_lab(
    *, rate_limits: bool = True, **changes: object
) -> AbstractAsyncContextManager[BinanceLab]:
    """BTC-USDT stands at 64,000."""

    def make(url: str, clock: SharedClock) -> BinanceConvert:
        return provider_for(settings_for(url, **changes), clock)

    return running_vendor("binance_convert", make, rate_limits=rate_limits)
