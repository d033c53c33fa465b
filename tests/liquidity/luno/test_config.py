"""Settings that must not be possible, the golden header, and a secret that must not be seen."""

from typing import Final

import msgspec
import pytest

from adapters.liquidity.luno.config import LunoSettings
from adapters.liquidity.luno.plugin import PLUGIN
from adapters.liquidity.luno.signing import basic
from adapters.liquidity.plugin import LpTools
from adapters.memory.clock import ManualClock

KEYS: Final = {"api_key": "key-1", "api_secret": "hush-hush"}


def settings(**changes: object) -> LunoSettings:
    return msgspec.convert(KEYS | changes, LunoSettings, strict=False)


def test_header_is_that_of_the_standard() -> None:
    """The example of RFC 7617, section 2."""
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_defaults_are_the_vendor_over_tls() -> None:
    made = settings()
    assert made.base_url == "https://api.luno.com"
    assert not made.sandbox
    assert made.refusals_confirmed == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://api.luno.com"},
        {"api_secret": ""},
        {"quote_life": "PT0.5S"},
        {"quote_life": "PT61S"},
        {"price_buffer_ppm": -1},
        {"price_buffer_ppm": 50_001},
        {"absence_margin": "-PT1S"},
        {"quote_live": "PT5S"},
    ],
)
def test_impossible_setting_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(**changes)


def test_secret_is_not_shown() -> None:
    assert "hush" not in repr(settings())


async def test_plugin_builds_what_it_declares() -> None:
    tools = LpTools(clock=ManualClock(), jitter=lambda _: 0)
    provider = PLUGIN.make(KEYS | {"name": "luno-za"}, tools)
    assert (provider.name, provider.capabilities) == ("luno-za", PLUGIN.capabilities)
    await provider.close()
