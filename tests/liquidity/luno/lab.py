"""Luno and its simulator, on the market of bitcoin against rand."""

from contextlib import AbstractAsyncContextManager

import msgspec

from adapters.http_client.client import HttpClient
from adapters.liquidity.luno.client import Luno
from adapters.liquidity.luno.config import LunoSettings
from tests.liquidity.instruments import BTC_ZAR
from tests.liquidity.vendor_lab import (
    CREDENTIALS,
    SILENCE_MS,
    SharedClock,
    VendorLab,
    running_vendor,
)

LunoLab = VendorLab[Luno]


def settings_for(url: str, **changes: object) -> LunoSettings:
    plain: dict[str, object] = {
        "name": "luno-sandbox",
        "base_url": url,
        "api_key": CREDENTIALS.api_key,
        "api_secret": CREDENTIALS.api_secret,
        "sandbox": True,
        "rate_budget": None,
        "price_buffer_ppm": 0,
        "execute_timeout_ms": SILENCE_MS,
        "quote_timeout_ms": SILENCE_MS,
    }
    return msgspec.convert(plain | changes, LunoSettings)


def provider_for(url: str, clock: SharedClock, **changes: object) -> Luno:
    return Luno(settings_for(url, **changes), http=HttpClient(jitter=lambda _: 0), clock=clock)


def running_lab(**changes: object) -> AbstractAsyncContextManager[LunoLab]:
    """BTC-ZAR stands at 1,200,000: bid 1,199,040, ask 1,200,960; the fee is 0.1 %."""

    def make(url: str, clock: SharedClock) -> Luno:
        return provider_for(url, clock, **changes)

    return running_vendor("luno", make, instrument=BTC_ZAR, price="1200000")
