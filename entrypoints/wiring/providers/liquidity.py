import secrets
from collections.abc import AsyncIterator, Mapping

from dishka import Provider, Scope, provide

from application.liquidity.observed_provider import ObservedProvider
from application.liquidity.price_guard import PriceGuard
from application.liquidity.reference_board import ReferenceBoard
from application.ports.catalog import Platform
from application.ports.clock import Clock
from application.ports.liquidity import LiquidityProvider
from application.ports.price_reference import References
from application.ports.standing import Standings
from domain.liquidity.listing import Listings
from domain.liquidity.quote import LpName
from entrypoints.wiring.listings import make_listings
from entrypoints.wiring.settings import Settings


class LiquidityProviders(Provider):
    """The LPs of the configuration file, by name. Instruments listed later need a restart."""

    scope = Scope.APP

    @provide
    async def providers(
        self, settings: Settings, clock: Clock, platform: Platform, standings: Standings
    ) -> AsyncIterator[Mapping[LpName, LiquidityProvider]]:
        # Few commands speak to a provider, and all of them would load what speaks HTTP.
        from adapters.liquidity.plugin import LpTools
        from entrypoints.wiring.registry import make_provider, read_lps

        view = await platform.view()
        tools = LpTools(
            clock=clock, jitter=_jitter, instruments=tuple(view.catalog.instruments.values())
        )
        built = {
            entry.listed.name: ObservedProvider(make_provider(entry, tools), standings, clock)
            for entry in read_lps(settings.lp_config)
        }
        yield built
        for provider in built.values():
            await provider.close()

    @provide
    async def listings(self, settings: Settings, platform: Platform) -> Listings:
        from entrypoints.wiring.registry import read_lps

        view = await platform.view()
        entries = read_lps(settings.lp_config)
        return make_listings(
            ((entry.listed.name, entry.instruments) for entry in entries), view.catalog
        )

    @provide
    async def references(self, settings: Settings, clock: Clock) -> AsyncIterator[References]:
        """Public prices; none of them is asked for before somebody wants a quote."""
        from adapters.liquidity.plugin import LpTools
        from entrypoints.wiring.registry import make_references, read_lps

        tools = LpTools(clock=clock, jitter=_jitter)
        board = ReferenceBoard(make_references(read_lps(settings.lp_config), tools), clock=clock)
        yield board
        await board.close()

    @provide
    def price_guard(
        self, settings: Settings, references: References, platform: Platform, clock: Clock
    ) -> PriceGuard:
        from entrypoints.wiring.registry import read_lps, vendors

        return PriceGuard(
            references=references,
            platform=platform,
            vendors=vendors(read_lps(settings.lp_config)),
            clock=clock,
        )


def _jitter(limit: int) -> int:
    return secrets.randbelow(limit + 1)
