"""The PostgreSQL behind a sandbox: one of ours in the data directory, or the one that is named."""

import asyncio

import msgspec

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.embedded_errors import EmbeddedPostgresError
from adapters.postgres.roles import ADMIN_URL_SETTING, RUNTIME_ROLES, Role
from adapters.postgres.urls import DatabaseUrlInvalid, role_url
from entrypoints.wiring.database import embedded_url
from entrypoints.wiring.errors import SettingInvalid, StartRefused
from entrypoints.wiring.settings import Settings


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """A running server. `role_urls` are by the setting that hands each to a process.

    `operator_url` is for people: it reads every tenant's rows, changes none of the journal, and may
    not touch the schema.
    """

    pid: int | None
    admin_url: str
    role_urls: dict[str, str]
    operator_url: str


class DatabaseServer:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._named = settings.database_urls.get(ADMIN_URL_SETTING)
        self._embedded = None if self._named else EmbeddedPostgres(settings.postgres_dir)

    async def start(self) -> Database:
        """May be called again when it has ended. Raises `StartRefused`."""
        if self._embedded is None:
            return self._database(None, str(self._named))
        try:
            server = await self._embedded.start()
        except EmbeddedPostgresError as error:
            raise StartRefused(str(error)) from None
        return self._database(server.pid, embedded_url(server))

    async def ended(self) -> None:
        """Returns when it has ended by itself; never for a server that is not ours."""
        if self._embedded is None:
            await asyncio.Event().wait()
        else:
            await self._embedded.wait()

    async def stop(self) -> None:
        if self._embedded is not None:
            await self._embedded.stop()

    def _database(self, pid: int | None, admin_url: str) -> Database:
        urls = {**self._settings.database_urls, ADMIN_URL_SETTING: admin_url}
        try:
            return Database(
                pid=pid,
                admin_url=admin_url,
                role_urls={str(role.setting): role_url(urls, role) for role in RUNTIME_ROLES},
                operator_url=role_url(urls, Role.OPS),
            )
        except DatabaseUrlInvalid as error:
            raise SettingInvalid(ADMIN_URL_SETTING, str(error)) from None
