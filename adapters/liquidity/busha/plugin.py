from typing import Final

from adapters.http_client.client import HttpClient
from adapters.liquidity.busha.client import CAPABILITIES, Busha
from adapters.liquidity.busha.config import BushaSettings
from adapters.liquidity.busha.ticker import TICKER
from adapters.liquidity.plugin import LpPlugin, LpTools
from application.ports.liquidity import LiquidityProvider


def build(settings: BushaSettings, tools: LpTools) -> LiquidityProvider:
    http = HttpClient(jitter=tools.jitter)
    return Busha(settings, http=http, clock=tools.clock, instruments=tools.instruments)


PLUGIN: Final = LpPlugin(
    dialect="busha",
    settings=BushaSettings,
    capabilities=CAPABILITIES,
    vendor="busha",
    ticker=TICKER,
    build=build,
)
