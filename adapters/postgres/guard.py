"""What a process checks about its connection before it serves: the server, and who it is there."""

from typing import Final

from asyncpg import Connection

from adapters.postgres.roles import SCHEMA, Role

MINIMUM_MAJOR: Final = 15

# One row about the login. `rights` counts what it could reach by SET ROLE too, not only its own.
_WHO: Final = """
SELECT session_user::text AS login, current_user::text AS acting,
       coalesce(array_agg(DISTINCT holder.rolname::text) FILTER (WHERE holder.rolsuper), '{}')
           AS superusers,
       coalesce(array_agg(DISTINCT holder.rolname::text) FILTER (WHERE holder.rolbypassrls), '{}')
           AS bypassing,
       coalesce(array_agg(DISTINCT holder.rolname::text)
                FILTER (WHERE holder.rolcreaterole OR holder.rolreplication), '{}') AS powerful,
       (SELECT coalesce(array_agg(DISTINCT owner.rolname::text), '{}')
          FROM pg_class AS owned
          JOIN pg_namespace AS place ON place.oid = owned.relnamespace AND place.nspname = $1
          JOIN pg_roles AS owner ON owner.oid = owned.relowner
         WHERE pg_has_role(session_user, owner.oid, 'MEMBER')) AS owners
  FROM pg_roles AS holder
 WHERE pg_has_role(session_user, holder.oid, 'MEMBER')
"""


_FINDS: Final = "SELECT $1 = ANY(current_schemas(false))"


class UnsafeDatabaseRole(RuntimeError):
    """The login has rights its process must not have, or is not the process's own role."""


class SettingsMissing(RuntimeError):
    """The database has not the settings of the role: it was restored, and nobody migrated it."""


class ServerTooOld(RuntimeError):
    """The server is older than the oldest PostgreSQL that Aksum supports."""


async def require_role(connection: Connection, expected: Role) -> None:
    """Raise UnsafeDatabaseRole unless the connection is `expected` with no more than its rights.

    Row-Level Security binds neither superusers, nor roles with BYPASSRLS, nor (unless forced) the
    owner of a table; a login that is a member of such a role is one SET ROLE away from it. Only
    the migrator may reach the owner.
    """
    found = await connection.fetchrow(_WHO, SCHEMA)
    login = found["login"]
    if login != expected or found["acting"] != expected:
        raise UnsafeDatabaseRole(
            f"connected as {login} (acting as {found['acting']}), but this process must be "
            f"{expected}: correct {expected.setting or 'AKSUM_DATABASE_URL'}"
        )
    for roles, fault in (
        (found["superusers"], "is a superuser"),
        (found["bypassing"], "has BYPASSRLS"),
        (found["powerful"], "has CREATEROLE or REPLICATION"),
    ):
        if roles:
            raise UnsafeDatabaseRole(f"{login} {_by(login, roles, fault)}; Aksum does not run so")
    forbidden = {login} if expected is Role.MIGRATOR else set(found["owners"])
    owners = sorted(forbidden & set(found["owners"]))
    if owners:
        raise UnsafeDatabaseRole(
            f"{login} {_by(login, owners, f'owns tables in schema {SCHEMA}')}, so they would not "
            "be closed to it; they belong to aksum_owner alone"
        )


async def require_settings(connection: Connection) -> None:
    """Raise SettingsMissing where the role does not find our tables by their names.

    What a role is set to in a database, with the limits on its statements, is in no dump of it.
    """
    if not await connection.fetchval(_FINDS, SCHEMA):
        raise SettingsMissing(
            f"this database does not have the settings of {Role.OPS} and the others, as after a "
            "restore, since no dump holds them: run `aksum migrate` as an administrator"
        )


def _by(login: str, roles: list[str], fault: str) -> str:
    if login in roles:
        return fault
    return f"is a member of {', '.join(sorted(roles))}, which {fault}"


async def require_server_version(connection: Connection) -> None:
    """Raise ServerTooOld below PostgreSQL 15 (security_invoker views, NULLS NOT DISTINCT)."""
    version = connection.get_server_version()
    if version.major < MINIMUM_MAJOR:
        raise ServerTooOld(
            f"the server is PostgreSQL {version.major}.{version.minor}; "
            f"Aksum needs {MINIMUM_MAJOR} or later"
        )
