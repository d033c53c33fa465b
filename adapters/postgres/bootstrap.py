"""Make the database, the roles and the schema that migrations build on. Safe to repeat.

Runs as a superuser, or as a login with CREATEROLE and CREATEDB, which is what managed services
give. Connected as aksum_migrator it only checks that somebody did it before.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import asyncpg
from asyncpg import Connection

from adapters.postgres.bootstrap_sql import identifier, session_defaults, set_password
from adapters.postgres.guard import require_server_version
from adapters.postgres.roles import OWNER, SCHEMA, Role
from adapters.postgres.urls import PostgresUrl, redacted, with_database

MAINTENANCE_DATABASE: Final = "postgres"
LOCK_WAIT: Final = "60s"
LOCK_KEY: Final = 0x616B73756D01  # "aksum", 1
MEMBERSHIP_OPTIONS_SINCE: Final = 16  # GRANT … WITH INHERIT, SET
CONNECT_LIMIT_SECONDS: Final = 10

_ROLES: Final = """
SELECT rolname::text AS name, rolcanlogin,
       rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS powerful
  FROM pg_roles WHERE rolname = ANY($1::text[])
"""
_MEMBER: Final = """
SELECT EXISTS (SELECT FROM pg_auth_members AS held
                WHERE held.roleid = to_regrole($1)::oid AND held.member = to_regrole($2)::oid
                  AND {usable})
"""
_SCHEMA_OWNER: Final = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = $1"


class BootstrapRefused(RuntimeError):
    """The database is not ready and this login may not make it so; the text says what is amiss."""


async def bootstrap(admin_url: str, role_urls: Mapping[Role, str] = MappingProxyType({})) -> None:
    """Prepare the database that `admin_url` names; passwords come from `role_urls`.

    Raises BootstrapRefused, or the driver's error if the server cannot be reached.
    """
    database = PostgresUrl.parse(admin_url).database
    if database is None:
        raise BootstrapRefused(f"{redacted(admin_url)} names no database")
    if PostgresUrl.parse(admin_url).user == Role.MIGRATOR:
        await _check_prepared(admin_url)
        return
    common = await _connect(with_database(admin_url, MAINTENANCE_DATABASE), other=admin_url)
    try:
        # Roles belong to the server, not to one database, so everyone must meet at one lock.
        await require_server_version(common)
        await common.execute(f"SET lock_timeout = '{LOCK_WAIT}'")
        await common.execute(f"SELECT pg_advisory_lock({LOCK_KEY})")
        await _create_database(common, database)
        await _prepare(admin_url, role_urls)
    except asyncpg.InsufficientPrivilegeError as error:
        raise BootstrapRefused(
            f"{redacted(admin_url)} may not prepare the database ({error}); use a superuser, or a "
            "login with CREATEROLE and CREATEDB that owns the database"
        ) from error
    finally:
        await common.close()


async def _connect(url: str, *, other: str) -> Connection:
    """Connect to `url`, or to `other` on servers that offer no database of that name."""
    try:
        return await asyncpg.connect(url, timeout=CONNECT_LIMIT_SECONDS)
    except (asyncpg.InvalidCatalogNameError, asyncpg.InsufficientPrivilegeError):
        return await asyncpg.connect(other, timeout=CONNECT_LIMIT_SECONDS)


async def _create_database(connection: Connection, database: str) -> None:
    if not await connection.fetch("SELECT FROM pg_database WHERE datname = $1", database):
        # C: the order of text must not change with the system's library below the indexes.
        await connection.execute(
            f"CREATE DATABASE {identifier(database)} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
        )


async def _prepare(admin_url: str, role_urls: Mapping[Role, str]) -> None:
    connection = await asyncpg.connect(admin_url, timeout=CONNECT_LIMIT_SECONDS)
    try:
        encoding = await connection.fetchval("SHOW server_encoding")
        if encoding != "UTF8":
            raise BootstrapRefused(f"the database's encoding is {encoding}; Aksum needs UTF8")
        async with connection.transaction():
            await _create_roles(connection)
            for role, url in role_urls.items():
                password = PostgresUrl.parse(url).password
                if password:
                    await connection.execute(set_password(role, password))
            await _create_schema(connection)
            await configure_database(connection)
    finally:
        await connection.close()


async def _create_roles(connection: Connection) -> None:
    wanted = [OWNER, *Role]
    found = {row["name"]: row for row in await connection.fetch(_ROLES, wanted)}
    for name in wanted:
        login = "NOLOGIN" if name == OWNER else "LOGIN"
        if name not in found:
            # NOINHERIT: rights of a role that one is a member of count after SET ROLE only.
            await connection.execute(
                f"CREATE ROLE {name} {login} NOINHERIT "
                "NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION"
            )
            continue
        if found[name]["powerful"]:
            await connection.execute(
                f"ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION"
            )
        if found[name]["rolcanlogin"] != (login == "LOGIN"):
            await connection.execute(f"ALTER ROLE {name} {login}")
    if not await _may_become_owner(connection, Role.MIGRATOR):
        await connection.execute(_grant_owner(connection, Role.MIGRATOR))


async def _may_become_owner(connection: Connection, name: str) -> bool:
    options = connection.get_server_version().major >= MEMBERSHIP_OPTIONS_SINCE
    query = _MEMBER.format(usable="held.set_option" if options else "true")
    return bool(await connection.fetchval(query, OWNER, identifier(name)))


def _grant_owner(connection: Connection, name: str) -> str:
    options = connection.get_server_version().major >= MEMBERSHIP_OPTIONS_SINCE
    return (
        f"GRANT {OWNER} TO {identifier(name)}{' WITH INHERIT FALSE, SET TRUE' if options else ''}"
    )


async def _create_schema(connection: Connection) -> None:
    """Create the schema for its owner, whom only a superuser can act for without membership."""
    owner = await connection.fetchval(_SCHEMA_OWNER, SCHEMA)
    if owner == OWNER:
        return
    if owner is not None:
        raise BootstrapRefused(f"schema {SCHEMA} belongs to {owner}, not to {OWNER}")
    login, is_superuser = await connection.fetchrow(
        "SELECT current_user::text, rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    borrow = not is_superuser and not await _may_become_owner(connection, login)
    if borrow:
        await connection.execute(_grant_owner(connection, login))
    await connection.execute(f"CREATE SCHEMA {SCHEMA} AUTHORIZATION {OWNER}")
    if borrow:
        await connection.execute(f"REVOKE {OWNER} FROM {identifier(login)}")


async def configure_database(connection: Connection) -> None:
    """What belongs to the current database alone, and is not copied when it is a template.

    Nobody else may connect, nobody may create in `public`, and every role has its own limits.
    """
    database = await connection.fetchval("SELECT current_database()")
    name = identifier(database)
    statements = [
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {name} TO {', '.join(Role)}",
        f"GRANT CREATE, TEMPORARY ON DATABASE {name} TO {OWNER}",
        *(each for role in Role for each in session_defaults(role, database)),
    ]
    if await connection.fetchval("SELECT to_regnamespace('public') IS NOT NULL"):
        statements.append("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    await connection.execute(";\n".join(statements))


async def _check_prepared(migrator_url: str) -> None:
    try:
        connection = await asyncpg.connect(migrator_url, timeout=CONNECT_LIMIT_SECONDS)
    except asyncpg.InvalidCatalogNameError as error:
        raise BootstrapRefused(_by_admin(f"there is no database ({error})")) from error
    try:
        await require_server_version(connection)
        found = {row["name"] for row in await connection.fetch(_ROLES, [OWNER, *Role])}
        missing = sorted({OWNER, *Role} - found)
        if missing:
            raise BootstrapRefused(_by_admin(f"roles {', '.join(missing)} are missing"))
        owner = await connection.fetchval(_SCHEMA_OWNER, SCHEMA)
        if owner != OWNER:
            raise BootstrapRefused(_by_admin(f"schema {SCHEMA} of {OWNER} is missing"))
        if not await _may_become_owner(connection, Role.MIGRATOR):
            raise BootstrapRefused(_by_admin(f"{Role.MIGRATOR} is no member of {OWNER}"))
    finally:
        await connection.close()


def _by_admin(what: str) -> str:
    return (
        f"{what}: run this once with AKSUM_DATABASE_URL of a superuser, or of a login with "
        f"CREATEROLE and CREATEDB; {Role.MIGRATOR} cannot do it"
    )
