import pytest
from msgspec.structs import replace

from application.ports.catalog import ListedLp, LpRole
from domain.liquidity.quote import LpName
from domain.shared.errors import Conflict
from tests.contract.world import BTC, BTC_USDT, USDT, World


class PlatformContract:
    async def test_listed_assets_and_instruments_are_in_the_view(self, world: World) -> None:
        catalog = (await world.ports.platform.view()).catalog
        assert catalog.asset("BTC") == BTC
        assert catalog.instrument("BTC-USDT") == BTC_USDT

    async def test_listing_again_changes_nothing(self, world: World) -> None:
        await world.ports.catalog_editor.list_assets((BTC, USDT))
        await world.ports.catalog_editor.list_instruments((BTC_USDT,))
        catalog = (await world.ports.platform.view()).catalog
        assert (catalog.asset("USDT"), catalog.instrument("BTC-USDT")) == (USDT, BTC_USDT)

    async def test_scale_of_a_listed_asset_cannot_change(self, world: World) -> None:
        with pytest.raises(Conflict):
            await world.ports.catalog_editor.list_assets((replace(BTC, scale=4),))
        assert (await world.ports.platform.view()).catalog.asset("BTC") == BTC

    async def test_lps_are_routed_primaries_first_then_by_rank(self, world: World) -> None:
        mark = world.id().hex[-12:]
        late, backup, primary = (LpName(f"{name}_{mark}") for name in ("a", "b", "c"))
        await world.ports.catalog_editor.list_lps(
            (
                listed(late, LpRole.BACKUP, 2),
                listed(backup, LpRole.BACKUP, 1),
                listed(primary, LpRole.PRIMARY, 9),
            )
        )
        routing = (await world.ports.platform.view()).routing
        assert routing is not None
        named = (routing.primary, *routing.backups)
        assert [lp for lp in named if lp.endswith(mark)] == [primary, backup, late]


def listed(name: LpName, role: LpRole, rank: int) -> ListedLp:
    return ListedLp(name=name, dialect="sandbox", role=role, rank=rank)
