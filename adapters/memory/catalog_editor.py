from collections.abc import Iterable

from adapters.memory.store import Store
from application.ports.catalog import ListedLp
from domain.assets.asset import Asset
from domain.assets.instrument import Instrument
from domain.shared.errors import Conflict


class MemoryCatalogEditor:
    """Adds what is missing; what is listed already stays as it is."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list_assets(self, assets: Iterable[Asset]) -> None:
        wanted = tuple(assets)
        for asset in wanted:
            listed = self._store.assets.get(asset.code)
            if listed is not None and listed.scale != asset.scale:
                raise Conflict("the scale of an asset never changes", asset=asset.code)
        self._store.assets = {asset.code: asset for asset in wanted} | self._store.assets

    async def list_instruments(self, instruments: Iterable[Instrument]) -> None:
        wanted = {instrument.symbol: instrument for instrument in instruments}
        self._store.instruments = wanted | self._store.instruments

    async def list_lps(self, lps: Iterable[ListedLp]) -> None:
        self._store.lps = {lp.name: lp for lp in lps} | self._store.lps
