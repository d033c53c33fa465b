"""Two tenants, every table, every operation, as every role: what the database itself lets through.

`test_catalog_rules.py` holds the rules that make this so for tables to come.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
import pytest_asyncio
from asyncpg import Connection

from adapters.postgres.roles import RUNTIME_ROLES, Role
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.fixtures.postgres_servers import Server, in_thread
from tests.integration.direct import (
    NO_TENANT,
    PARTITIONS,
    TENANT_TABLES,
    connected,
    names,
    refused,
    set_tenant,
    undone,
)
from tests.integration.rls_expected import (
    DELETABLE,
    DELETED_BY_ONE_ROLE,
    READABLE,
    UPDATABLE,
    WRITTEN_BY_ONE_ROLE,
)
from tests.integration.two_tenants import Inhabited, inhabit

# What sweepers see of other tenants before they enter one of them. Everything else: nothing.
INSERTABLE = """
SELECT attname FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
  AND has_column_privilege(attrelid, attnum, 'INSERT')
"""
ROLES = pytest.mark.parametrize("role", RUNTIME_ROLES)


# One loop, so that the connections are opened once.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def inhabited(postgres_server: Server) -> Iterator[Inhabited]:
    made = postgres_server.create_database()
    yield in_thread(lambda: inhabit(made))
    postgres_server.drop_database(made.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(inhabited: Inhabited) -> AsyncIterator[Connection]:
    async with connected(inhabited.database.admin_url) as connection:
        yield connection


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tables(admin: Connection) -> list[str]:
    return await names(admin, TENANT_TABLES)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def connections(inhabited: Inhabited) -> AsyncIterator[dict[Role, Connection]]:
    async with AsyncExitStack() as opened:
        yield {
            role: await opened.enter_async_context(connected(inhabited.database.url(role)))
            for role in RUNTIME_ROLES
        }


@pytest.fixture
def connection(connections: dict[Role, Connection], role: Role) -> Connection:
    return connections[role]


def kept_from(role: Role) -> set[str]:
    """Tables that another role deletes from."""
    return {table for table, deletes in DELETED_BY_ONE_ROLE.items() if deletes is not role}


def readable(role: Role, table: str) -> str:
    conditions = READABLE[role]
    return "true" if conditions is None else conditions.get(table, "false")


async def test_both_tenants_have_rows_in_every_table(
    inhabited: Inhabited, admin: Connection, tables: list[str]
) -> None:
    """Or the tests below would prove nothing for a table that was added."""
    empty = [
        table
        for table in tables
        for each in (inhabited.mine, inhabited.theirs)
        if not await admin.fetchval(
            f"SELECT count(*) FROM aksum.{table} WHERE tenant_id = $1", each.party.tenant_id
        )
    ]
    assert tables
    assert empty == []


@ROLES
async def test_rows_of_another_tenant_are_read_only_where_the_role_must(
    inhabited: Inhabited, admin: Connection, tables: list[str], connection: Connection, role: Role
) -> None:
    own = inhabited.mine.party.tenant_id
    for table in tables:
        count = f"SELECT count(*) FROM aksum.{table}"
        expected = await admin.fetchval(
            f"{count} WHERE tenant_id = $1 OR ({readable(role, table)})", own
        )
        async with undone(connection, own):
            assert await connection.fetchval(count) == expected, table


@ROLES
@pytest.mark.parametrize("tenant", NO_TENANT, ids=["unset", "emptied"])
async def test_without_a_tenant_nothing_is_read_but_what_the_role_must(
    admin: Connection, tables: list[str], connection: Connection, role: Role, tenant: str | None
) -> None:
    for table in tables:
        count = f"SELECT count(*) FROM aksum.{table}"
        expected = await admin.fetchval(f"{count} WHERE {readable(role, table)}")
        async with undone(connection, tenant):
            assert await connection.fetchval(count) == expected, table
            assert role is not Role.API or expected == 0


async def test_a_sweeper_sees_the_due_rows_of_both_tenants_and_no_other(
    inhabited: Inhabited,
) -> None:
    """Parked rows, running leases and rows due later are in no list it works from."""
    async with connected(inhabited.database.worker_url) as worker:
        for each in (inhabited.mine, inhabited.theirs):
            seen = await names(
                worker, "SELECT subject FROM intents WHERE tenant_id = $1", each.party.tenant_id
            )
            assert each.trade.transaction.id not in seen
            assert {each.parked.subject, each.later.subject}.isdisjoint(seen)
            assert seen
            assert await names(
                worker, "SELECT id FROM quotes WHERE tenant_id = $1", each.party.tenant_id
            ) == [each.due_quote.quote.id]
            assert await names(
                worker, "SELECT id FROM ledger_holds WHERE tenant_id = $1", each.party.tenant_id
            ) == [each.due_hold.id]


async def test_a_sweeper_changes_no_row_that_it_merely_sees(inhabited: Inhabited) -> None:
    async with connected(inhabited.database.worker_url) as worker:
        for tenant in (None, inhabited.mine.party.tenant_id):
            async with undone(worker, tenant):
                locked = await names(worker, "SELECT tenant_id FROM intents FOR UPDATE")
                assert set(locked) == ({tenant} if tenant else set())
                changed = await names(
                    worker, "UPDATE quotes SET version = version RETURNING tenant_id"
                )
                assert set(changed) == ({tenant} if tenant else set())
                deleted = await names(worker, "DELETE FROM intents RETURNING tenant_id")
                assert set(deleted) == ({tenant} if tenant else set())


@ROLES
async def test_rows_of_another_tenant_are_neither_updated_nor_deleted(
    inhabited: Inhabited, admin: Connection, tables: list[str], connection: Connection, role: Role
) -> None:
    own = inhabited.mine.party.tenant_id
    for table in tables:
        is_writer = WRITTEN_BY_ONE_ROLE.get(table, role) is role
        mine = await admin.fetchval(f"SELECT count(*) FROM aksum.{table} WHERE tenant_id = $1", own)
        for allowed, statement, done in (
            (UPDATABLE, f"UPDATE aksum.{table} SET tenant_id = tenant_id", f"UPDATE {mine}"),
            (DELETABLE - kept_from(role), f"DELETE FROM aksum.{table}", f"DELETE {mine}"),
        ):
            async with undone(connection, own):
                if table not in allowed or not is_writer:
                    await refused(connection, statement, match="permission denied for table")
                else:
                    assert await connection.execute(statement) == done
            for nobody in NO_TENANT:
                async with undone(connection, nobody):
                    if table in allowed and is_writer:
                        assert (await connection.execute(statement)).endswith(" 0")


@ROLES
async def test_a_row_is_neither_made_for_nor_given_to_another_tenant(
    inhabited: Inhabited, admin: Connection, tables: list[str], connection: Connection, role: Role
) -> None:
    own, other = inhabited.mine.party.tenant_id, inhabited.theirs.party.tenant_id
    for table in tables:
        row = await admin.fetchval(
            f"SELECT to_jsonb(t)::text FROM aksum.{table} t WHERE tenant_id = $1 LIMIT 1", own
        )
        columns = ", ".join(await names(connection, INSERTABLE, f"aksum.{table}")) or "tenant_id"
        insert = (
            f"INSERT INTO aksum.{table} ({columns}) SELECT {columns} FROM "
            f"jsonb_populate_record(NULL::aksum.{table}, "
            "$1::jsonb || jsonb_build_object('tenant_id', $2::uuid))"
        )
        if WRITTEN_BY_ONE_ROLE.get(table, role) is not role:
            async with undone(connection, own):
                await refused(connection, insert, row, own, match="permission denied")
            continue
        for setting, written in ((own, other), *((nobody, own) for nobody in NO_TENANT)):
            async with undone(connection, setting):
                await refused(connection, insert, row, written, match="row-level security")
        async with undone(connection, own):
            # It is the tenant that was refused above: for its own, only the key is taken.
            with pytest.raises(asyncpg.UniqueViolationError):
                await connection.execute(insert, row, own)
        if table in UPDATABLE:
            async with undone(connection, own):
                give = f"UPDATE aksum.{table} SET tenant_id = $1"
                await refused(connection, give, other, match="row-level security")


async def test_setting_that_is_no_tenant_fails_closed(
    inhabited: Inhabited, tables: list[str]
) -> None:
    async with connected(inhabited.database.api_url) as api:
        for table in tables:
            async with undone(api, "everybody"):
                with pytest.raises(asyncpg.InvalidTextRepresentationError):
                    await api.execute(f"SELECT FROM aksum.{table}")


async def test_tenant_of_one_transaction_is_gone_in_the_next(inhabited: Inhabited) -> None:
    async with connected(inhabited.database.api_url) as api:
        async with api.transaction():
            await set_tenant(api, inhabited.mine.party.tenant_id)
            assert await api.fetchval("SELECT count(*) FROM customers") > 0
        assert await api.fetchval("SELECT count(*) FROM customers") == 0


async def test_plan_made_for_one_tenant_serves_the_next_with_its_own_rows(
    inhabited: Inhabited,
) -> None:
    async with connected(inhabited.database.api_url) as api:
        statement = await api.prepare("SELECT array_agg(DISTINCT tenant_id) FROM ledger_entries")
        for tenant in (inhabited.mine.party.tenant_id, inhabited.theirs.party.tenant_id) * 8:
            async with undone(api, tenant):
                assert await statement.fetchval() == [tenant]
        assert await statement.fetchval() is None


async def test_only_the_house_reads_the_list_of_its_partners(inhabited: Inhabited) -> None:
    everybody = {
        HOUSE_TENANT_ID,
        inhabited.mine.party.tenant_id,
        inhabited.theirs.party.tenant_id,
    }
    async with connected(inhabited.database.api_url) as api, undone(api, HOUSE_TENANT_ID):
        assert set(await names(api, "SELECT tenant_id FROM tenants")) == everybody
        assert await api.execute("UPDATE tenants SET name = 'taken'") == "UPDATE 1"
        for table in ("customers", "orders", "ledger_entries"):
            seen = await names(api, f"SELECT DISTINCT tenant_id FROM {table}")
            assert everybody.intersection(seen) <= {HOUSE_TENANT_ID}


@ROLES
async def test_partitions_are_closed_to_every_role(
    inhabited: Inhabited, admin: Connection, connection: Connection
) -> None:
    """A partition queried by its own name does not ask its parent's policy."""
    partitions = await names(admin, PARTITIONS)
    assert len(partitions) > 50
    async with undone(connection, inhabited.mine.party.tenant_id):
        for partition in partitions:
            await refused(connection, f"SELECT FROM aksum.{partition}", match="permission denied")
    filled = [
        each for each in partitions if await admin.fetchval(f"SELECT count(*) FROM aksum.{each}")
    ]
    assert filled
    async with undone(connection, inhabited.mine.party.tenant_id):
        for partition in filled:
            for statement in (
                f"INSERT INTO aksum.{partition} DEFAULT VALUES",
                f"UPDATE aksum.{partition} SET tenant_id = tenant_id",
                f"DELETE FROM aksum.{partition}",
                f"TRUNCATE aksum.{partition}",
                f"COPY aksum.{partition} TO STDOUT",
            ):
                await refused(connection, statement, match="permission denied")


@ROLES
async def test_no_role_can_widen_what_it_may_do(
    inhabited: Inhabited, admin: Connection, tables: list[str], connection: Connection
) -> None:
    parents = [*tables, "access_directory", "partitioned_tables", "assets"]
    for table in (*parents, *(await names(admin, PARTITIONS))[:3]):
        for statement in (
            f"TRUNCATE aksum.{table}",
            f"ALTER TABLE aksum.{table} DISABLE TRIGGER ALL",
            f"ALTER TABLE aksum.{table} DISABLE ROW LEVEL SECURITY",
            f"ALTER TABLE aksum.{table} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE aksum.{table} ADD COLUMN more int",
            f"CREATE POLICY mine ON aksum.{table} USING (true)",
            f"CREATE INDEX ON aksum.{table} ((1))",
            f"CREATE TRIGGER mine BEFORE INSERT ON aksum.{table} EXECUTE FUNCTION refuse_change()",
            f"DROP TABLE aksum.{table}",
        ):
            await refused(connection, statement)
    for statement in (
        "CREATE TABLE aksum.mine (n int)",
        "CREATE TABLE public.mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
        "CREATE VIEW aksum.mine AS SELECT * FROM aksum.customers",
        "CREATE FUNCTION aksum.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION aksum.refuse_change() RETURNS trigger LANGUAGE sql AS ''",
        "ALTER FUNCTION aksum.tenant_for_access(text, text) RESET search_path",
        "CREATE SCHEMA mine",
        "CREATE EXTENSION file_fdw",
        "CREATE ROLE mine",
        "SET ROLE aksum_owner",
        "SET SESSION AUTHORIZATION aksum_owner",
        "SET session_replication_role = replica",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "COPY (SELECT 1) TO '/tmp/mine'",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT FROM pg_authid",
    ):
        await refused(connection, statement)


async def test_row_security_switched_off_refuses_instead_of_showing(
    inhabited: Inhabited,
) -> None:
    async with connected(inhabited.database.api_url) as api:
        await api.execute("SET row_security = off")
        await refused(api, "SELECT FROM customers", match="row-level security")


@ROLES
async def test_access_directory_is_read_by_nobody(
    inhabited: Inhabited, connection: Connection, role: Role
) -> None:
    for tenant in (None, inhabited.mine.party.tenant_id):
        async with undone(connection, tenant):
            for statement in (
                "SELECT FROM access_directory",
                "UPDATE access_directory SET tenant_id = tenant_id",
                "DELETE FROM access_directory",
                "INSERT INTO access_directory DEFAULT VALUES RETURNING tenant_id",
                "COPY access_directory TO STDOUT",
            ):
                await refused(connection, statement, match="permission denied")


@pytest.mark.parametrize("role", [Role.API, Role.OPS])
async def test_exact_key_leads_to_its_tenant_and_nothing_else_does(
    inhabited: Inhabited, connection: Connection
) -> None:
    lead = "SELECT tenant_for_access($1, $2)"
    for each in (inhabited.mine, inhabited.theirs):
        lookup = each.key.lookup
        assert await connection.fetchval(lead, "api_key", lookup) == each.party.tenant_id
        for kind, guess in (
            ("api_key", lookup[:-1]),
            ("api_key", lookup.upper()),
            ("api_key", lookup + " "),
            ("api_key", "%"),
            ("api_key", ""),
            ("api_key", None),
            (None, lookup),
            ("%", lookup),
        ):
            assert await connection.fetch(lead, kind, guess) == [(None,)]


async def test_worker_has_no_use_for_keys(inhabited: Inhabited) -> None:
    async with connected(inhabited.database.worker_url) as worker:
        await refused(worker, "SELECT tenant_for_access('api_key', '01234567')")


@pytest.mark.parametrize("role", [Role.API, Role.OPS])
async def test_key_is_registered_for_the_own_tenant_only_and_once(
    inhabited: Inhabited, connection: Connection
) -> None:
    own, other = inhabited.mine.party.tenant_id, inhabited.theirs.party.tenant_id
    register = "INSERT INTO access_directory (kind, lookup, tenant_id) VALUES ('api_key', $1, $2)"
    for setting, written in ((own, other), (None, own), ("", own)):
        async with undone(connection, setting):
            await refused(connection, register, "new-key-1", written, match="row-level security")
    async with undone(connection, own):
        await connection.execute(register, "new-key-1", own)
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(register, inhabited.theirs.key.lookup, own)
