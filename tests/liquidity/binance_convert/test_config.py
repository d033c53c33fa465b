"""Settings that must not be possible, and a secret that must not be seen."""

from typing import Final

import msgspec
import pytest

from adapters.liquidity.binance_convert.client import BinanceConvert
from adapters.liquidity.binance_convert.config import BinanceConvertSettings
from adapters.liquidity.binance_convert.plugin import PLUGIN
from adapters.liquidity.binance_convert.signing import sign, signed
from adapters.liquidity.plugin import Dialect, LpTools
from adapters.memory.clock import ManualClock

KEYS: Final = {"api_key": "key-1", "api_secret": "hush-hush"}

# From the exchange's own signed example; a key of its documentation, never a live one.
GOLDEN_SECRET: Final = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
GOLDEN_PAYLOAD: Final = (
    b"symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    b"&recvWindow=5000&timestamp=1499827319559"
)
GOLDEN_SIGNATURE: Final = b"c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


def settings(**changes: object) -> BinanceConvertSettings:
    return msgspec.convert(KEYS | changes, BinanceConvertSettings, strict=False)


def test_signature_is_the_published_one_and_comes_last() -> None:
    assert sign(GOLDEN_SECRET, GOLDEN_PAYLOAD) == GOLDEN_SIGNATURE
    assert signed(GOLDEN_SECRET, GOLDEN_PAYLOAD) == (
        GOLDEN_PAYLOAD + b"&signature=" + GOLDEN_SIGNATURE
    )


def test_defaults_are_the_vendor_over_tls() -> None:
    made = settings()
    assert made.base_url.startswith("https://")
    assert not made.sandbox
    assert made.refusals_confirmed == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://api.binance.com"},
        {"base_url": "ftp://api.binance.com", "sandbox": True},
        {"base_url": "https://api.binance.com/"},
        {"api_key": "with\nnewline"},
        {"api_key": ""},
        {"api_secret": ""},
        {"execute_timeout_ms": 0},
        {"execute_timeout_ms": 60_001},
        {"valid_time": "10m"},
        {"wallet_type": "SPOT&x=1"},
        {"absence_margin": "-PT1S"},
        {"name": "Binance!"},
        {"absense_margin": "PT60S"},
    ],
)
def test_setting_that_cannot_be_meant_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(**changes)


def test_secret_is_in_no_representation() -> None:
    made = settings()
    assert KEYS["api_secret"] not in f"{made!r} {made}"


async def test_plugin_builds_a_provider_from_plain_settings() -> None:
    dialect: Dialect = PLUGIN
    tools = LpTools(clock=ManualClock(), jitter=lambda _: 0)
    made = dialect.make({**KEYS, "name": "lp-b", "absence_margin": 30}, tools)
    assert isinstance(made, BinanceConvert)
    assert made.name == "lp-b"
    assert made.capabilities == dialect.capabilities
    await made.close()


def test_plugin_names_the_setting_that_is_missing() -> None:
    tools = LpTools(clock=ManualClock(), jitter=lambda _: 0)
    with pytest.raises(msgspec.ValidationError, match="api_secret"):
        PLUGIN.make({"api_key": "key-1"}, tools)
