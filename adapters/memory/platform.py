from adapters.memory.price_terms import guard_terms
from adapters.memory.store import Store
from application.ports.catalog import ListedLp, LpRole, PlatformView
from domain.assets.catalog import Catalog
from domain.liquidity.quote import LpName
from domain.liquidity.routing import RoutingPolicy
from domain.shared.errors import NotFound
from domain.shared.ids import TenantId
from domain.tenants.tenant import Tenant


class MemoryPlatform:
    """Always current: there is no need to cache what lies in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def view(self) -> PlatformView:
        lps = self._store.lps.values()
        return PlatformView(
            catalog=Catalog(dict(self._store.assets), dict(self._store.instruments)),
            routing=_routing([lp.name for lp in sorted(lps, key=_preference)]),
            guard=guard_terms(self._store),
            routes={
                symbol: changes[-1].change.policy
                for symbol, changes in self._store.lp_route_changes.items()
                if changes[-1].change.policy is not None
            },
        )

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        stored = self._store.tenants.of(tenant_id).get(tenant_id)
        if stored is None:
            raise NotFound("no such tenant")
        return stored.tenant


def _preference(lp: ListedLp) -> tuple[bool, int, str]:
    return (lp.role is not LpRole.PRIMARY, lp.rank, lp.name)


def _routing(names: list[LpName]) -> RoutingPolicy | None:
    return RoutingPolicy(names[0], tuple(names[1:])) if names else None
