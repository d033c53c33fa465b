"""An adapter and the simulator of its vendor, over real HTTP, on one clock that tests move."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import aiohttp
import msgspec

from adapters.liquidity.channel import LOOKUP_ATTEMPTS
from adapters.liquidity.times import from_ms, to_ms
from application.ports.liquidity import LiquidityProvider
from domain.assets.instrument import Instrument
from entrypoints.simulator.dialects import DIALECTS
from entrypoints.simulator.server import RunningSimulator, create_simulator, serve
from entrypoints.simulator.vendor import Credentials
from tests.liquidity.instruments import BTC_USDT

P = TypeVar("P", bound=LiquidityProvider)

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


class VendorLab(Generic[P]):
    lookup_attempts = LOOKUP_ATTEMPTS

    def __init__(
        self,
        dialect: str,
        running: RunningSimulator,
        clock: SharedClock,
        provider: P,
        instrument: Instrument,
    ) -> None:
        self.clock = clock
        self.provider = provider
        self.running = running
        self.instrument = instrument
        self._dialect = dialect
        self._control = aiohttp.ClientSession()

    def now(self) -> datetime:
        return self.clock.now()

    def advance(self, duration: timedelta) -> None:
        self.clock.advance(duration)

    def shows(self, fault: str) -> bool:
        return fault in DIALECTS[self._dialect].faults

    async def arm(self, fault: str, **params: int) -> None:
        await self.control("POST", "faults", {"fault": fault, **params})

    async def disarm(self) -> None:
        await self.control("DELETE", "faults", None)

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


@asynccontextmanager
async def running_vendor(
    dialect: str,
    make: Callable[[str, SharedClock], P],
    *,
    instrument: Instrument = BTC_USDT,
    price: str = "64000",
    rate_limits: bool = True,
) -> AsyncIterator[VendorLab[P]]:
    """The instrument stands at its price. `make` builds the provider for the vendor at that URL."""
    clock = SharedClock()
    app = create_simulator(
        dialect, seed=7, credentials=CREDENTIALS, clock=clock, rate_limits=rate_limits
    )
    running = await serve(app)
    provider = make(running.url, clock)
    lab = VendorLab(dialect, running, clock, provider, instrument)
    try:
        await lab.control("POST", "prices", {"instrument": instrument.symbol, "price": price})
        yield lab
    finally:
        await provider.close()
        await lab.close()
        await running.close()
