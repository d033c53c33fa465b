"""Settings that must not be possible, the headers, and a secret that must not be seen."""

from typing import Final

import msgspec
import pytest

from adapters.liquidity.busha.config import BushaSettings
from adapters.liquidity.busha.plugin import PLUGIN
from adapters.liquidity.busha.signing import authorization
from adapters.liquidity.plugin import LpTools
from adapters.memory.clock import ManualClock

KEYS: Final = {"api_secret": "hush-hush", "api_key": "BUS_tg6yujbZ1nMu5BLQkPGGO"}


def settings(**changes: object) -> BushaSettings:
    return msgspec.convert(KEYS | changes, BushaSettings, strict=False)


def test_headers_name_the_secret_and_the_profile() -> None:
    assert authorization("hush-hush", "BUS_1") == {
        "Authorization": "Bearer hush-hush",
        "X-BU-PROFILE-ID": "BUS_1",
    }


def test_defaults_are_the_vendor_over_tls() -> None:
    made = settings()
    assert made.base_url == "https://api.busha.co"
    assert not made.sandbox


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://api.busha.co"},
        {"api_secret": ""},
        {"api_key": "BUS 1"},
        {"expiry_guard": "PT0S"},
        {"expiry_guard": "PT30S"},
        {"quote_life": "PT2S"},
        {"expiry_gard": "PT2S"},
    ],
)
def test_impossible_setting_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(**changes)


def test_secret_is_not_shown() -> None:
    assert "hush" not in repr(settings())


async def test_plugin_builds_what_it_declares() -> None:
    tools = LpTools(clock=ManualClock(), jitter=lambda _: 0)
    provider = PLUGIN.make(KEYS | {"name": "busha-ng"}, tools)
    assert (provider.name, provider.capabilities) == ("busha-ng", PLUGIN.capabilities)
    await provider.close()
