"""Which instruments a provider lists, from its row in the configuration file.

    "instruments": {"BTC-USDT": {"min_base": "0.0001", "max_quote": "50000", "base_decimals": 5}}

Without `instruments` it is asked for all of them, and refuses for itself. Amounts are decimal text.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

import msgspec

from domain.assets.asset import Asset
from domain.assets.catalog import Catalog
from domain.liquidity.listing import Listing, ListingInvalid, Listings
from domain.liquidity.quote import LpName
from domain.shared.money import AmountInvalid, parse_units
from entrypoints.wiring.errors import SettingInvalid
from entrypoints.wiring.settings import LP_CONFIG

Amount = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Decimals = Annotated[int, msgspec.Meta(ge=0, le=18)]

_log: Final = logging.getLogger(__name__)


class ListedInstrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of it beforehand; the provider's own word, of its own amounts."""

    min_base: Amount | None = None
    max_base: Amount | None = None
    min_quote: Amount | None = None
    max_quote: Amount | None = None
    base_decimals: Decimals | None = None
    quote_decimals: Decimals | None = None


InstrumentMap = dict[str, ListedInstrument]


def make_listings(
    configured: Iterable[tuple[LpName, InstrumentMap | None]], catalog: Catalog
) -> Listings:
    """Raises `SettingInvalid` for limits that make no sense."""
    return Listings(
        {
            lp: _listings(lp, instruments, catalog)
            for lp, instruments in configured
            if instruments is not None
        }
    )


def _listings(lp: LpName, instruments: InstrumentMap, catalog: Catalog) -> Mapping[str, Listing]:
    made = {}
    for symbol, listed in instruments.items():
        instrument = catalog.instruments.get(symbol)
        if instrument is None:
            _log.warning("%s is said to list %s, which is no instrument here", lp, symbol)
            continue
        try:
            made[symbol] = _listing(listed, instrument.base, instrument.quote)
        except (AmountInvalid, ListingInvalid) as error:
            raise SettingInvalid(LP_CONFIG, f"{lp}: {symbol}: {error.detail}") from None
    return made


def _listing(listed: ListedInstrument, base: Asset, quote: Asset) -> Listing:
    return Listing(
        min_base_units=_units(listed.min_base, base),
        max_base_units=_units(listed.max_base, base),
        min_quote_units=_units(listed.min_quote, quote),
        max_quote_units=_units(listed.max_quote, quote),
        base_step=_step(listed.base_decimals, base),
        quote_step=_step(listed.quote_decimals, quote),
    )


def _units(amount: str | None, asset: Asset) -> int | None:
    return None if amount is None else parse_units(amount, scale=asset.scale)


def _step(decimals: int | None, asset: Asset) -> int:
    step: int = 1 if decimals is None else 10 ** max(asset.scale - decimals, 0)
    return step
