"""Bybit Convert and its simulator."""

from contextlib import AbstractAsyncContextManager

import msgspec

from adapters.http_client.client import HttpClient
from adapters.liquidity.bybit_convert.client import BybitConvert
from adapters.liquidity.bybit_convert.config import BybitConvertSettings
from tests.liquidity.vendor_lab import (
    CREDENTIALS,
    SILENCE_MS,
    SharedClock,
    VendorLab,
    running_vendor,
)

BybitLab = VendorLab[BybitConvert]


def settings_for(url: str, **changes: object) -> BybitConvertSettings:
    plain: dict[str, object] = {
        "name": "bybit-sandbox",
        "base_url": url,
        "api_key": CREDENTIALS.api_key,
        "api_secret": CREDENTIALS.api_secret,
        "sandbox": True,
        "rate_budget": None,
        "execute_timeout_ms": SILENCE_MS,
        "quote_timeout_ms": SILENCE_MS,
    }
    return msgspec.convert(plain | changes, BybitConvertSettings)


def provider_for(url: str, clock: SharedClock, **changes: object) -> BybitConvert:
    http = HttpClient(jitter=lambda _: 0)
    return BybitConvert(settings_for(url, **changes), http=http, clock=clock)


def running_lab() -> AbstractAsyncContextManager[BybitLab]:
    return running_vendor("bybit_convert", provider_for)
