"""What is written to the journal stays as it is, whoever asks: owner and superuser included."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
import pytest_asyncio
from asyncpg import Connection

from adapters.postgres.roles import OWNER, RUNTIME_ROLES, Role
from tests.fixtures.postgres_servers import Server, in_thread
from tests.integration.direct import PARTITIONS, connected, names, refused, set_tenant, undone
from tests.integration.two_tenants import Inhabited, inhabit

JOURNAL = ("ledger_transactions", "ledger_entries", "fills")
TABLES = pytest.mark.parametrize("table", JOURNAL)
MONTHS_MORE = 30
# Beyond every partition that was there when the table was made.
FAR_AHEAD = "uuid7_floor(now() + interval '28 months')"
REFUSAL = "is append-only"


# One loop, so that the connections are opened once.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def inhabited(postgres_server: Server) -> Iterator[Inhabited]:
    made = postgres_server.create_database()
    yield in_thread(lambda: inhabit(made))
    postgres_server.drop_database(made.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def superuser(inhabited: Inhabited) -> AsyncIterator[Connection]:
    async with connected(inhabited.database.admin_url) as connection:
        await connection.execute("SET search_path = aksum")
        yield connection


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(inhabited: Inhabited) -> AsyncIterator[Connection]:
    async with connected(inhabited.database.migrator_url) as connection:
        await connection.execute(f"SET ROLE {OWNER}")
        yield connection


async def partitions_of(connection: Connection, table: str) -> list[str]:
    return [each for each in await names(connection, PARTITIONS) if each.startswith(f"{table}_")]


async def with_rows(connection: Connection, table: str) -> list[str]:
    """The table itself and each of its partitions that holds any."""
    found = [
        each
        for each in await partitions_of(connection, table)
        if await connection.fetchval(f"SELECT count(*) FROM aksum.{each}")
    ]
    assert found
    return [table, *found]


def changes(table: str) -> tuple[str, ...]:
    merge = f"MERGE INTO aksum.{table} t USING (SELECT 1) s ON true WHEN MATCHED THEN"
    return (
        f"UPDATE aksum.{table} SET tenant_id = tenant_id",
        f"DELETE FROM aksum.{table}",
        f"WITH gone AS (DELETE FROM aksum.{table} RETURNING 1) SELECT count(*) FROM gone",
        f"{merge} DELETE",
        f"{merge} UPDATE SET tenant_id = t.tenant_id",
    )


@TABLES
@pytest.mark.parametrize("replication_role", ["origin", "replica", "local"])
async def test_superuser_changes_no_row_however_it_replicates(
    superuser: Connection, table: str, replication_role: str
) -> None:
    """Replicas skip ordinary triggers; these are enabled always."""
    async with undone(superuser):
        await superuser.execute(f"SET LOCAL session_replication_role = {replication_role}")
        for relation in await with_rows(superuser, table):
            for statement in changes(relation):
                await refused(superuser, statement, match=REFUSAL)
        for relation in (table, *await partitions_of(superuser, table)):
            await refused(superuser, f"TRUNCATE aksum.{relation}", match=REFUSAL)
            await refused(superuser, f"TRUNCATE aksum.{relation} CASCADE", match=REFUSAL)


@TABLES
async def test_upsert_changes_no_row(superuser: Connection, table: str) -> None:
    key = await superuser.fetchval(
        "SELECT string_agg(attname, ', ') FROM pg_index i JOIN pg_attribute a "
        "ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) "
        "WHERE i.indisprimary AND i.indrelid = $1::regclass",
        f"aksum.{table}",
    )
    upsert = (
        f"INSERT INTO aksum.{table} SELECT * FROM aksum.{table} "
        f"ON CONFLICT ({key}) DO UPDATE SET tenant_id = excluded.tenant_id"
    )
    await refused(superuser, upsert, match=REFUSAL)


@TABLES
async def test_owner_changes_no_row(inhabited: Inhabited, owner: Connection, table: str) -> None:
    async with undone(owner, inhabited.mine.party.tenant_id):
        assert await owner.fetchval(f"SELECT count(*) FROM aksum.{table}") > 0
        for statement in changes(table):
            await refused(owner, statement, match=REFUSAL)
        for relation in (table, *await partitions_of(owner, table)):
            await refused(owner, f"TRUNCATE aksum.{relation}", match=REFUSAL)


@TABLES
async def test_owner_without_a_tenant_has_no_row_to_change(owner: Connection, table: str) -> None:
    assert await owner.execute(f"DELETE FROM aksum.{table}") == "DELETE 0"


@TABLES
@pytest.mark.parametrize("role", RUNTIME_ROLES)
async def test_runtime_roles_have_not_even_the_privilege(
    inhabited: Inhabited, table: str, role: Role
) -> None:
    async with (
        connected(inhabited.database.url(role)) as connection,
        undone(connection, inhabited.mine.party.tenant_id),
    ):
        for statement in (*changes(table), f"TRUNCATE aksum.{table}"):
            await refused(connection, statement, match="permission denied")


@TABLES
async def test_every_partition_is_guarded_always(superuser: Connection, table: str) -> None:
    assert await unguarded(superuser, table) == []


@TABLES
async def test_partitions_made_later_are_guarded_alike(
    inhabited: Inhabited, superuser: Connection, table: str
) -> None:
    before = await partitions_of(superuser, table)
    async with connected(inhabited.database.worker_url) as worker:
        await worker.execute("SELECT make_partitions($1, current_date, $2)", table, MONTHS_MORE)
    later = set(await partitions_of(superuser, table)) - set(before)
    assert later
    assert await unguarded(superuser, table) == []
    for relation in later:
        await refused(superuser, f"TRUNCATE aksum.{relation}", match=REFUSAL)


@pytest.mark.parametrize("replication_role", ["origin", "replica"])
async def test_row_in_a_partition_made_later_stays(
    inhabited: Inhabited, superuser: Connection, replication_role: str
) -> None:
    await superuser.execute(
        "SELECT make_partitions('ledger_transactions', current_date, $1)", MONTHS_MORE
    )
    async with undone(superuser):
        await superuser.execute(f"SET LOCAL session_replication_role = {replication_role}")
        partition = await superuser.fetchval(
            "INSERT INTO ledger_transactions (tenant_id, id, template, reference, effective_on, "
            f"booked_at) VALUES ($1, {FAR_AHEAD}, 'transfer', 'x', now(), now()) "
            "RETURNING tableoid::regclass::text",
            inhabited.mine.party.tenant_id,
        )
        for relation in (partition, "ledger_transactions"):
            for statement in changes(relation):
                await refused(superuser, statement, match=REFUSAL)


async def test_entries_that_do_not_sum_to_zero_are_refused_to_everybody(
    inhabited: Inhabited, superuser: Connection, owner: Connection
) -> None:
    """The domain cannot make such a transaction; whoever writes past it cannot either."""
    insert = (
        "INSERT INTO aksum.ledger_entries (tenant_id, transaction_id, leg, account_id, asset, "
        "units, booked_at) SELECT tenant_id, transaction_id, leg + 100, account_id, asset, "
        "CASE leg WHEN 0 THEN 2 * units ELSE units END, booked_at FROM aksum.ledger_entries"
    )
    async with connected(inhabited.database.api_url) as api:
        for connection in (superuser, owner, api):
            async with undone(connection):
                await set_tenant(connection, inhabited.mine.party.tenant_id)
                with pytest.raises(asyncpg.CheckViolationError, match="sum to zero"):
                    await connection.execute(insert)


async def unguarded(connection: Connection, table: str) -> list[str]:
    """Relations without both triggers, enabled always."""
    return await names(
        connection,
        "SELECT c.relname::text FROM pg_class c WHERE c.oid IN ("
        "  SELECT inhrelid FROM pg_inherits WHERE inhparent = $1::regclass"
        "  UNION ALL SELECT $1::regclass) AND ("
        "  SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgenabled = 'A'"
        "    AND t.tgname IN ('append_only', 'append_only_truncate')"
        "    AND t.tgfoid = 'aksum.refuse_change()'::regprocedure) <> 2",
        f"aksum.{table}",
    )
