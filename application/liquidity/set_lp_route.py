import msgspec

from application.ports.lp_routes import LpRoute, LpRoutes, RouteChange
from domain.liquidity.quote import LpName
from domain.liquidity.routing import AskMode, RoutingPolicy
from domain.tenants.operator import Operator


class SetLpRouteCommand(msgspec.Struct, frozen=True, kw_only=True):
    """No `lps`: the order for all holds again."""

    instrument: str
    lps: tuple[LpName, ...]
    mode: AskMode = AskMode.ORDERED
    at_once: int = 2
    hedge_after_ms: int | None = None
    reason: str
    by: Operator


class SetLpRoute:
    """- A route names whom an instrument is asked of, in order; nobody else is asked for it.
    - Every LP of it and the instrument must be listed, and no LP is named twice.
    - It replaces the one before as a whole. What was before stays on record, with who changed it.
    - It holds in every process within a second; quotes given before are not touched.
    """

    def __init__(self, *, routes: LpRoutes) -> None:
        self._routes = routes

    async def execute(self, command: SetLpRouteCommand) -> LpRoute:
        policy = None
        if command.lps:
            policy = RoutingPolicy(
                command.lps[0],
                command.lps[1:],
                mode=command.mode,
                at_once=command.at_once,
                hedge_after_ms=command.hedge_after_ms,
            )
        known = await self._routes.history(command.instrument)
        change = RouteChange(
            instrument=command.instrument,
            policy=policy,
            reason=command.reason,
            changed_by=command.by,
        )
        return await self._routes.change(change, after_version=known[-1].version if known else 0)
