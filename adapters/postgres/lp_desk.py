from collections.abc import Mapping
from typing import Final

import asyncpg

from adapters.postgres.connection import Row, acquired
from adapters.postgres.lp_health_rows import (
    EVENT,
    changing,
    read_rows,
    write_rows,
    write_turns,
)
from application.ports.catalog import ListedLp, LpRole
from application.ports.lp_desk import Decision, ListedState, LpEvent, OpenAtLp
from domain.liquidity.health import HealthRow, Key, Turn, not_closed, reset
from domain.liquidity.quote import LpName
from domain.liquidity.standing import LpState
from domain.shared.errors import NotFound

COLUMNS: Final = "name, dialect, role, rank, state, state_reason, updated_at"
EVENTS: Final = (
    "SELECT lp, instrument, operation, before, after, cause, by, at FROM lp_events "
    "WHERE lp = $1 ORDER BY number DESC LIMIT $2"
)


class PostgresLpDesk:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def listed(self) -> tuple[ListedState, ...]:
        async with acquired(self._pool) as connection:
            rows = await connection.fetch(
                f"SELECT {COLUMNS} FROM liquidity_providers ORDER BY role = 'backup', rank, name"
            )
        return tuple(_listed(row) for row in rows)

    async def health(self) -> Mapping[Key, HealthRow]:
        async with acquired(self._pool) as connection:
            return await read_rows(connection)

    async def open_executions(self) -> tuple[OpenAtLp, ...]:
        async with acquired(self._pool) as connection:
            rows = await connection.fetch("SELECT * FROM open_executions_by_lp()")
        return tuple(OpenAtLp(**row) for row in rows)

    async def events(self, name: LpName, *, limit: int) -> tuple[LpEvent, ...]:
        async with acquired(self._pool) as connection:
            return tuple(LpEvent(**row) for row in await connection.fetch(EVENTS, name, limit))

    async def set_state(self, name: LpName, state: LpState, decision: Decision) -> ListedState:
        async with changing(self._pool) as connection:
            before = await connection.fetchval(
                "SELECT state FROM liquidity_providers WHERE name = $1", name
            )
            if before is None:
                raise NotFound("no such liquidity provider", lp=name)
            row = await connection.fetchrow(
                "UPDATE liquidity_providers SET state = $2, state_reason = $3, "
                f"version = version + 1, updated_at = $4 WHERE name = $1 RETURNING {COLUMNS}",
                name,
                state.value,
                decision.reason,
                decision.at,
            )
            told = (name, None, None, before, state.value)
            await connection.execute(EVENT, *told, decision.reason, decision.by, decision.at)
        if row is None:
            raise NotFound("no such liquidity provider", lp=name)
        return _listed(row)

    async def reset(self, name: LpName, instrument: str | None, decision: Decision) -> int:
        async with changing(self._pool) as connection:
            if not await connection.fetchval(
                "SELECT EXISTS (SELECT FROM liquidity_providers WHERE name = $1)", name
            ):
                raise NotFound("no such liquidity provider", lp=name)
            shut = not_closed(await read_rows(connection), name, instrument)
            after = {key: reset(row, at=decision.at) for key, row in shut.items()}
            await write_rows(connection, after)
            turns = [
                Turn(
                    key=key,
                    before=row.breaker.state,
                    after=after[key].breaker.state,
                    cause=decision.reason,
                    at=decision.at,
                )
                for key, row in shut.items()
            ]
            await write_turns(connection, turns, by=decision.by)
        return len(shut)


def _listed(row: Row) -> ListedState:
    changed = row["state_reason"] is not None
    return ListedState(
        lp=ListedLp(
            name=LpName(row["name"]),
            dialect=row["dialect"],
            role=LpRole(row["role"]),
            rank=row["rank"],
            state=LpState(row["state"]),
        ),
        reason=row["state_reason"],
        since=row["updated_at"] if changed else None,
    )
