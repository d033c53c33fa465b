"""How each kind of process begins and ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dishka import AsyncContainer

from adapters.postgres.roles import Role
from entrypoints.wiring.container import make_ops_container, make_worker_container
from entrypoints.wiring.crash import arm
from entrypoints.wiring.database import check_database
from entrypoints.wiring.settings import Settings, read_settings


async def check_api(settings: Settings) -> None:
    """Raise `StartRefused` unless an API process may start."""
    await check_database(settings, Role.API)


@asynccontextmanager
async def worker_process() -> AsyncIterator[AsyncContainer]:
    """Raises `StartRefused`."""
    settings = read_settings()
    arm(settings.crash_point)
    await check_database(settings, Role.WORKER)
    container = make_worker_container(settings)
    try:
        yield container
    finally:
        await container.close()


@asynccontextmanager
async def operator_process(settings: Settings | None = None) -> AsyncIterator[AsyncContainer]:
    """What a command of an operator works with. Raises `StartRefused`."""
    settings = settings or read_settings()
    await check_database(settings, Role.OPS)
    container = make_ops_container(settings)
    try:
        yield container
    finally:
        await container.close()
