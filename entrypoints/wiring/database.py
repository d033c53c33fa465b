"""The database of a process: which URL it has, and whether it may serve from it."""

from pathlib import Path
from typing import Final

import asyncpg

from adapters.postgres.embedded import EmbeddedServer, find_running
from adapters.postgres.embedded_errors import EmbeddedPostgresError
from adapters.postgres.embedded_files import embedded_programs
from adapters.postgres.guard import (
    ServerTooOld,
    SettingsMissing,
    UnsafeDatabaseRole,
    require_role,
    require_server_version,
    require_settings,
)
from adapters.postgres.inspection import logs_in_as_superuser
from adapters.postgres.revision import current, head
from adapters.postgres.roles import ADMIN_URL_SETTING, DATABASE, RUNTIME_ROLES, Role
from adapters.postgres.urls import (
    DatabaseUrlInvalid,
    PostgresUrl,
    redacted,
    role_url,
    with_database,
    with_user,
)
from entrypoints.wiring.errors import SettingInvalid, StartRefused
from entrypoints.wiring.settings import Settings

CONNECT_SECONDS: Final = 5
UNREACHABLE: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


def database_url(settings: Settings, role: Role) -> str:
    """Its own setting, or AKSUM_DATABASE_URL with its name, or a server in the data directory.

    Raises `SettingInvalid`.
    """
    setting = role.setting or ADMIN_URL_SETTING
    try:
        if settings.database_urls.keys() & {setting, ADMIN_URL_SETTING}:
            return role_url(settings.database_urls, role)
    except DatabaseUrlInvalid as error:
        raise SettingInvalid(setting, str(error)) from None
    running = find_embedded(settings.postgres_dir)
    if running is None:
        raise SettingInvalid(
            ADMIN_URL_SETTING,
            f"not set, and no PostgreSQL of ours runs in {settings.postgres_dir}: set it, or "
            "start `aksum sandbox up`",
        )
    return with_user(embedded_url(running), role)


def embedded_url(server: EmbeddedServer) -> str:
    """The superuser's URL of Aksum's database on an embedded server."""
    return with_database(server.admin_url, DATABASE)


def find_embedded(folder: Path) -> EmbeddedServer | None:
    """The server that runs in the data directory, if one does."""
    try:
        return find_running(folder)
    except EmbeddedPostgresError:
        return None


async def check_database(settings: Settings, role: Role) -> None:
    """Raise `StartRefused` unless this process may work as `role` on a migrated database."""
    url = database_url(settings, role)
    try:
        if role in (Role.API, Role.WORKER):
            await _refuse_superuser(settings, role)
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    except UNREACHABLE as error:
        raise StartRefused(f"cannot connect to {redacted(url)}: {reason_of(error)}") from None
    try:
        await require_server_version(connection)
        await require_role(connection, role)
        found = await current(connection)
        if found != head():
            raise StartRefused(
                f"the database is at revision {found or 'none'} and this code needs {head()}: "
                "run `aksum migrate`"
            )
        await require_settings(connection)
    except (ServerTooOld, SettingsMissing, UnsafeDatabaseRole) as error:
        raise StartRefused(str(error)) from None
    finally:
        await connection.close()


async def _refuse_superuser(settings: Settings, role: Role) -> None:
    """A process that serves must not even know the URL of somebody who may do anything."""
    shared = settings.database_urls.get(ADMIN_URL_SETTING)
    if shared is None or PostgresUrl.parse(shared).user in {*Role}:
        return
    try:
        is_superuser = await logs_in_as_superuser(shared)
    except UNREACHABLE:
        return  # what nobody can log in with is not dangerous; the role's own URL is tried next
    if is_superuser:
        raise StartRefused(
            f"{ADMIN_URL_SETTING} logs in as a superuser, whom Row-Level Security does not bind: "
            f"unset it and set {role.setting} to the URL of {role} (`aksum migrate` makes it)"
        )


def reason_of(error: BaseException) -> str:
    """What to show of one of `UNREACHABLE`."""
    return str(error).strip() or type(error).__name__


async def check_every_role(settings: Settings) -> dict[str, str | None]:
    """Each role's refusal to start, None where it may."""
    found: dict[str, str | None] = {}
    for role in RUNTIME_ROLES:
        try:
            await check_database(settings, role)
            found[role.value] = None
        except StartRefused as refusal:
            found[role.value] = str(refusal)
    return found


def embedded_server_is_installed() -> bool:
    try:
        embedded_programs()
    except EmbeddedPostgresError:
        return False
    return True
