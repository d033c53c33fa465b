"""A database server for benchmarks: the embedded one, durable, counting its statements."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from dishka import AsyncContainer

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.roles import ADMIN_URL_SETTING, RUNTIME_ROLES, Role
from adapters.postgres.urls import with_database, with_user
from entrypoints.wiring.container import make_ops_container
from entrypoints.wiring.database import embedded_url
from entrypoints.wiring.preparing import prepare
from entrypoints.wiring.settings import Settings

SETTINGS: Final = {"shared_preload_libraries": "pg_stat_statements"}
YARDSTICK: Final = "pgbench"
DATABASE_URL: Final = ADMIN_URL_SETTING
API_ROLE: Final = str(Role.API)
WORKER_ROLE: Final = str(Role.WORKER)


class BenchServer(msgspec.Struct, frozen=True, kw_only=True):
    """`url` is the superuser's of Aksum's database, `yardstick_url` of one beside it."""

    pid: int
    url: str
    yardstick_url: str
    programs: Path


@asynccontextmanager
async def bench_server(data_dir: Path) -> AsyncIterator[BenchServer]:
    async with EmbeddedPostgres(data_dir, SETTINGS) as server:
        connection = await asyncpg.connect(server.admin_url)
        try:
            await connection.execute(f"CREATE DATABASE {YARDSTICK}")
        finally:
            await connection.close()
        yield BenchServer(
            pid=server.pid,
            url=embedded_url(server),
            yardstick_url=with_database(server.admin_url, YARDSTICK),
            programs=server.programs,
        )


def role_urls(admin_url: str) -> dict[str, str]:
    """Settings of processes that each log in with their own role."""
    return {role.setting: with_user(admin_url, role) for role in RUNTIME_ROLES if role.setting}


@asynccontextmanager
async def prepared_books(admin_url: str, folder: Path) -> AsyncIterator[AsyncContainer]:
    """The schema is made; what operators have is in the container."""
    settings = Settings(data_dir=folder, database_urls={ADMIN_URL_SETTING: admin_url})
    await prepare(admin_url, settings)
    container = make_ops_container(settings)
    try:
        yield container
    finally:
        await container.close()
