"""Connections as this adapter uses them, and the pools they come from.

asyncpg gives NUMERIC as Decimal by default; ours hold whole units only, so they are read and
written as int through their text form, which is exact at any size.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, Protocol, cast
from uuid import UUID

import asyncpg

from application.errors import Overloaded

STATEMENT_CACHE_SIZE: Final = 256
POOL_ACQUIRE_SECONDS: Final = 2
COMMAND_TIMEOUT_SECONDS: Final = 30
# Keyset pages start below these when the caller names no place to start.
UUID_MIN: Final = UUID(int=0)
UUID_MAX: Final = UUID(int=2**128 - 1)
BIGINT_MAX: Final = 2**63 - 1
EVER: Final = datetime(1, 1, 1, tzinfo=UTC)
FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)

# The statements of a trade are long and always the same. Left to choose, PostgreSQL plans those
# that touch partitions anew each time, which took longer than running them. And no plan may read a
# whole table: made while one was small, it would be kept while the table grows, or while a queue's
# table is bloated by what has passed through it.
SESSION: Final = {
    "timezone": "UTC",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}

# Of one connection, before it is replaced. With each new one a process forgets its accounts, and
# posts that name them by id go the long way until they are learned again: at asyncpg's 50,000 a
# busy process did little else.
QUERIES_MAX: Final = 10_000_000

# A server that is starting again takes seconds.
UNREACHABLE: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)

Row = Mapping[str, Any]


class Connection(Protocol):
    """The part of an asyncpg connection that repositories use."""

    async def fetch(self, query: str, *args: object) -> Sequence[Row]: ...

    async def fetchrow(self, query: str, *args: object) -> Row | None: ...

    async def fetchval(self, query: str, *args: object) -> Any: ...  # noqa: ANN401 - a column

    async def execute(self, query: str, *args: object) -> str: ...

    async def executemany(self, query: str, args: Iterable[Sequence[object]]) -> None: ...


class UnresetConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Spares the round trip that resets session state: nothing here ever changes any.

    A transaction left open by a cancelled task is still rolled back on release.
    """

    def get_reset_query(self) -> str:
        return ""


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "numeric", schema="pg_catalog", encoder=str, decoder=int, format="text"
    )
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_jsonb, decoder=_from_jsonb, format="binary"
    )


JSONB_VERSION: Final = b"\x01"


def _jsonb(document: bytes) -> bytes:
    return JSONB_VERSION + document


def _from_jsonb(wire: bytes) -> bytes:
    return wire[1:]


async def create_pool(
    url: str,
    *,
    size: int,
    application_name: str,
    on_connect: Callable[[], None] = lambda: None,
) -> asyncpg.Pool:
    """A pool of exactly `size` connections at most, opened on demand.

    `on_connect` is called before a new connection is used for the first time.
    """

    async def prepare(connection: asyncpg.Connection) -> None:
        await _prepare(connection)
        on_connect()

    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        init=prepare,
        connection_class=UnresetConnection,
        statement_cache_size=STATEMENT_CACHE_SIZE,
        max_cached_statement_lifetime=0,
        max_inactive_connection_lifetime=0,
        max_queries=QUERIES_MAX,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        server_settings={"application_name": application_name, **SESSION},
    )


async def acquire(pool: asyncpg.Pool) -> Any:  # noqa: ANN401 - asyncpg has no types
    """A connection, to be released. Raises `Overloaded` when there is none within a bounded time.

    Left to itself, a pool lets everybody wait who comes, for as long as it takes.
    """
    try:
        return await pool.acquire(timeout=POOL_ACQUIRE_SECONDS)
    except TimeoutError:
        raise Overloaded("no database connection became free") from None
    except UNREACHABLE as error:
        raise Overloaded("the database cannot be reached") from error


@asynccontextmanager
async def acquired(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    """For a read outside any tenant. Raises as above."""
    connection = await acquire(pool)
    try:
        yield connection
    finally:
        await pool.release(connection)


def text_units(units: Iterable[int]) -> list[str]:
    """For arrays, which asyncpg cannot encode through a text codec: cast them in the statement."""
    return [str(value) for value in units]


def as_rows(rows: object) -> Sequence[Row]:
    # asyncpg's records are mappings; it has no types to say so.
    return cast("Sequence[Row]", rows)
