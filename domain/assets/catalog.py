import msgspec

from ..shared.errors import NotFound
from ..shared.money import AssetCode
from .asset import Asset
from .instrument import Instrument


class AssetUnknown(NotFound):
    code = "asset_unknown"


class InstrumentUnknown(NotFound):
    code = "instrument_unknown"


class Catalog(msgspec.Struct, frozen=True):
    """Everything listed on this deployment, by asset code and by instrument symbol."""

    assets: dict[AssetCode, Asset]
    instruments: dict[str, Instrument]

    def asset(self, code: str) -> Asset:
        """Raises `AssetUnknown`."""
        found = self.assets.get(AssetCode(code))
        if found is None:
            raise AssetUnknown("no such asset", asset=code)
        return found

    def instrument(self, symbol: str) -> Instrument:
        """Raises `InstrumentUnknown`."""
        found = self.instruments.get(symbol)
        if found is None:
            raise InstrumentUnknown("no such instrument", instrument=symbol)
        return found
