"""The adapter and the simulator of its vendor, over real HTTP, on one clock that tests move."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import aiohttp
import msgspec

from adapters.http_client.client import HttpClient
from adapters.liquidity.binance_convert.client import BinanceConvert
from adapters.liquidity.binance_convert.config import BinanceConvertSettings
from adapters.liquidity.channel import LOOKUP_ATTEMPTS
from adapters.liquidity.times import from_ms, to_ms
from domain.assets.instrument import Instrument
from entrypoints.simulator.binance_convert.app import FAULTS
from entrypoints.simulator.server import RunningSimulator, create_simulator, serve
from entrypoints.simulator.vendor import Credentials
from tests.liquidity.instruments import BTC_USDT

CREDENTIALS: Final = Credentials("partner-key-1", "partner-secret-1")
START_MS: Final = 1_760_000_000_000
# Long enough for two busy cores, short enough to wait for a silence on purpose.
SILENCE_MS: Final = 400


class SharedClock:
    """Ours in `now`, the vendor's in `now_ms`; they differ by `skew` if a test wants it."""

    def __init__(self) -> None:
        self._now = from_ms(START_MS)
        self.skew = timedelta(0)

    def now(self) -> datetime:
        return self._now

    def now_ms(self) -> int:
        return to_ms(self._now + self.skew)

    def advance(self, duration: timedelta) -> None:
        self._now += duration


class BinanceLab:
    lookup_attempts = LOOKUP_ATTEMPTS

    def __init__(
        self, running: RunningSimulator, clock: SharedClock, provider: BinanceConvert
    ) -> None:
        self.clock = clock
        self.provider = provider
        self.running = running
        self.instrument: Instrument = BTC_USDT
        self._control = aiohttp.ClientSession()

    def now(self) -> datetime:
        return self.clock.now()

    def advance(self, duration: timedelta) -> None:
        self.clock.advance(duration)

    async def arm(self, fault: str, **params: int) -> None:
        await self.control("POST", "faults", {"fault": fault, **params})

    async def disarm(self) -> None:
        await self.control("DELETE", "faults", None)

    def shows(self, fault: str) -> bool:
        return fault in FAULTS

    async def executions(self) -> int:
        listed = await self.control("GET", "executions", None)
        return len(msgspec.convert(listed["data"], type=list[object]))

    async def control(self, method: str, path: str, body: object) -> dict[str, object]:
        data = None if body is None else msgspec.json.encode(body)
        url = f"{self.running.control_url}/{path}"
        async with self._control.request(method, url, data=data) as response:
            raw = await response.read()
            assert response.status < 300, raw
            return msgspec.json.decode(raw, type=dict[str, object])

    async def close(self) -> None:
        await self._control.close()


def settings_for(url: str, **changes: object) -> BinanceConvertSettings:
    plain: dict[str, object] = {
        "name": "binance-sandbox",
        "base_url": url,
        "api_key": CREDENTIALS.api_key,
        "api_secret": CREDENTIALS.api_secret,
        "sandbox": True,
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


@asynccontextmanager
async def running_lab(*, rate_limits: bool = True, **changes: object) -> AsyncIterator[BinanceLab]:
    """BTC-USDT stands at 64,000."""
    clock = SharedClock()
    app = create_simulator(
        "binance_convert", seed=7, credentials=CREDENTIALS, clock=clock, rate_limits=rate_limits
    )
    running = await serve(app)
    provider = provider_for(settings_for(running.url, **changes), clock)
    lab = BinanceLab(running, clock, provider)
    try:
        await lab.control("POST", "prices", {"instrument": "BTC-USDT", "price": "64000"})
        yield lab
    finally:
        await provider.close()
        await lab.close()
        await running.close()
