from uuid import uuid4

import pytest
from msgspec.structs import replace

from application.errors import VersionConflict
from application.ports.catalog import ListedLp, LpRole
from application.ports.lp_routes import RouteChange
from domain.assets.instrument import Instrument
from domain.liquidity.quote import LpName
from domain.liquidity.routing import AskMode, RoutingPolicy
from domain.shared.errors import NotFound
from domain.shared.ids import OperatorId
from domain.shared.money import AssetCode
from domain.tenants.operator import Operator
from tests.contract.world import BTC, BTC_USDT, USDT, World

OPERATOR = Operator(OperatorId(uuid4()), "Abeba")


class LpRoutesContract:
    async def test_route_holds_for_its_instrument_alone(self, world: World) -> None:
        symbol, lps = await listed(world)
        policy = RoutingPolicy(
            lps[1], (lps[0],), mode=AskMode.BEST_OF, at_once=3, hedge_after_ms=120
        )
        route = await world.ports.lp_routes.change(change(symbol, policy), after_version=0)
        view = await world.ports.platform.view()
        assert view.routing_of(symbol) == policy
        assert view.routing_of(BTC_USDT.symbol) == view.routing
        assert (route.version, route.change) == (1, change(symbol, policy))

    async def test_every_change_stays_on_record_and_the_last_holds(self, world: World) -> None:
        symbol, lps = await listed(world)
        policies = (RoutingPolicy(lps[0]), None, RoutingPolicy(lps[1], (lps[0],)))
        made = [
            await world.ports.lp_routes.change(change(symbol, policy), after_version=number)
            for number, policy in enumerate(policies)
        ]
        assert await world.ports.lp_routes.history(symbol) == tuple(made)
        current = await world.ports.lp_routes.current()
        assert [each for each in current if each.change.instrument == symbol] == [made[-1]]
        assert [each.change.policy for each in made] == list(policies)
        assert made[0].changed_at <= made[1].changed_at

    async def test_without_a_policy_the_order_for_all_holds_again(self, world: World) -> None:
        symbol, lps = await listed(world)
        await world.ports.lp_routes.change(change(symbol, RoutingPolicy(lps[0])), after_version=0)
        await world.ports.lp_routes.change(change(symbol, None), after_version=1)
        view = await world.ports.platform.view()
        assert symbol not in view.routes
        assert view.routing_of(symbol) == view.routing

    async def test_change_of_what_was_changed_meanwhile_is_refused(self, world: World) -> None:
        symbol, lps = await listed(world)
        first = change(symbol, RoutingPolicy(lps[0]))
        await world.ports.lp_routes.change(first, after_version=0)
        with pytest.raises(VersionConflict):
            await world.ports.lp_routes.change(
                change(symbol, RoutingPolicy(lps[1])), after_version=0
            )
        assert [each.change for each in await world.ports.lp_routes.history(symbol)] == [first]

    async def test_what_is_not_listed_cannot_be_in_a_route(self, world: World) -> None:
        symbol, lps = await listed(world)
        with pytest.raises(NotFound) as refused:
            await world.ports.lp_routes.change(
                change(symbol, RoutingPolicy(lps[0], (LpName("nobody"),))), after_version=0
            )
        assert refused.value.context == {"lp": "nobody"}
        with pytest.raises(NotFound) as refused:
            await world.ports.lp_routes.change(
                change("NO-SUCH", RoutingPolicy(lps[0])), after_version=0
            )
        assert refused.value.context == {"instrument": "NO-SUCH"}
        assert await world.ports.lp_routes.history(symbol) == ()


async def listed(world: World) -> tuple[str, tuple[LpName, LpName]]:
    """An instrument and two LPs of the test's own."""
    mark = world.id().hex[-10:]
    base = replace(BTC, code=AssetCode(f"T{mark.upper()}"))
    instrument: Instrument = replace(BTC_USDT, symbol=f"{base.code}-{USDT.code}", base=base)
    await world.ports.catalog_editor.list_assets((base,))
    await world.ports.catalog_editor.list_instruments((instrument,))
    names = (LpName(f"one_{mark}"), LpName(f"two_{mark}"))
    await world.ports.catalog_editor.list_lps(
        ListedLp(name=name, dialect="sandbox", role=LpRole.BACKUP, rank=1) for name in names
    )
    return instrument.symbol, names


def change(symbol: str, policy: RoutingPolicy | None) -> RouteChange:
    return RouteChange(
        instrument=symbol, policy=policy, reason="cheaper there", changed_by=OPERATOR
    )
