"""Roles, database and schema: made once, by whoever may, and refused to everyone else."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from asyncpg import Connection

from adapters.postgres.bootstrap import BootstrapRefused, bootstrap
from adapters.postgres.guard import UnsafeDatabaseRole, require_role, require_server_version
from adapters.postgres.migrate import downgrade, upgrade
from adapters.postgres.revision import current, head, is_at_head
from adapters.postgres.roles import OWNER, Role
from adapters.postgres.urls import with_database, with_user
from tests.fixtures.postgres_servers import (
    EMBEDDED_VERSIONS,
    Database,
    PostgresStarter,
    Server,
)

LIMITS = {
    Role.API: ("5s", "2s", "10s", "off"),
    Role.WORKER: ("30s", "2s", "10s", "off"),
    Role.OPS: ("1min", "2s", "10s", "off"),
}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
def new_url(postgres_server: Server) -> Iterator[str]:
    """An admin's URL of a database that does not exist yet."""
    name = postgres_server.new_name()
    yield with_database(postgres_server.admin_url, name)
    postgres_server.drop_database(name)


async def test_nothing_there_becomes_a_closed_database_with_powerless_roles(new_url: str) -> None:
    await bootstrap(new_url)
    async with connected(new_url) as admin:
        rows = await admin.fetch(
            "SELECT rolname::text, rolcanlogin, rolsuper OR rolbypassrls OR rolcreaterole OR "
            "rolcreatedb OR rolreplication AS powerful FROM pg_roles WHERE rolname ~ '^aksum_'"
        )
        found = {name: (login, powerful) for name, login, powerful in rows}
        assert found.pop(OWNER) == (False, False)
        assert {role: found[role] for role in Role} == dict.fromkeys(Role, (True, False))
        owner = await admin.fetchval(
            "SELECT nspowner::regrole FROM pg_namespace WHERE nspname='aksum'"
        )
        assert owner == OWNER
        everyone = await admin.fetchval(
            "SELECT count(*) FROM (SELECT aclexplode(datacl) AS a FROM pg_database WHERE datname = "
            "current_database() UNION ALL SELECT aclexplode(nspacl) FROM pg_namespace "
            "WHERE nspname = 'public') AS acl WHERE (acl.a).grantee = 0"
        )
        assert everyone == 0


async def test_each_role_connects_with_its_own_limits(new_url: str) -> None:
    await bootstrap(new_url)
    for role, limits in LIMITS.items():
        async with connected(with_user(new_url, role)) as connection:
            names = (
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "jit",
            )
            assert tuple([await connection.fetchval(f"SHOW {name}") for name in names]) == limits
            assert await connection.fetchval("SHOW search_path") == "aksum"
            assert await connection.fetchval("SHOW TimeZone") == "UTC"


async def test_only_the_migrator_may_act_as_owner(new_url: str) -> None:
    await bootstrap(new_url)
    async with connected(with_user(new_url, Role.MIGRATOR)) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):  # not before SET ROLE
            await connection.execute("CREATE TABLE aksum.t (n int)")
        await connection.execute(f"SET ROLE {OWNER}; CREATE TABLE aksum.t (n int)")
    for role in LIMITS:
        async with connected(with_user(new_url, role)) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"SET ROLE {OWNER}")


async def test_many_at_once_and_again_change_nothing(postgres_server: Server) -> None:
    names = [postgres_server.new_name() for _ in range(2)]
    urls = [with_database(postgres_server.admin_url, name) for name in names for _ in range(3)]
    await asyncio.gather(*(bootstrap(url) for url in urls))
    await bootstrap(urls[0])
    for name in names:
        postgres_server.drop_database(name)


@pytest.mark.parametrize("version", EMBEDDED_VERSIONS)
async def test_login_with_createrole_and_createdb_suffices_where_there_is_no_superuser(
    start_postgres: PostgresStarter, version: str
) -> None:
    server = await start_postgres(version=version).start()
    async with connected(server.admin_url) as superuser:
        await superuser.execute("CREATE ROLE cloud_admin LOGIN CREATEROLE CREATEDB")
    url = with_database(with_user(server.admin_url, "cloud_admin"), "aksum")
    await bootstrap(url)
    await bootstrap(url)
    await upgrade(url)
    async with connected(url) as admin:
        member = "SELECT pg_has_role('cloud_admin', 'aksum_owner', 'USAGE')"
        assert await admin.fetchval(member) is False
    async with connected(with_user(url, Role.API)) as api:
        assert await is_at_head(api)


async def test_login_without_the_rights_is_told_which(start_postgres: PostgresStarter) -> None:
    server = await start_postgres().start()
    async with connected(server.admin_url) as superuser:
        await superuser.execute("CREATE ROLE nobody_special LOGIN")
    url = with_database(with_user(server.admin_url, "nobody_special"), "aksum")
    with pytest.raises(BootstrapRefused, match="CREATEROLE and CREATEDB"):
        await bootstrap(url)


async def test_migrator_is_refused_until_an_admin_prepared_the_database(
    start_postgres: PostgresStarter,
) -> None:
    server = await start_postgres().start()
    admin = with_database(server.admin_url, "aksum")
    migrator = with_user(admin, Role.MIGRATOR)
    async with connected(server.admin_url) as superuser:
        await superuser.execute(f"CREATE ROLE {Role.MIGRATOR} LOGIN")
    with pytest.raises(BootstrapRefused, match="no database"):
        await bootstrap(migrator)
    async with connected(server.admin_url) as superuser:
        await superuser.execute("CREATE DATABASE aksum")
    with pytest.raises(BootstrapRefused, match="aksum_api, aksum_ops, aksum_owner, aksum_worker"):
        await bootstrap(migrator)
    await bootstrap(admin)
    await bootstrap(migrator)


async def test_passwords_come_from_the_role_urls(start_postgres: PostgresStarter) -> None:
    postgres = start_postgres()
    server = await postgres.start()
    url = with_database(server.admin_url, "aksum")
    api = with_user(url, Role.API)
    own = {role: with_user(url, role) for role in Role}
    own[Role.API] = api.replace("aksum_api@", "aksum_api:o'p%20%5C%3A%40%2F@")
    own[Role.OPS] = with_user(url, Role.OPS).replace("aksum_ops@", "aksum_ops:gr%C3%BC%C3%9Fe@")
    await bootstrap(url, own)
    async with connected(url) as admin:
        stored = await admin.fetch(
            "SELECT rolname::text FROM pg_authid WHERE rolpassword LIKE 'SCRAM-SHA-256$%'"
        )
        assert {name for (name,) in stored} == {Role.API, Role.OPS}
        rules = await admin.fetchval("SHOW hba_file")
        lines = "VALUES ('local all postgres trust'), ('local all all scram-sha-256')"
        await admin.execute(f"COPY ({lines}) TO '{rules}'")
        await admin.execute("SELECT pg_reload_conf()")
    for role in (Role.API, Role.OPS):
        async with connected(own[role]) as connection:
            assert await connection.fetchval("SELECT current_user") == role
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(api, password="not it")


async def test_migrations_belong_to_the_owner_and_every_role_sees_the_head(
    database: Database,
) -> None:
    for role in LIMITS:
        async with connected(database.url(role)) as connection:
            assert await is_at_head(connection)
            assert await current(connection) == head()
    async with connected(database.admin_url) as admin:
        owners = await admin.fetch(
            "SELECT DISTINCT relowner::regrole::text FROM pg_class "
            "WHERE relnamespace = 'aksum'::regnamespace"
        )
        assert [owner for (owner,) in owners] == [OWNER]


async def test_migrations_go_down_to_nothing_and_up_again(database: Database) -> None:
    await downgrade(database.admin_url, "base")
    async with connected(database.admin_url) as admin:
        left = await admin.fetch(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'aksum'::regnamespace "
            "AND relkind IN ('r', 'p', 'v', 'm', 'S') UNION ALL "
            "SELECT proname::text FROM pg_proc WHERE pronamespace = 'aksum'::regnamespace"
        )
        assert [name for (name,) in left] == ["alembic_version"]
        assert await current(admin) is None
    await upgrade(database.migrator_url)
    async with connected(database.api_url) as api:
        assert await is_at_head(api)


async def test_two_migrations_at_once_take_turns(new_url: str) -> None:
    await bootstrap(new_url)
    await asyncio.gather(*(upgrade(new_url) for _ in range(2)))
    async with connected(new_url) as admin:
        assert await is_at_head(admin)


async def test_each_process_accepts_its_own_role(database: Database) -> None:
    for role in Role:
        async with connected(database.url(role)) as connection:
            await require_server_version(connection)
            await require_role(connection, role)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("ALTER ROLE aksum_api SUPERUSER", "aksum_api is a superuser"),
        ("ALTER ROLE aksum_api BYPASSRLS", "aksum_api has BYPASSRLS"),
        ("ALTER ROLE aksum_api CREATEROLE", "has CREATEROLE"),
        ("CREATE ROLE seer BYPASSRLS; GRANT seer TO aksum_api", "member of seer, which has BYPASS"),
        (
            "CREATE ROLE far SUPERUSER; CREATE ROLE near IN ROLE far; GRANT near TO aksum_api",
            "member of far, which is a superuser",
        ),
        ("CREATE TABLE aksum.t (n int); ALTER TABLE aksum.t OWNER TO aksum_api", "api owns tables"),
        ("GRANT aksum_owner TO aksum_api", "member of aksum_owner, which owns tables"),
    ],
)
async def test_role_with_rights_it_must_not_have_is_refused(
    database: Database, change: str, complaint: str
) -> None:
    async with connected(database.admin_url) as admin:
        await admin.execute("BEGIN")  # never committed: roles belong to every test
        await admin.execute(change)
        await admin.execute("SET LOCAL SESSION AUTHORIZATION aksum_api")
        with pytest.raises(UnsafeDatabaseRole, match=complaint):
            await require_role(admin, Role.API)


async def test_another_roles_login_is_refused_with_the_setting_to_correct(
    database: Database,
) -> None:
    async with connected(database.worker_url) as connection:
        with pytest.raises(UnsafeDatabaseRole, match="correct AKSUM_API_DATABASE_URL"):
            await require_role(connection, Role.API)


async def test_superuser_in_the_roles_clothes_is_refused(database: Database) -> None:
    async with connected(database.admin_url) as admin:
        await admin.execute("SET ROLE aksum_api")
        with pytest.raises(UnsafeDatabaseRole, match="acting as aksum_api"):
            await require_role(admin, Role.API)
