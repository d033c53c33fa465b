"""The rows of LPs' health: read all, fold, write. One process at a time, for a few milliseconds.

A row's sums are not added up by SQL, because how they fade and what opens a breaker is a rule, and
those live once, in the domain. So whoever changes rows has the lock and has read them under it.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import msgspec

from adapters.postgres.connection import Connection, Row, acquire
from application.errors import Overloaded
from domain.liquidity.breaker import Breaker, BreakerState, Trial
from domain.liquidity.health import HealthRow, Key, Tally, Turn
from domain.liquidity.observation import Operation
from domain.liquidity.quote import LpName
from domain.liquidity.standing import LpState

LOCK_KEY: Final = 7_018_232_017
EVENT_CAUSE_MAX: Final = 200
COLUMNS: Final = (
    *("lp", "instrument", "operation"),
    *("as_of", "samples", "failed", "causes", "timed", "latency", "resolved", "open_time"),
    *("in_a_row", "last_ok_at", "last_error_at", "last_error"),
    *("state", "since", "cause", "trips", "probe_at", "passed", "trial", "unknown_at"),
)
READ: Final = f"SELECT {', '.join(COLUMNS)} FROM lp_health"
# One statement, because a process that has just started asks it within a request.
READ_WITH_STATES: Final = (
    "SELECT p.name AS listed, p.state AS listed_state, "
    f"{', '.join('h.' + column for column in COLUMNS)} "
    "FROM liquidity_providers p FULL JOIN lp_health h ON h.lp = p.name"
)
PLACES: Final = tuple(f"${number}" for number in range(1, len(COLUMNS) + 1))
WRITE: Final = (
    f"INSERT INTO lp_health ({', '.join(COLUMNS)}) "
    f"VALUES ({', '.join(PLACES)}) "
    "ON CONFLICT (lp, instrument, operation) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in COLUMNS[3:])
)
EVENT: Final = (
    "INSERT INTO lp_events (lp, instrument, operation, before, after, cause, by, at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)


@asynccontextmanager
async def changing(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    """A transaction that nobody else changes the rows beside. Raises `Overloaded`."""
    connection = await acquire(pool)
    try:
        async with connection.transaction():
            try:
                await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
            except asyncpg.LockNotAvailableError:
                raise Overloaded("the rows of providers' health are busy") from None
            yield connection
    finally:
        await pool.release(connection)


async def read_rows(connection: Connection) -> dict[Key, HealthRow]:
    return {_key(row): _health(row) for row in await connection.fetch(READ)}


async def read_with_states(
    connection: Connection,
) -> tuple[dict[Key, HealthRow], dict[LpName, LpState]]:
    found = await connection.fetch(READ_WITH_STATES)
    rows = {_key(row): _health(row) for row in found if row["lp"] is not None}
    states = {
        LpName(row["listed"]): LpState(row["listed_state"])
        for row in found
        if row["listed"] is not None
    }
    return rows, states


async def write_rows(connection: Connection, rows: Mapping[Key, HealthRow]) -> None:
    if rows:
        await connection.executemany(WRITE, [_values(key, row) for key, row in rows.items()])


async def write_turns(
    connection: Connection, turns: Iterable[Turn], *, by: str | None = None
) -> None:
    told = [_event(turn, by) for turn in turns]
    if told:
        await connection.executemany(EVENT, told)


def _key(row: Row) -> Key:
    return LpName(row["lp"]), row["instrument"], Operation(row["operation"])


def _health(row: Row) -> HealthRow:
    return HealthRow(
        tally=Tally(
            as_of=row["as_of"],
            samples=row["samples"],
            failed=row["failed"],
            causes=msgspec.json.decode(row["causes"], type=dict[str, int]),
            timed=row["timed"],
            latency=row["latency"],
            resolved=row["resolved"],
            open_time=row["open_time"],
            in_a_row=row["in_a_row"],
            last_ok_at=row["last_ok_at"],
            last_error_at=row["last_error_at"],
            last_error=row["last_error"],
        ),
        breaker=Breaker(
            state=BreakerState(row["state"]),
            since=row["since"],
            cause=row["cause"],
            trips=row["trips"],
            probe_at=row["probe_at"],
            passed=row["passed"],
            trial=None if row["trial"] is None else Trial(row["trial"]),
        ),
        unknown_at=tuple(row["unknown_at"]),
    )


def _values(key: Key, row: HealthRow) -> Sequence[object]:
    """In the order of `COLUMNS`."""
    tally, breaker = row.tally, row.breaker
    return (
        key[0],
        key[1],
        key[2].value,
        tally.as_of,
        tally.samples,
        tally.failed,
        msgspec.json.encode(tally.causes),
        tally.timed,
        tally.latency,
        tally.resolved,
        tally.open_time,
        tally.in_a_row,
        tally.last_ok_at,
        tally.last_error_at,
        tally.last_error,
        breaker.state.value,
        breaker.since,
        breaker.cause,
        breaker.trips,
        breaker.probe_at,
        breaker.passed,
        None if breaker.trial is None else breaker.trial.value,
        list(row.unknown_at),
    )


def _event(turn: Turn, by: str | None) -> Sequence[object]:
    lp, instrument, operation = turn.key
    cause = None if turn.cause is None else turn.cause[:EVENT_CAUSE_MAX]
    return (
        *(lp, instrument, operation.value, turn.before.value, turn.after.value),
        *(cause, by, turn.at),
    )
