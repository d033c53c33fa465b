"""Routes of instruments: every version a row, the last one holds."""

from collections.abc import Iterable, Mapping
from typing import Final

import asyncpg

from adapters.postgres.connection import Row
from application.errors import VersionConflict
from application.ports.lp_routes import LpRoute, RouteChange
from domain.liquidity.quote import LpName
from domain.liquidity.routing import AskMode, RoutingPolicy
from domain.shared.errors import NotFound
from domain.shared.ids import OperatorId
from domain.tenants.operator import Operator

_COLUMNS: Final = (
    "instrument, version, lps, mode, at_once, hedge_after_ms, reason, changed_by, "
    "changed_by_name, changed_at"
)
LAST: Final = (
    f"SELECT DISTINCT ON (instrument) {_COLUMNS} FROM lp_routes ORDER BY instrument, version DESC"
)
_HISTORY: Final = f"SELECT {_COLUMNS} FROM lp_routes WHERE instrument = $1 ORDER BY version"
_UNLISTED: Final = (
    "SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS named (name, place) "
    "WHERE NOT EXISTS (SELECT FROM liquidity_providers p WHERE p.name = named.name) "
    "ORDER BY place LIMIT 1"
)
_INSERT: Final = (
    "INSERT INTO lp_routes (instrument, version, lps, mode, at_once, hedge_after_ms, reason, "
    "changed_by, changed_by_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
    f"RETURNING {_COLUMNS}"
)


class PostgresLpRoutes:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def current(self) -> tuple[LpRoute, ...]:
        return tuple(_route(row) for row in await self._pool.fetch(LAST))

    async def history(self, instrument: str) -> tuple[LpRoute, ...]:
        return tuple(_route(row) for row in await self._pool.fetch(_HISTORY, instrument))

    async def change(self, change: RouteChange, *, after_version: int) -> LpRoute:
        policy = change.policy
        lps = [] if policy is None else list(policy.lps)
        # LPs are never unlisted, so that looking first is enough.
        unlisted = await self._pool.fetchval(_UNLISTED, lps)
        if unlisted is not None:
            raise NotFound("no such liquidity provider", lp=unlisted)
        try:
            row = await self._pool.fetchrow(
                _INSERT,
                change.instrument,
                after_version + 1,
                lps,
                (AskMode.ORDERED if policy is None else policy.mode).value,
                None if policy is None else policy.at_once,
                None if policy is None else policy.hedge_after_ms,
                change.reason,
                change.changed_by.id,
                change.changed_by.name,
            )
        except asyncpg.ForeignKeyViolationError:
            raise NotFound("no such instrument", instrument=change.instrument) from None
        except asyncpg.UniqueViolationError:
            raise VersionConflict(
                "the route was changed meanwhile", instrument=change.instrument
            ) from None
        return _route(row)


def routes_from(rows: Iterable[Row]) -> Mapping[str, RoutingPolicy]:
    """Of those that differ from the order for all."""
    policies = ((row["instrument"], _policy(row)) for row in rows)
    return {instrument: policy for instrument, policy in policies if policy is not None}


def _policy(row: Row) -> RoutingPolicy | None:
    lps = tuple(LpName(name) for name in row["lps"])
    if not lps:
        return None
    return RoutingPolicy(
        lps[0],
        lps[1:],
        mode=AskMode(row["mode"]),
        at_once=row["at_once"],
        hedge_after_ms=row["hedge_after_ms"],
    )


def _route(row: Row) -> LpRoute:
    return LpRoute(
        change=RouteChange(
            instrument=row["instrument"],
            policy=_policy(row),
            reason=row["reason"],
            changed_by=Operator(OperatorId(row["changed_by"]), row["changed_by_name"]),
        ),
        version=row["version"],
        changed_at=row["changed_at"],
    )
