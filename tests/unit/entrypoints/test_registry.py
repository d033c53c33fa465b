from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from adapters.liquidity.plugin import LpTools
from adapters.system.clock import SystemClock
from application.ports.catalog import LpRole
from entrypoints.wiring.errors import SettingInvalid
from entrypoints.wiring.registry import LPS, make_provider, read_lps

SECRET = "do-not-print-me"
ROW = {
    "name": "binance_primary",
    "dialect": "binance_convert",
    "role": "primary",
    "rank": 1,
    "url": "http://127.0.0.1:9",
    "api_key": "key",
    "api_secret": SECRET,
    "sandbox": True,
    "absence_margin_seconds": 5,
}
TOOLS = LpTools(clock=SystemClock(), jitter=lambda limit: limit)


def write(folder: Path, *rows: object) -> Path:
    path = folder / "lps.json"
    path.write_bytes(msgspec.json.encode(list(rows)))
    return path


async def test_configured_lp_is_built_by_its_dialect(tmp_path: Path) -> None:
    (entry,) = read_lps(write(tmp_path, ROW))
    assert (entry.listed.role, entry.listed.rank) == (LpRole.PRIMARY, 1)
    provider = make_provider(entry, TOOLS)
    assert provider.name == "binance_primary"
    await provider.close()


def test_words_of_the_file_become_those_of_the_dialect(tmp_path: Path) -> None:
    (entry,) = read_lps(write(tmp_path, ROW))
    plugin = next(each for each in LPS if each.dialect == ROW["dialect"])
    settings = msgspec.convert(entry.options, plugin.settings, strict=False)  # type: ignore[attr-defined]
    assert settings.base_url == ROW["url"]
    assert settings.absence_margin == timedelta(seconds=5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dialect": "carrier_pigeon"},
        {"role": "third"},
        {"url": "ftp://127.0.0.1"},
        {"api_secret": 7},
        {"name": "Not A Name"},
    ],
)
def test_wrong_row_is_refused_without_its_secret(tmp_path: Path, wrong: dict[str, object]) -> None:
    path = write(tmp_path, ROW | wrong)
    with pytest.raises(SettingInvalid, match="AKSUM_LP_CONFIG") as refused:
        make_provider(read_lps(path)[0], TOOLS)
    assert SECRET not in str(refused.value)


def test_two_lps_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="one name"):
        read_lps(write(tmp_path, ROW, ROW))


def test_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lps.json"
    path.write_text("{")
    with pytest.raises(SettingInvalid, match="malformed"):
        read_lps(path)
