"""Alembic, driven from code: there is no alembic.ini and no second place for a URL.

Alembic is synchronous and its scripts hold several statements each, which psycopg sends as one
and asyncpg refuses; so migrations run on psycopg, in a thread.
"""

import asyncio
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, pool, text

from adapters.postgres.revision import SCRIPTS
from adapters.postgres.roles import OWNER, SCHEMA, Role
from adapters.postgres.urls import to_sqlalchemy, with_user
from application import crash_points

LOCK_KEY: Final = 0x616B73756D02  # "aksum", 2
OTHER_MIGRATION_WAIT: Final = "10min"
# A migration that waits for a lock makes everyone queue behind it: better to fail and come again.
LOCK_WAIT: Final = "5s"


async def upgrade(url: str, revision: str = "head") -> None:
    """Migrate the database of `url` (an admin's or the migrator's) up to `revision`."""
    await asyncio.to_thread(_run, url, revision, down=False)


async def downgrade(url: str, revision: str) -> None:
    """Migrate down to `revision`; "base" is before the first."""
    await asyncio.to_thread(_run, url, revision, down=True)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _run(url: str, revision: str, *, down: bool) -> None:
    """Hold the lock of all migrations, act as the owner, hand the connection to env.py.

    The role and limits are set on the session, not per transaction, so that they also hold for a
    revision that leaves its transaction (CREATE INDEX CONCURRENTLY). Nothing reuses the session.
    """
    target = to_sqlalchemy(with_user(url, Role.MIGRATOR), "psycopg")
    engine = create_engine(target, poolclass=pool.NullPool)
    try:
        with engine.connect() as connection:
            for statement in (
                f"SET lock_timeout = '{OTHER_MIGRATION_WAIT}'",
                f"SELECT pg_advisory_lock({LOCK_KEY})",
                f"SET ROLE {OWNER}",
                f"SET search_path = {SCHEMA}, pg_temp",
                f"SET lock_timeout = '{LOCK_WAIT}'",
            ):
                connection.execute(text(statement))
            connection.commit()
            if crash_points.armed:
                crash_points.reach_in_thread(crash_points.MIGRATE_LOCKED)
            config = _config()
            config.attributes["connection"] = connection
            (command.downgrade if down else command.upgrade)(config, revision)
    finally:
        engine.dispose()
