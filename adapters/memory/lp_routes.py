from adapters.memory.store import Store
from application.errors import VersionConflict
from application.ports.clock import Clock
from application.ports.lp_routes import LpRoute, RouteChange
from domain.shared.errors import NotFound


class MemoryLpRoutes:
    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def current(self) -> tuple[LpRoute, ...]:
        changes = self._store.lp_route_changes
        return tuple(changes[symbol][-1] for symbol in sorted(changes))

    async def history(self, instrument: str) -> tuple[LpRoute, ...]:
        return self._store.lp_route_changes.get(instrument, ())

    async def change(self, change: RouteChange, *, after_version: int) -> LpRoute:
        if change.instrument not in self._store.instruments:
            raise NotFound("no such instrument", instrument=change.instrument)
        for lp in () if change.policy is None else change.policy.lps:
            if lp not in self._store.lps:
                raise NotFound("no such liquidity provider", lp=lp)
        before = await self.history(change.instrument)
        if len(before) != after_version:
            raise VersionConflict("the route was changed meanwhile", instrument=change.instrument)
        route = LpRoute(change=change, version=after_version + 1, changed_at=self._clock.now())
        self._store.lp_route_changes = {
            **self._store.lp_route_changes,
            change.instrument: (*before, route),
        }
        return route
