"""LPs whose answers a test lets out one by one, and everything around them that asking needs."""

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID

from msgspec.structs import replace
from typing_extensions import override

from adapters.memory.clock import ManualClock
from adapters.memory.liquidity import CAPABILITIES, MemoryLiquidityProvider
from adapters.memory.platform import MemoryPlatform
from adapters.memory.store import Store
from adapters.system.ids import SystemIds
from application.background import Background
from application.ports.catalog import ListedLp, LpRole
from application.ports.liquidity import LiquidityProvider
from application.ports.lp_routes import LpRoute, RouteChange
from application.quotes.ask_providers import AskProviders
from domain.assets.instrument import Instrument
from domain.liquidity.capabilities import Capabilities
from domain.liquidity.listing import Listing, Listings
from domain.liquidity.observation import Observation
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest
from domain.liquidity.routing import RoutingPolicy
from domain.liquidity.standing import GOOD, Standing, StandingsView
from domain.shared.ids import OperatorId
from domain.shared.price import Price
from domain.shared.side import FixedSide, Side
from domain.tenants.operator import Operator
from tests.unit.domain.builders import BTC, USDT, instrument_of

T = TypeVar("T")

ONE, TWO, THREE = (LpName(name) for name in ("one", "two", "three"))
BTC_USDT: Final = instrument_of(min_units=10**8)
PRICE: Final = 50_000
EXACT_BASE: Final = replace(CAPABILITIES, exact_in=False, exact_out=False, exact_base=True)
EXACT_IN: Final = replace(CAPABILITIES, exact_out=False)


class HeldLp(MemoryLiquidityProvider):
    """Answers at once, or when it is let. `cancelled` counts the questions that were broken off."""

    def __init__(
        self,
        name: LpName,
        clock: ManualClock,
        *,
        price: int = PRICE,
        capabilities: Capabilities = CAPABILITIES,
    ) -> None:
        prices = {BTC_USDT.symbol: Price(Decimal(price))}
        super().__init__(name, clock=clock, prices=prices, capabilities=capabilities)
        self.asked = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()
        self.cancelled = 0
        self.answers: list[Callable[[LpQuote], LpQuote]] = []

    @override
    async def request_quote(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        self.asked.set()
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        answer = await super().request_quote(request)
        if isinstance(answer, LpQuote) and self.answers:
            return self.answers.pop(0)(answer)
        return answer


class SetStandings:
    """As a test sets them; keeps what was observed."""

    def __init__(self) -> None:
        self.of: dict[LpName, Standing] = {}
        self.observed: list[Observation] = []
        self.claims_left = 1

    async def view(self) -> StandingsView:
        return StandingsView(listed={}, of_lps={**self.of})

    def observe(self, observation: Observation) -> None:
        self.observed.append(observation)

    async def claim_quote(self, lp: LpName, instrument: str) -> bool:
        self.claims_left -= 1
        return self.claims_left >= 0

    async def claim_execution(self, lp: LpName, instrument: str) -> bool:
        raise AssertionError("nothing is executed here")

    async def close(self) -> None:
        """Nothing waits to be written."""

    def seen(self) -> list[tuple[LpName, str]]:
        return [(each.lp, each.cause or "ok") for each in self.observed]


class AskLab:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = Store(clock=self.clock, ids=SystemIds())
        self.store.assets = {BTC.code: BTC, USDT.code: USDT}
        self.store.instruments = {BTC_USDT.symbol: BTC_USDT}
        self.lps: dict[LpName, HeldLp] = {}
        self.standings = SetStandings()
        self.background = Background()
        self.listed: dict[LpName, Mapping[str, Listing]] = {}

    def add(
        self, name: LpName, *, price: int = PRICE, capabilities: Capabilities = CAPABILITIES
    ) -> HeldLp:
        lp = self.lps[name] = HeldLp(name, self.clock, price=price, capabilities=capabilities)
        self.store.lps = {
            **self.store.lps,
            name: ListedLp(name=name, dialect="memory", role=LpRole.BACKUP, rank=len(self.lps)),
        }
        return lp

    def route(self, policy: RoutingPolicy) -> None:
        change = RouteChange(
            instrument=BTC_USDT.symbol,
            policy=policy,
            reason="a test's",
            changed_by=Operator(OperatorId(UUID(int=1)), "Abeba"),
        )
        route = LpRoute(change=change, version=1, changed_at=self.clock.now())
        self.store.lp_route_changes = {BTC_USDT.symbol: (route,)}

    def stand(self, name: LpName, standing: Standing = GOOD) -> None:
        self.standings.of[name] = standing

    def asker(self, *, deadline_ms: int = 10_000) -> AskProviders:
        providers: dict[LpName, LiquidityProvider] = {**self.lps}
        return AskProviders(
            platform=MemoryPlatform(self.store),
            providers=providers,
            standings=self.standings,
            listings=Listings(self.listed),
            background=self.background,
            clock=self.clock,
            deadline_ms=deadline_ms,
        )

    def asked(self) -> list[LpName]:
        return [name for name, lp in self.lps.items() for _ in lp.requests]


async def taken(lp_quote: LpQuote) -> LpQuote:
    return lp_quote


def request(
    side: Side = Side.BUY,
    fixed: FixedSide = FixedSide.BASE,
    units: int = 10**8,
    *,
    instrument: Instrument = BTC_USDT,
    scenario: str | None = None,
) -> LpQuoteRequest:
    return LpQuoteRequest(
        instrument=instrument, side=side, fixed=fixed, units=units, scenario=scenario
    )
