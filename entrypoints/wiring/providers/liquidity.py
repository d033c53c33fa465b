import secrets
from collections.abc import AsyncIterator, Mapping

from dishka import Provider, Scope, provide

from application.ports.catalog import Platform
from application.ports.clock import Clock
from application.ports.liquidity import LiquidityProvider
from domain.liquidity.quote import LpName
from entrypoints.wiring.settings import Settings


class LiquidityProviders(Provider):
    """The LPs of the configuration file, by name. Instruments listed later need a restart."""

    scope = Scope.APP

    @provide
    async def providers(
        self, settings: Settings, clock: Clock, platform: Platform
    ) -> AsyncIterator[Mapping[LpName, LiquidityProvider]]:
        # Few commands speak to a provider, and all of them would load what speaks HTTP.
        from adapters.liquidity.plugin import LpTools
        from entrypoints.wiring.registry import make_provider, read_lps

        view = await platform.view()
        tools = LpTools(
            clock=clock, jitter=_jitter, instruments=tuple(view.catalog.instruments.values())
        )
        built = {
            entry.listed.name: make_provider(entry, tools) for entry in read_lps(settings.lp_config)
        }
        yield built
        for provider in built.values():
            await provider.close()


def _jitter(limit: int) -> int:
    return secrets.randbelow(limit + 1)
