"""What the database server says of itself: settings, statements, and what is in it.

The one place of the command line with SQL: no use case has these questions, only a benchmark.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import asyncpg
import msgspec

LIBRARY: Final = "pg_stat_statements"
# What makes a commit durable, and what both sides of a comparison must therefore have.
DURABLE: Final[Mapping[str, str]] = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
}
SHOWN: Final = (*DURABLE, "data_checksums", "max_wal_size", "shared_buffers", "wal_sync_method")

SETTINGS: Final = (
    "SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY($1)"
)
# A role or a database may have its own value, which its sessions begin with.
OVERRIDDEN: Final = "SELECT unnest(setconfig) AS setting FROM pg_db_role_setting"
STATEMENTS: Final = """
SELECT r.rolname AS role, s.query, s.calls, s.total_exec_time AS total_ms, s.rows
FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
WHERE s.toplevel AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND r.rolname = ANY($1)
ORDER BY s.total_exec_time DESC
"""
_CONTROL: Final = re.compile(r"BEGIN|COMMIT|ROLLBACK|SELECT set_config\([^)]*\)")


class NotDurable(RuntimeError):
    """A figure from this server would compare nothing."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    role: str
    query: str
    calls: int
    total_ms: float
    rows: int

    @property
    def is_control(self) -> bool:
        """Begins or ends a transaction, or names its tenant: no work of its own."""
        return _CONTROL.fullmatch(self.query.strip().rstrip(";")) is not None


class ServerStatistics:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def require_durable(self) -> Mapping[str, str]:
        """The settings that matter. Raises `NotDurable`."""
        rows = await self._connection.fetch(SETTINGS, list(SHOWN))
        settings = {row["name"]: row["value"] for row in rows}
        wrong = {name: settings[name] for name in DURABLE if settings[name] != DURABLE[name]}
        overridden = [
            row["setting"]
            for row in await self._connection.fetch(OVERRIDDEN)
            if row["setting"].partition("=")[0] in DURABLE
        ]
        if wrong or overridden:
            raise NotDurable(f"the server is not durable: {wrong or overridden}")
        return settings

    async def version(self) -> str:
        return str(await self._connection.fetchval("SHOW server_version"))

    async def checkpoint(self) -> None:
        """So that no measurement pays for what another has written."""
        await self._connection.execute("CHECKPOINT")

    async def forget_statements(self) -> None:
        await self._connection.execute(f"CREATE EXTENSION IF NOT EXISTS {LIBRARY}")
        await self._connection.execute("SELECT pg_stat_statements_reset()")

    async def statements(self, *roles: str) -> tuple[Statement, ...]:
        rows = await self._connection.fetch(STATEMENTS, list(roles))
        return tuple(Statement(**{name: row[name] for name in row.keys()}) for row in rows)  # noqa: SIM118

    async def value(self, query: str) -> Any:  # noqa: ANN401 - a column
        return await self._connection.fetchval(query)

    async def column(self, query: str) -> list[Any]:
        return [row[0] for row in await self._connection.fetch(query)]
