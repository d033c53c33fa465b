from typing import Final

from adapters.http_client.client import HttpClient
from adapters.liquidity.bybit_convert.client import CAPABILITIES, BybitConvert
from adapters.liquidity.bybit_convert.config import BybitConvertSettings
from adapters.liquidity.bybit_convert.ticker import TICKER
from adapters.liquidity.bybit_convert.transform import DIALECT
from adapters.liquidity.plugin import LpPlugin, LpTools
from application.ports.liquidity import LiquidityProvider


def build(settings: BybitConvertSettings, tools: LpTools) -> LiquidityProvider:
    http = HttpClient(jitter=tools.jitter)
    return BybitConvert(settings, http=http, clock=tools.clock, instruments=tools.instruments)


PLUGIN: Final = LpPlugin(
    dialect=DIALECT,
    settings=BybitConvertSettings,
    capabilities=CAPABILITIES,
    vendor="bybit",
    ticker=TICKER,
    build=build,
)
