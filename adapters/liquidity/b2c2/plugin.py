from typing import Final

from adapters.http_client.client import HttpClient
from adapters.liquidity.b2c2.client import CAPABILITIES, B2c2
from adapters.liquidity.b2c2.config import B2c2Settings
from adapters.liquidity.b2c2.replies import DIALECT
from adapters.liquidity.plugin import LpPlugin, LpTools
from application.ports.liquidity import LiquidityProvider


def build(settings: B2c2Settings, tools: LpTools) -> LiquidityProvider:
    http = HttpClient(jitter=tools.jitter)
    return B2c2(settings, http=http, clock=tools.clock, instruments=tools.instruments)


PLUGIN: Final = LpPlugin(
    dialect=DIALECT, settings=B2c2Settings, capabilities=CAPABILITIES, vendor="b2c2", build=build
)
