"""Which revision a database is at, and which this code needs.

Apart from what migrates: every process asks this when it starts, and few of them ever migrate.
"""

from functools import cache
from pathlib import Path
from typing import Final

from asyncpg import Connection, UndefinedTableError

from adapters.postgres.roles import SCHEMA

SCRIPTS: Final = Path(__file__).resolve().parents[2] / "migrations"
VERSION_TABLE: Final = "alembic_version"


async def current(connection: Connection) -> str | None:
    """The revision the database is at, readable by every role, or None before the first."""
    query = f"SELECT version_num FROM {SCHEMA}.{VERSION_TABLE}"
    try:
        found: str | None = await connection.fetchval(query)
    except UndefinedTableError:
        return None
    return found


async def is_at_head(connection: Connection) -> bool:
    return await current(connection) == head()


@cache
def head() -> str | None:
    """The newest revision in this checkout: files are `<revision>_<what>.py`, and ascend."""
    scripts = sorted((SCRIPTS / "versions").glob("[0-9]*_*.py"))
    return scripts[-1].name.partition("_")[0] if scripts else None
