"""The rules over the catalogue hold for the migrated schema, and each notices being broken."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from asyncpg import Connection

from tests.fixtures.postgres_servers import Database, Server
from tests.integration.catalog_rules import (
    FURTHER_POLICIES,
    GLOBAL_TABLES,
    KEYED_GLOBALLY,
    RULES,
    offenders,
)
from tests.integration.direct import connected, names, undone

TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
BARE = "nullif(current_setting('app.tenant_id', true), '')::uuid"
GOOD = f"""
CREATE TABLE aksum.planted (tenant_id uuid NOT NULL, id uuid NOT NULL, units numeric(38,0),
  PRIMARY KEY (tenant_id, id));
ALTER TABLE aksum.planted OWNER TO aksum_owner;
ALTER TABLE aksum.planted ENABLE ROW LEVEL SECURITY;
ALTER TABLE aksum.planted FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON aksum.planted USING (tenant_id = {TENANT})
  WITH CHECK (tenant_id = {TENANT});
GRANT SELECT, INSERT ON aksum.planted TO aksum_api;
"""
# By rule: what breaks it, and what is then named.
PLANTED = {
    "forced": (
        ("ALTER TABLE planted DISABLE ROW LEVEL SECURITY", "planted"),
        ("ALTER TABLE planted NO FORCE ROW LEVEL SECURITY", "planted"),
        ("ALTER TABLE fills_before DISABLE ROW LEVEL SECURITY", "fills_before"),
        ("ALTER TABLE access_directory NO FORCE ROW LEVEL SECURITY", "access_directory"),
    ),
    "own_policy": (
        ("DROP POLICY tenant_isolation ON planted", "planted"),
        ("ALTER POLICY tenant_isolation ON planted WITH CHECK (true)", "planted"),
        ("ALTER POLICY tenant_isolation ON planted USING (true)", "planted"),
        ("ALTER POLICY tenant_isolation ON planted TO aksum_api", "planted"),
        ("CREATE POLICY mine ON fills_before USING (true)", "fills_before"),
    ),
    "no_other_policy": (
        ("CREATE POLICY mine ON planted FOR SELECT USING (true)", "planted.mine"),
        ("ALTER POLICY operators_read ON orders TO aksum_api", "orders.operators_read"),
        (
            "CREATE POLICY operators_read ON access_directory FOR SELECT TO aksum_ops USING (true)",
            "access_directory.operators_read",
        ),
        (
            "CREATE POLICY workers_find_due ON orders FOR SELECT TO aksum_worker USING (true)",
            "orders.workers_find_due",
        ),
    ),
    "partitions_closed": (
        ("GRANT SELECT ON fills_before TO aksum_ops", "fills_before"),
        ("GRANT SELECT (price) ON fills_before TO PUBLIC", "fills_before"),
    ),
    "tenant_column": (
        ("CREATE TABLE unlisted (id int)", "unlisted"),
        ("CREATE TABLE unlisted (tenant_id text NOT NULL)", "unlisted"),
        ("CREATE TABLE unlisted (tenant_id uuid)", "unlisted"),
        ("ALTER TABLE assets ADD tenant_id uuid", "assets"),
    ),
    "setting_read_once": (
        (
            f"ALTER POLICY tenant_isolation ON planted USING (tenant_id = {BARE})",
            "planted.tenant_isolation",
        ),
        (
            f"CREATE POLICY mine ON planted AS RESTRICTIVE WITH CHECK (tenant_id = {BARE})",
            "planted.mine",
        ),
    ),
    "views_ask_as_reader": (("CREATE VIEW seen AS SELECT * FROM orders", "seen"),),
    "matviews_unread": (
        (
            (
                "CREATE MATERIALIZED VIEW seen AS SELECT * FROM orders; "
                "GRANT SELECT ON seen TO aksum_ops"
            ),
            "seen",
        ),
    ),
    "foreign_keys": (
        (
            (
                "ALTER TABLE planted ADD UNIQUE (id); "
                "ALTER TABLE planted ADD CONSTRAINT far FOREIGN KEY (id) REFERENCES planted (id)"
            ),
            "far",
        ),
        (
            "ALTER TABLE planted ADD CONSTRAINT far FOREIGN KEY (id, tenant_id) REFERENCES planted",
            "far",
        ),
        ("CREATE TABLE unlisted (of_tenant uuid CONSTRAINT far REFERENCES tenants)", "far"),
    ),
    "unique_keys": (
        ("CREATE UNIQUE INDEX twice ON planted (id)", "twice"),
        ("CREATE UNIQUE INDEX twice ON planted (id, tenant_id)", "twice"),
    ),
    "definer_functions": (
        (
            (
                "CREATE FUNCTION wide() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; "
                "REVOKE ALL ON FUNCTION wide() FROM PUBLIC"
            ),
            "wide",
        ),
        (
            (
                "CREATE FUNCTION public.wide() RETURNS int LANGUAGE sql SECURITY DEFINER "
                "SET search_path = aksum, pg_temp AS 'SELECT 1'"
            ),
            "wide",
        ),
        (
            "GRANT EXECUTE ON FUNCTION tenant_for_access(text, text) TO PUBLIC",
            "tenant_for_access",
        ),
    ),
    "powerless_roles": (
        ("ALTER ROLE aksum_worker BYPASSRLS", "aksum_worker"),
        ("GRANT aksum_owner TO aksum_api", "aksum_api"),
        ("ALTER TABLE planted OWNER TO aksum_api", "planted"),
        ("ALTER FUNCTION refuse_change() OWNER TO aksum_api", "refuse_change"),
    ),
    "privileges": (
        ("GRANT TRUNCATE ON planted TO aksum_api", "planted"),
        ("GRANT REFERENCES (id) ON planted TO aksum_api", "planted"),
        ("GRANT TRIGGER ON orders TO aksum_ops", "orders"),
        ("GRANT SELECT ON planted TO aksum_api WITH GRANT OPTION", "planted"),
        ("GRANT SELECT ON planted TO PUBLIC", "planted"),
        ("GRANT CREATE ON SCHEMA aksum TO aksum_worker", "aksum"),
        ("GRANT USAGE ON SCHEMA public TO PUBLIC", "public"),
    ),
    "triggers_always": (
        ("ALTER TABLE fills DISABLE TRIGGER append_only", "fills.append_only"),
        (
            "ALTER TABLE ledger_transactions ENABLE TRIGGER open_period",
            "ledger_transactions.open_period",
        ),
        (
            "ALTER TABLE fills_before ENABLE REPLICA TRIGGER append_only_truncate",
            "fills_before.append_only_truncate",
        ),
    ),
    "led_by_tenant": (
        ("ALTER TABLE planted DROP CONSTRAINT planted_pkey, ADD PRIMARY KEY (id)", "planted"),
    ),
    "leakproof_indexes": (
        ("CREATE INDEX slow ON planted (tenant_id, units)", "slow"),
        ("CREATE INDEX slow ON customers (tenant_id, metadata)", "slow"),
    ),
}


# One loop, so that the connections are opened once.
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


@pytest.mark.parametrize("rule", RULES)
async def test_schema_keeps_the_rule(admin: Connection, rule: str) -> None:
    assert await offenders(admin, rule) == []


async def test_table_as_it_should_be_breaks_no_rule(admin: Connection) -> None:
    async with undone(admin):
        await admin.execute(GOOD)
        broken = {rule: found for rule in RULES if (found := await offenders(admin, rule))}
        assert broken == {}


@pytest.mark.parametrize(
    ("rule", "damage", "offender"),
    [(rule, damage, found) for rule, planted in PLANTED.items() for damage, found in planted],
)
async def test_rule_names_what_breaks_it(
    admin: Connection, rule: str, damage: str, offender: str
) -> None:
    async with undone(admin):
        await admin.execute(GOOD)
        await admin.execute("SET LOCAL search_path = aksum, pg_temp")
        await admin.execute(damage)
        assert offender in await offenders(admin, rule)


async def test_every_rule_has_been_broken() -> None:
    assert PLANTED.keys() == RULES.keys()


async def test_allow_lists_name_only_what_there_is_and_say_why(admin: Connection) -> None:
    tables = await names(admin, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'aksum'")
    policies = await names(
        admin,
        "SELECT format('%s.%s %s %s', t, polname, polcmd, array_to_string(polroles::regrole[]"
        ", ',')) FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid, "
        "unnest(ARRAY['*', relname::text]) t",
    )
    assert {*GLOBAL_TABLES, *KEYED_GLOBALLY} <= set(tables)
    assert set(FURTHER_POLICIES) <= set(policies)
    assert all([*GLOBAL_TABLES.values(), *KEYED_GLOBALLY.values(), *FURTHER_POLICIES.values()])
