"""The wiring of an API and of a worker, with two things that stand still.

Vendors fail here on purpose, all the time: with breakers, the second cell of each would meet none
any more. And each lane has but one vendor, so what confirms its prices is told.
"""

from decimal import Decimal
from typing import Final

from dishka import AsyncContainer, Provider, Scope, provide
from typing_extensions import override

from adapters.memory.price_reference import MemoryReferences
from application.ports.clock import Clock
from application.ports.price_reference import References
from application.ports.standing import Standings
from domain.liquidity.observation import Observation
from domain.liquidity.quote import LpName
from domain.liquidity.standing import StandingsView
from domain.shared.price import Price
from entrypoints.wiring.container import make_api_container, make_worker_container
from entrypoints.wiring.settings import Settings

# At these, vendors hold their markets.
PRICES: Final = {"BTC-USDT": "64000", "BTC-ZAR": "1200000", "USDT-NGN": "1500"}


class Trusting(Standings):
    """Whatever they do, providers are asked."""

    @override
    async def view(self) -> StandingsView:
        return StandingsView({}, {})

    @override
    def observe(self, observation: Observation) -> None: ...

    @override
    async def claim_quote(self, lp: LpName, instrument: str) -> bool:
        return True

    @override
    async def claim_execution(self, lp: LpName, instrument: str) -> bool:
        return True

    @override
    async def close(self) -> None: ...


def references(clock: Clock) -> References:
    prices = {symbol: Price(Decimal(price)) for symbol, price in PRICES.items()}
    return MemoryReferences(prices, clock=clock)


class Still(Provider):
    scope = Scope.APP

    @provide
    def standings(self) -> Standings:
        return Trusting()

    references = provide(staticmethod(references))


def api_container(settings: Settings) -> AsyncContainer:
    return make_api_container(settings, Still())


def worker_container(settings: Settings) -> AsyncContainer:
    return make_worker_container(settings, Still())
