"""The catalogue grants what `granted` states, column by column, and the database acts on it."""

from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
import pytest_asyncio
from asyncpg import Connection

from adapters.postgres.roles import RUNTIME_ROLES, Role
from tests.fixtures.postgres_servers import Database, Server
from tests.integration.direct import connected, names, refused, undone
from tests.integration.granted import ALL, GRANTED, UNREAD

# (role, table, privilege, column), with * for a privilege on the whole table.
IN_CATALOGUE: Final = """
SELECT acl.grantee::regrole::text, c.relname::text, acl.privilege_type, '*'
FROM pg_class c, aclexplode(c.relacl) acl
WHERE c.relnamespace = 'aksum'::regnamespace AND acl.grantee <> c.relowner
UNION ALL
SELECT acl.grantee::regrole::text, c.relname::text, acl.privilege_type, a.attname::text
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) acl
WHERE c.relnamespace = 'aksum'::regnamespace AND acl.grantee <> c.relowner
"""
TABLES: Final = """
SELECT relname::text FROM pg_class WHERE relnamespace = 'aksum'::regnamespace
  AND relkind IN ('r', 'p', 'v') AND NOT relispartition
"""
# What a process whose role is in the wrong hands would try, and none of its use cases does.
FORBIDDEN: Final = {
    Role.API: (
        "INSERT INTO ledger_periods SELECT tenant_id, '2000-01-01', 'x', now() FROM tenants",
        (
            "INSERT INTO ledger_corrections SELECT tenant_id, tenant_id, tenant_id, 'x', "
            "'somebody else', now() FROM tenants"
        ),
        "INSERT INTO ledger_folds (tenant_id, folded_until) SELECT tenant_id, now() FROM tenants",
        "UPDATE ledger_folds SET folded_until = now()",
        "UPDATE ledger_days SET debits = 0",
        "INSERT INTO ledger_checkpoints SELECT * FROM ledger_checkpoints",
        "UPDATE ledger_clock SET closed_until = now()",
        "UPDATE ledger_balances SET sign = -sign",
        "UPDATE ledger_balances SET account_id = account_id",
        "UPDATE ledger_holds SET units = 1",
        "UPDATE api_keys SET label = 'Abena'",
        "UPDATE api_keys SET secret_hash = secret_hash, scopes = scopes",
        "UPDATE tenants SET name = 'x'",
        "UPDATE tenants SET fee_ppm = 0",
        "UPDATE change_requests SET change = change, proposed_by_name = 'x'",
        "UPDATE orders SET base_units = 1",
        "UPDATE quotes SET price = '1'",
        "UPDATE intents SET payload = NULL",
        "INSERT INTO ledger_requests (tenant_id, created_at) VALUES (NULL, now())",
        "INSERT INTO ledger_entries (tenant_id, created_xid) VALUES (NULL, '3')",
        "INSERT INTO ledger_transactions (tenant_id, created_xid) VALUES (NULL, '3')",
        "INSERT INTO ledger_balances (tenant_id, credits) VALUES (NULL, 1)",
    ),
    Role.WORKER: (
        "UPDATE ledger_balances SET floor_units = -1",
        "UPDATE ledger_accounts SET floor_units = -1",
        "INSERT INTO change_requests (tenant_id) VALUES (NULL)",
        "INSERT INTO tenants SELECT * FROM tenants",
        "INSERT INTO api_keys SELECT * FROM api_keys",
        "INSERT INTO deposits SELECT * FROM deposits",
        "INSERT INTO transfers SELECT * FROM transfers",
        "INSERT INTO ledger_periods SELECT tenant_id, '2000-01-01', 'x', now() FROM tenants",
        "UPDATE tenants SET status = 'suspended'",
    ),
    Role.OPS: (
        "UPDATE ledger_folds SET folded_until = now()",
        "UPDATE ledger_days SET debits = 0",
        "INSERT INTO ledger_checkpoints SELECT * FROM ledger_checkpoints",
        "INSERT INTO ledger_seals SELECT * FROM ledger_seals",
        "UPDATE assets SET scale = 0",
    ),
}

# One loop, so that the connection is opened once.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def migrated(postgres_server: Server) -> Iterator[Database]:
    made = postgres_server.create_database()
    yield made
    postgres_server.drop_database(made.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(migrated: Database) -> AsyncIterator[Connection]:
    async with connected(migrated.admin_url) as connection:
        yield connection


async def granted(admin: Connection) -> set[tuple[str, str, str, str]]:
    return {tuple(row) for row in await admin.fetch(IN_CATALOGUE)}


async def stated(admin: Connection) -> set[tuple[str, str, str, str]]:
    written = {
        (str(role), table, right.privilege, column)
        for table, rights in GRANTED.items()
        for right in rights
        for role in right.roles
        for column in right.columns.split()
    }
    read = {
        (str(role), table, "SELECT", ALL)
        for table in await names(admin, TABLES)
        for role in RUNTIME_ROLES
        if role not in UNREAD.get(table, ())
    }
    return written | read


async def test_catalogue_grants_exactly_what_is_stated(admin: Connection) -> None:
    found, expected = await granted(admin), await stated(admin)
    assert sorted(found - expected) == []
    assert sorted(expected - found) == []


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT UPDATE ON ledger_days TO aksum_api",
        "GRANT UPDATE (label) ON api_keys TO aksum_ops",
        "REVOKE UPDATE (held) ON ledger_balances FROM aksum_worker",
        "CREATE TABLE planted (n int); GRANT INSERT ON planted TO aksum_api",
    ],
)
async def test_one_grant_more_or_less_is_a_difference(admin: Connection, grant: str) -> None:
    async with undone(admin):
        await admin.execute("SET LOCAL search_path = aksum")
        await admin.execute(grant)
        assert await granted(admin) != await stated(admin)


@pytest.mark.parametrize("role", RUNTIME_ROLES)
async def test_role_is_refused_what_none_of_its_use_cases_does(
    migrated: Database, role: Role
) -> None:
    async with connected(migrated.url(role)) as connection, undone(connection):
        for statement in FORBIDDEN[role]:
            await refused(connection, statement, match="permission denied for table")
