"""B2C2's names for currencies and instruments, and the ids we give to orders."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID, uuid5

from domain.assets.asset import Asset
from domain.assets.instrument import Instrument

_THEIRS: Final = {"USDC": "USC", "USDT": "UST"}
_OURS: Final = {theirs: ours for ours, theirs in _THEIRS.items()}
SPOT: Final = ".SPOT"
CODE_LENGTH: Final = 3
# Ours alone, so that one reference of ours is one id at the vendor, in every process and forever.
_NAMESPACE: Final = UUID("6f0d2b1e-52c4-4a0e-9a5c-7d1f5b2c2c2b")
UNIT_LENGTH_MAX: Final = 50


def their_name(instrument: Instrument) -> str:
    base, quote = instrument.base.code, instrument.quote.code
    return f"{_THEIRS.get(base, base)}{_THEIRS.get(quote, quote)}{SPOT}"


def our_code(theirs: str) -> str:
    return _OURS.get(theirs, theirs)


def order_id_for(client_ref: str) -> str:
    """A version 5 UUID of our reference."""
    return str(uuid5(_NAMESPACE, client_ref))


def unit_for(client_ref: str) -> str:
    """What the vendor stores with each trade, of 50 characters at most."""
    return client_ref if len(client_ref) <= UNIT_LENGTH_MAX else order_id_for(client_ref)


class Names:
    """Base and quote of the vendor's instruments, learned from ours."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._known: dict[str, Instrument] = {}
        self._assets: dict[str, Asset] = {}
        for instrument in instruments:
            self.learn(instrument)

    def learn(self, instrument: Instrument) -> None:
        name = their_name(instrument)
        if name not in self._known:
            self._known[name] = instrument
            self._assets |= {each.code: each for each in (instrument.base, instrument.quote)}

    def find(self, name: str) -> Instrument | None:
        return self._known.get(name)

    def asset(self, code: str) -> Asset | None:
        """By our code."""
        return self._assets.get(code)

    def codes(self, name: str) -> tuple[str, str]:
        """Our codes of base and quote; of one we do not trade, as the name suggests."""
        known = self._known.get(name)
        if known is not None:
            return known.base.code, known.quote.code
        underlier = name.partition(".")[0]
        return our_code(underlier[:CODE_LENGTH]), our_code(underlier[CODE_LENGTH:])
