"""B2C2 and its simulator."""

from contextlib import AbstractAsyncContextManager

import msgspec

from adapters.http_client.client import HttpClient
from adapters.liquidity.b2c2.client import B2c2
from adapters.liquidity.b2c2.config import B2c2Settings
from tests.liquidity.vendor_lab import (
    CREDENTIALS,
    SILENCE_MS,
    SharedClock,
    VendorLab,
    running_vendor,
)

B2c2Lab = VendorLab[B2c2]


def settings_for(url: str, **changes: object) -> B2c2Settings:
    plain: dict[str, object] = {
        "name": "b2c2-sandbox",
        "base_url": url,
        "api_secret": CREDENTIALS.api_secret,
        "sandbox": True,
        "execute_timeout_ms": SILENCE_MS,
        "quote_timeout_ms": SILENCE_MS,
    }
    return msgspec.convert(plain | changes, B2c2Settings)


def provider_for(url: str, clock: SharedClock, **changes: object) -> B2c2:
    return B2c2(settings_for(url, **changes), http=HttpClient(jitter=lambda _: 0), clock=clock)


def running_lab() -> AbstractAsyncContextManager[B2c2Lab]:
    """BTC-USDT stands at 64,000: bid 63,987.20, ask 64,012.80."""
    return running_vendor("b2c2", provider_for)
