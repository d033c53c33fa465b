from collections.abc import Iterable

from msgspec.structs import replace

from adapters.memory.store import Store
from application.ports.catalog import ListedLp, LpRole
from domain.assets.asset import Asset
from domain.assets.instrument import Instrument
from domain.liquidity.quote import LpName
from domain.liquidity.standing import LpState
from domain.shared.errors import Conflict, NotFound


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

    async def lps(self) -> tuple[ListedLp, ...]:
        return tuple(sorted(self._store.lps.values(), key=_asked_in_order))

    async def set_lp_state(self, name: LpName, state: LpState, *, reason: str) -> ListedLp:
        listed = self._store.lps.get(name)
        if listed is None:
            raise NotFound("no such liquidity provider", lp=name)
        changed = replace(listed, state=state)
        self._store.lps = {**self._store.lps, name: changed}
        return changed


def _asked_in_order(lp: ListedLp) -> tuple[bool, int, str]:
    return (lp.role is LpRole.BACKUP, lp.rank, lp.name)
