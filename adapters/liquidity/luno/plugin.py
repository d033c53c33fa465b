from typing import Final

from adapters.http_client.client import HttpClient
from adapters.liquidity.luno.client import CAPABILITIES, Luno
from adapters.liquidity.luno.config import LunoSettings
from adapters.liquidity.luno.ticker import TICKER
from adapters.liquidity.plugin import LpPlugin, LpTools
from application.ports.liquidity import LiquidityProvider


def build(settings: LunoSettings, tools: LpTools) -> LiquidityProvider:
    return Luno(settings, http=HttpClient(jitter=tools.jitter), clock=tools.clock)


PLUGIN: Final = LpPlugin(
    dialect="luno",
    settings=LunoSettings,
    capabilities=CAPABILITIES,
    vendor="luno",
    ticker=TICKER,
    build=build,
)
