import pytest
from msgspec.structs import replace

from application.ports.catalog import ListedLp, LpRole
from domain.liquidity.quote import LpName
from domain.liquidity.standing import LpState
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

    async def test_lps_that_begin_nothing_new_count_as_halted(self, world: World) -> None:
        mark = world.id().hex[-12:]
        names = {state: LpName(f"{state}_{mark}") for state in LpState}
        await world.ports.catalog_editor.list_lps(
            listed(name, LpRole.BACKUP, 1, state) for state, name in names.items()
        )
        halted = (await world.ports.platform.view()).halted
        assert {lp for lp in halted if lp.endswith(mark)} == {
            names[LpState.HALTED],
            names[LpState.REDUCING],
        }


def listed(name: LpName, role: LpRole, rank: int, state: LpState = LpState.ACTIVE) -> ListedLp:
    return ListedLp(name=name, dialect="sandbox", role=role, rank=rank, state=state)
