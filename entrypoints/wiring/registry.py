"""Which liquidity providers Aksum can speak to, and which of them a deployment uses.

A new dialect is one package below `adapters/liquidity` and one name here.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from adapters.liquidity.b2c2 import plugin as b2c2
from adapters.liquidity.binance_convert import plugin as binance_convert
from adapters.liquidity.busha import plugin as busha
from adapters.liquidity.bybit_convert import plugin as bybit_convert
from adapters.liquidity.luno import plugin as luno
from adapters.liquidity.plugin import Dialect, LpTools
from application.ports.catalog import ListedLp, LpRole
from application.ports.liquidity import LiquidityProvider
from application.ports.price_reference import PriceReference
from domain.liquidity.quote import LpName
from entrypoints.wiring.errors import SettingInvalid
from entrypoints.wiring.listings import InstrumentMap
from entrypoints.wiring.settings import LP_CONFIG

LPS: Final[tuple[Dialect, ...]] = (
    b2c2.PLUGIN,
    binance_convert.PLUGIN,
    bybit_convert.PLUGIN,
    luno.PLUGIN,
    busha.PLUGIN,
)

# The words of the file, where they differ from those of a dialect's own settings.
RENAMED: Final = {"url": "base_url", "absence_margin_seconds": "absence_margin"}


class ConfiguredLp(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the file: what every LP has. All else in the row belongs to its dialect."""

    name: str
    dialect: str
    role: LpRole
    rank: int = 0
    instruments: InstrumentMap | None = None


class LpEntry(msgspec.Struct, frozen=True):
    """`options` are the dialect's settings, its credentials among them. `instruments` None: any."""

    listed: ListedLp
    options: dict[str, object]
    instruments: InstrumentMap | None = None


def read_lps(path: Path | None) -> tuple[LpEntry, ...]:
    """The rows of a file `[{"name", "dialect", "role", "rank", "url", "api_key", …}, …]`.

    `instruments` (`listings.py`) and `rate_budget` may be in a row too.

    Raises `SettingInvalid`; the text never holds a value from the file.
    """
    if path is None:
        return ()
    try:
        rows = msgspec.json.decode(path.read_bytes(), type=list[dict[str, object]])
        entries = tuple(_entry(row) for row in rows)
    except OSError as error:
        raise SettingInvalid(LP_CONFIG, f"cannot read the file: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise SettingInvalid(LP_CONFIG, f"the file is malformed: {error}") from None
    if len({entry.listed.name for entry in entries}) != len(entries):
        raise SettingInvalid(LP_CONFIG, "two liquidity providers have one name")
    return entries


def _entry(row: Mapping[str, object]) -> LpEntry:
    common = msgspec.convert(row, ConfiguredLp)
    listed = ListedLp(
        name=LpName(common.name), dialect=common.dialect, role=common.role, rank=common.rank
    )
    own = {
        RENAMED.get(key, key): value
        for key, value in row.items()
        if key not in {"dialect", "role", "rank", "instruments"}
    }
    return LpEntry(listed, own, common.instruments)


def make_provider(entry: LpEntry, tools: LpTools) -> LiquidityProvider:
    """Raises `SettingInvalid`."""
    plugin = _plugin(entry)
    try:
        return plugin.make(entry.options, tools)
    except msgspec.ValidationError as error:
        raise SettingInvalid(LP_CONFIG, f"{entry.listed.name}: {error}") from None


def make_references(entries: Iterable[LpEntry], tools: LpTools) -> tuple[PriceReference, ...]:
    """One for each vendor's address, however many accounts are kept there."""
    made: dict[tuple[str, object], PriceReference] = {}
    for entry in entries:
        plugin = _plugin(entry)
        place = (plugin.vendor, entry.options.get("base_url"))
        if place not in made and (reference := plugin.reference(entry.options, tools)) is not None:
            made[place] = reference
    return tuple(made.values())


def vendors(entries: Iterable[LpEntry]) -> dict[LpName, str]:
    return {entry.listed.name: _plugin(entry).vendor for entry in entries}


def _plugin(entry: LpEntry) -> Dialect:
    known = {plugin.dialect: plugin for plugin in LPS}
    plugin = known.get(entry.listed.dialect)
    if plugin is None:
        raise SettingInvalid(
            LP_CONFIG, f"{entry.listed.name}: unknown dialect; known: {', '.join(sorted(known))}"
        )
    return plugin
