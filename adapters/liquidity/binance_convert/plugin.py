from typing import Final

from adapters.http_client.client import HttpClient
from adapters.liquidity.binance_convert.client import CAPABILITIES, BinanceConvert
from adapters.liquidity.binance_convert.config import BinanceConvertSettings
from adapters.liquidity.binance_convert.ticker import TICKER
from adapters.liquidity.plugin import LpPlugin, LpTools
from application.ports.liquidity import LiquidityProvider


def build(settings: BinanceConvertSettings, tools: LpTools) -> LiquidityProvider:
    http = HttpClient(jitter=tools.jitter, headers={"X-MBX-APIKEY": settings.api_key})
    return BinanceConvert(settings, http=http, clock=tools.clock, instruments=tools.instruments)


PLUGIN: Final = LpPlugin(
    dialect="binance_convert",
    settings=BinanceConvertSettings,
    capabilities=CAPABILITIES,
    vendor="binance",
    ticker=TICKER,
    build=build,
)
