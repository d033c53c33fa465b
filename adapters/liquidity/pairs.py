"""Base and quote of a vendor's conversion, which names only what was given and what was gotten."""

from collections.abc import Iterable

from domain.assets.asset import Asset
from domain.assets.instrument import Instrument
from domain.shared.side import Side


def legs(instrument: Instrument, side: Side) -> tuple[Asset, Asset]:
    """What we give and what we get."""
    if side is Side.BUY:
        return instrument.quote, instrument.base
    return instrument.base, instrument.quote


class Pairs:
    """Learns every instrument it is shown; there are as many as the deployment lists."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._known: dict[tuple[str | None, str | None], tuple[Instrument, Side]] = {}
        self._assets: dict[str, Asset] = {}
        for instrument in instruments:
            self.learn(instrument)

    def learn(self, instrument: Instrument) -> None:
        base, quote = instrument.base.code, instrument.quote.code
        if (known := self._known.get((base, quote))) is None or known[0] is not instrument:
            self._known[quote, base] = (instrument, Side.BUY)
            self._known[base, quote] = (instrument, Side.SELL)
            self._assets[base], self._assets[quote] = instrument.base, instrument.quote

    def find(self, given: str | None, gotten: str | None) -> tuple[Instrument, Side] | None:
        return self._known.get((given, gotten))

    def asset(self, code: str) -> Asset | None:
        return self._assets.get(code)
