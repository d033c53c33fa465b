"""Each revision goes up, down and up again, and leaves the same schema behind each time."""

from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from asyncpg import Connection

from adapters.postgres.bootstrap import bootstrap
from adapters.postgres.migrate import downgrade, upgrade
from adapters.postgres.revision import SCRIPTS, current, head, is_at_head
from adapters.postgres.roles import RUNTIME_ROLES
from adapters.postgres.urls import with_database, with_user
from tests.fixtures.postgres_servers import Database, Server
from tests.integration.direct import connected, names

REVISIONS = [revision.revision for revision in ScriptDirectory(str(SCRIPTS)).walk_revisions()][::-1]
BASE = "base"
# The schema as text, one line for each thing that has a meaning. Bounds of partitions depend on
# the month, which may change while the test runs: their number is compared instead.
SCHEMA = """
SELECT concat_ws(' ', 'relation', c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
  c.relowner::regrole, c.relacl, c.reloptions) FROM pg_class c
WHERE c.relnamespace = 'aksum'::regnamespace AND NOT c.relispartition
UNION ALL
SELECT concat_ws(' ', 'partitions of', i.inhparent::regclass, count(*)) FROM pg_inherits i
WHERE i.inhparent::regclass::text LIKE 'aksum.%' GROUP BY i.inhparent
UNION ALL
SELECT concat_ws(' ', 'column', c.relname,
  row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
  format_type(atttypid, atttypmod), a.attnotnull, a.attacl, pg_get_expr(d.adbin, d.adrelid))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = 'aksum'::regnamespace AND NOT c.relispartition AND a.attnum > 0
  AND NOT a.attisdropped
UNION ALL
SELECT concat_ws(' ', 'constraint', c.relname, k.conname, pg_get_constraintdef(k.oid))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.connamespace = 'aksum'::regnamespace AND NOT c.relispartition
UNION ALL
SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid)) FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'aksum'::regnamespace AND NOT c.relispartition
UNION ALL
SELECT concat_ws(' ', 'policy', c.relname, p.polname, p.polcmd, p.polpermissive,
  p.polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE c.relnamespace = 'aksum'::regnamespace
UNION ALL
SELECT concat_ws(' ', 'trigger', c.relname, t.tgenabled, pg_get_triggerdef(t.oid))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'aksum'::regnamespace AND NOT c.relispartition AND NOT t.tgisinternal
UNION ALL
SELECT concat_ws(' ', 'function', p.oid::regprocedure, p.proowner::regrole, p.proacl,
  pg_get_functiondef(p.oid)) FROM pg_proc p WHERE p.pronamespace = 'aksum'::regnamespace
UNION ALL
SELECT concat_ws(' ', 'type', t.typname) FROM pg_type t
WHERE t.typnamespace = 'aksum'::regnamespace AND t.typrelid = 0 AND t.typelem = 0
UNION ALL
SELECT concat_ws(' ', 'schema', n.nspname, n.nspowner::regrole, n.nspacl) FROM pg_namespace n
WHERE n.nspname IN ('aksum', 'public')
ORDER BY 1
"""


@pytest.fixture
def new_url(postgres_server: Server) -> Iterator[str]:
    """An admin's URL of a database that does not exist yet."""
    name = postgres_server.new_name()
    yield with_database(postgres_server.admin_url, name)
    postgres_server.drop_database(name)


async def schema(connection: Connection) -> list[str]:
    return await names(connection, SCHEMA) + [
        f"registered {name}" for name in await registered(connection)
    ]


async def registered(connection: Connection) -> list[str]:
    there = await connection.fetchval("SELECT to_regclass('aksum.partitioned_tables')")
    if there is None:
        return []
    return await names(connection, "SELECT name FROM aksum.partitioned_tables ORDER BY 1")


def test_revisions_are_one_line_numbered_without_gaps() -> None:
    assert [f"{number:04}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS
    assert head() == REVISIONS[-1]


def test_every_revision_says_what_it_brings() -> None:
    silent = [
        script.revision
        for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()
        if len(script.doc.split()) < 3
    ]
    assert silent == []


async def test_each_revision_goes_up_down_and_up_to_the_same_schema(new_url: str) -> None:
    await bootstrap(new_url)
    async with connected(new_url) as admin:
        # The first migration leaves its table of versions behind, also when it is taken back.
        await upgrade(new_url, REVISIONS[0])
        await downgrade(new_url, BASE)
        for below, revision in zip([BASE, *REVISIONS], REVISIONS, strict=False):
            before = await schema(admin)
            await upgrade(new_url, revision)
            up = await schema(admin)
            assert await current(admin) == revision
            assert up != before
            await downgrade(new_url, below)
            assert await schema(admin) == before, f"{revision} leaves something behind"
            await upgrade(new_url, revision)
            assert await schema(admin) == up, f"{revision} is not the same the second time"


async def test_steps_and_one_leap_make_the_same_schema(new_url: str, database: Database) -> None:
    await bootstrap(new_url)
    for revision in REVISIONS:
        await upgrade(with_user(new_url, "aksum_migrator"), revision)
    async with connected(new_url) as stepped, connected(database.admin_url) as leapt:
        assert await schema(stepped) == await schema(leapt)


async def test_migrating_what_is_migrated_changes_nothing(database: Database) -> None:
    async with connected(database.admin_url) as admin:
        before = await schema(admin)
        await upgrade(database.admin_url)
        assert await schema(admin) == before


async def test_process_sees_that_the_schema_is_not_its_own(database: Database) -> None:
    """Older: this code would miss tables. Newer: another release migrated already."""
    for role in RUNTIME_ROLES:
        async with connected(database.url(role)) as connection:
            assert await is_at_head(connection)
    await downgrade(database.admin_url, REVISIONS[-2])
    for role in RUNTIME_ROLES:
        async with connected(database.url(role)) as connection:
            assert await current(connection) == REVISIONS[-2]
            assert not await is_at_head(connection)
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE aksum.alembic_version SET version_num = '9999'")
    async with connected(database.api_url) as api:
        assert not await is_at_head(api)


async def test_work_that_was_parked_before_is_parked_since_the_upgrade(new_url: str) -> None:
    """Of every tenant, although the owner sees no tenant's rows."""
    await bootstrap(new_url)
    await upgrade(new_url, REVISIONS[REVISIONS.index("0014") - 1])
    async with connected(new_url) as admin:
        for state in ("due", "parked"):
            await admin.execute(
                "INSERT INTO aksum.intents (tenant_id, kind, subject, state, next_action_at) "
                "VALUES (gen_random_uuid(), 'mirror', gen_random_uuid(), $1, now())",
                state,
            )
        await upgrade(new_url, "0014")
        rows = await admin.fetch("SELECT state, parked_at IS NULL AS never FROM aksum.intents")
        assert {row["state"]: row["never"] for row in rows} == {"due": True, "parked": False}
        forced = await admin.fetchval(
            "SELECT relforcerowsecurity FROM pg_class WHERE oid = 'aksum.intents'::regclass"
        )
        assert forced
