"""All that a quote needs: the sandbox's database, sample data and simulators, and no API process.

The use case is called in this process, so that its CPU time is that of quotes and of nothing else.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from dishka import AsyncContainer, Provider, Scope, provide
from typing_extensions import override

from application.errors import NoLiquidity
from application.ports.liquidity import LiquidityProvider
from application.quotes.ask_providers import AskProviders
from application.quotes.request_quote import RequestQuote
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest
from domain.shared.ids import CustomerId, IdPrefix, TenantId, decode_id
from entrypoints.cli.sandbox.files import SandboxFiles
from entrypoints.cli.sandbox.providers import provider_rows, simulator
from entrypoints.cli.sandbox.samples import LPS
from entrypoints.cli.sandbox.seed import Seed, list_catalog
from entrypoints.simulator.market import Market
from entrypoints.wiring.bench import DATABASE_URL, bench_server
from entrypoints.wiring.container import make_api_container, make_ops_container
from entrypoints.wiring.preparing import prepare
from entrypoints.wiring.settings import Settings

T = TypeVar("T")

PATIENCE: Final = timedelta(seconds=30)
SEED: Final = 1
PRIMARY: Final = LpName(LPS[0].name)


class OneLp(AskProviders):
    """The yardstick: one provider, asked straight, with no policy, health, map or second chance."""

    def __init__(self, provider: LiquidityProvider) -> None:
        self._provider = provider

    @override
    async def ask(self, asked: LpQuoteRequest, *, accept: Callable[[LpQuote], Awaitable[T]]) -> T:
        answer = await self._provider.request_quote(asked)
        if isinstance(answer, LpQuoteRefused):
            raise NoLiquidity("the one provider does not quote", refused=answer.reason)
        return await accept(answer)


class WithOneLp(Provider):
    scope = Scope.APP

    @provide(override=True)
    def ask_providers(self, providers: Mapping[LpName, LiquidityProvider]) -> AskProviders:
        return OneLp(providers[PRIMARY])


class RoutingLab(msgspec.Struct, frozen=True, kw_only=True):
    """`routed` asks as processes do, `single` one provider alone; all else is the same for both."""

    routed: RequestQuote
    single: RequestQuote
    tenant_id: TenantId
    customer_id: CustomerId
    lps: int


@asynccontextmanager
async def routing_lab(folder: Path) -> AsyncIterator[RoutingLab]:
    files = SandboxFiles(folder / "sandbox")
    files.prepare()
    async with AsyncExitStack() as opened:
        server = await opened.enter_async_context(bench_server(folder / "postgres"))
        settings = Settings(
            sandbox=True,
            data_dir=files.root,
            database_urls={DATABASE_URL: server.url},
            lp_config=files.liquidity,
        )
        await prepare(server.url, settings)
        for row in provider_rows(files, margin_seconds=1, rate_limits=False):
            child = simulator(row, SEED, files, rate_limits=False)
            opened.push_async_callback(child.stop, PATIENCE)
            await child.start()
            await child.until_ready(PATIENCE)
        ops = make_ops_container(settings)
        opened.push_async_callback(ops.close)
        await list_catalog(ops, settings)
        tenants, _ = await Seed(ops, None, market=Market(SEED)).run()
        yield RoutingLab(
            routed=await _request_quote(opened, make_api_container(settings)),
            single=await _request_quote(opened, make_api_container(settings, WithOneLp())),
            tenant_id=TenantId(decode_id(IdPrefix.TENANT, tenants[0].id)),
            customer_id=CustomerId(decode_id(IdPrefix.CUSTOMER, tenants[0].customers[0])),
            lps=len(LPS),
        )


async def _request_quote(opened: AsyncExitStack, container: AsyncContainer) -> RequestQuote:
    opened.push_async_callback(container.close)
    made: RequestQuote = await container.get(RequestQuote)
    return made
