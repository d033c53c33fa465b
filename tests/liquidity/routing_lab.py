"""Several vendors' adapters and simulators behind one question for a quote, over real HTTP."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import aiohttp
from aiohttp import web

from adapters.memory.platform import MemoryPlatform
from adapters.memory.store import Store
from adapters.system.ids import SystemIds
from application.background import Background
from application.ports.catalog import ListedLp, LpRole
from application.ports.liquidity import LiquidityProvider
from application.ports.lp_routes import LpRoute, RouteChange
from application.quotes.ask_providers import AskProviders
from domain.assets.instrument import Instrument
from domain.liquidity.listing import Listings
from domain.liquidity.quote import LpName
from domain.liquidity.routing import RoutingPolicy
from entrypoints.simulator.control import CONTROL_PREFIX
from entrypoints.simulator.server import RunningSimulator, create_simulator, serve
from tests.contract.lp_routes_contract import OPERATOR
from tests.liquidity.b2c2 import lab as b2c2
from tests.liquidity.binance_convert import lab as binance
from tests.liquidity.bybit_convert import lab as bybit
from tests.liquidity.luno import lab as luno
from tests.liquidity.vendor_lab import CREDENTIALS, SharedClock
from tests.unit.application.quotes.lab import SetStandings

# Nobody who is timed here may be cut off by its adapter first.
PATIENT: Final = {"quote_timeout_ms": 30_000}
QUOTE_PATHS: Final = (
    "getQuote",
    "quote-apply",
    "request_for_quote/",
    "orderbook_top",
)


def _binance(url: str, clock: SharedClock, name: str) -> LiquidityProvider:
    return binance.provider_for(binance.settings_for(url, name=name, **PATIENT), clock)


def _bybit(url: str, clock: SharedClock, name: str) -> LiquidityProvider:
    return bybit.provider_for(url, clock, name=name, **PATIENT)


def _b2c2(url: str, clock: SharedClock, name: str) -> LiquidityProvider:
    return b2c2.provider_for(url, clock, name=name, **PATIENT)


def _luno(url: str, clock: SharedClock, name: str) -> LiquidityProvider:
    return luno.provider_for(url, clock, name=name, **PATIENT)


MAKERS: Final[Mapping[str, Callable[[str, SharedClock, str], LiquidityProvider]]] = {
    "b2c2": _b2c2,
    "binance_convert": _binance,
    "bybit_convert": _bybit,
    "luno": _luno,
}


class Vendor:
    """One simulator and its adapter. `quotes_asked` counts requests for a price that arrived."""

    def __init__(self, provider: LiquidityProvider, running: RunningSimulator) -> None:
        self.provider = provider
        self.running = running
        self.quotes_asked = 0

    async def control(self, path: str, body: Mapping[str, object]) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.running.control_url}/{path}", json=body) as response,
        ):
            assert response.status < 300, await response.text()

    async def arm(self, fault: str, **params: int) -> None:
        await self.control("faults", {"fault": fault, **params})

    async def price(self, price: str, *, instrument: Instrument) -> None:
        await self.control("prices", {"instrument": instrument.symbol, "price": price})


class RoutingLab:
    def __init__(self, instrument: Instrument, *, price: str) -> None:
        self._instrument, self._price = instrument, price
        self.clock = SharedClock()
        self.store = Store(clock=self.clock, ids=SystemIds())
        self.store.instruments = {instrument.symbol: instrument}
        self.standings = SetStandings()
        self.background = Background()
        self.vendors: dict[LpName, Vendor] = {}

    async def add(self, name: LpName, dialect: str = "binance_convert") -> Vendor:
        """Its market stands at the lab's price."""
        app = create_simulator(
            dialect, seed=7, credentials=CREDENTIALS, clock=self.clock, rate_limits=False
        )

        @web.middleware
        async def counting(
            request: web.Request,
            handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
        ) -> web.StreamResponse:
            if request.path.endswith(QUOTE_PATHS) and CONTROL_PREFIX not in request.path:
                vendor.quotes_asked += 1
            return await handler(request)

        app.middlewares.append(counting)
        running = await serve(app)
        vendor = Vendor(MAKERS[dialect](running.url, self.clock, name), running)
        self.vendors[name] = vendor
        listed = ListedLp(name=name, dialect=dialect, role=LpRole.BACKUP, rank=len(self.vendors))
        self.store.lps = {**self.store.lps, name: listed}
        await vendor.price(self._price, instrument=self._instrument)
        return vendor

    def route(self, policy: RoutingPolicy) -> None:
        symbol = self._instrument.symbol
        change = RouteChange(
            instrument=symbol, policy=policy, reason="a test's", changed_by=OPERATOR
        )
        route = LpRoute(change=change, version=1, changed_at=self.clock.now())
        self.store.lp_route_changes = {symbol: (route,)}

    def asker(self, *, deadline_ms: int) -> AskProviders:
        return AskProviders(
            platform=MemoryPlatform(self.store),
            providers={name: vendor.provider for name, vendor in self.vendors.items()},
            standings=self.standings,
            listings=Listings({}),
            background=self.background,
            clock=self.clock,
            deadline_ms=deadline_ms,
        )

    async def close(self) -> None:
        await self.background.drain()
        for vendor in self.vendors.values():
            await vendor.provider.close()
            await vendor.running.close()
