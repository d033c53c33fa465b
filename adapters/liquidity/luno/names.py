"""Luno's names for assets and markets."""

from typing import Final

from domain.assets.instrument import Instrument

_THEIRS: Final = {"BTC": "XBT"}
_OURS: Final = {theirs: ours for ours, theirs in _THEIRS.items()}


def pair_of(instrument: Instrument) -> str:
    base, counter = instrument.base.code, instrument.quote.code
    return _THEIRS.get(base, base) + _THEIRS.get(counter, counter)


def our_asset(theirs: str) -> str:
    return _OURS.get(theirs, theirs)
