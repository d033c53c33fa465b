"""Busha and its simulator, on the market of tethers against naira."""

from contextlib import AbstractAsyncContextManager

import msgspec

from adapters.http_client.client import HttpClient
from adapters.liquidity.busha.client import Busha
from adapters.liquidity.busha.config import BushaSettings
from tests.liquidity.instruments import USDT_NGN
from tests.liquidity.vendor_lab import (
    CREDENTIALS,
    SILENCE_MS,
    SharedClock,
    VendorLab,
    running_vendor,
)

BushaLab = VendorLab[Busha]


def settings_for(url: str, **changes: object) -> BushaSettings:
    plain: dict[str, object] = {
        "name": "busha-sandbox",
        "base_url": url,
        "api_key": CREDENTIALS.api_key,
        "api_secret": CREDENTIALS.api_secret,
        "sandbox": True,
        "rate_budget": None,
        "execute_timeout_ms": SILENCE_MS,
        "quote_timeout_ms": SILENCE_MS,
    }
    return msgspec.convert(plain | changes, BushaSettings)


def running_lab(**changes: object) -> AbstractAsyncContextManager[BushaLab]:
    """USDT-NGN stands at 1,500: bid 1,497, ask 1,503."""

    def make(url: str, clock: SharedClock) -> Busha:
        http = HttpClient(jitter=lambda _: 0)
        return Busha(settings_for(url, **changes), http=http, clock=clock)

    return running_vendor("busha", make, instrument=USDT_NGN, price="1500")
