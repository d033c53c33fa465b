"""Rules that every table of ours keeps, as queries over the catalogue. Each answers offenders.

They read whatever tables there are, so a new table is held to them without anybody remembering.
"""

from typing import Final

from asyncpg import Connection

# Tables that belong to no tenant, and why that is right.
GLOBAL_TABLES: Final = {
    "alembic_version": "which revision the schema is at",
    "assets": "what an asset is called and how finely it is counted is the same for everybody",
    "instruments": "what is traded, in which steps and bounds, is the same for everybody",
    "ledger_clock": "up to when booking time is closed, for everybody at once",
    "liquidity_providers": "the platform's vendors and their state; nothing of any customer",
    "lp_events": "what became of a vendor and of its breakers, and which operator decided it",
    "lp_exposures": "what a vendor could take, when it was looked at last; of all tenants together",
    "lp_health": "how the platform's vendors do, of all tenants' requests together",
    "partitioned_tables": "names of tables",
    "lp_routes": "which vendors are asked for what is the same for everybody",
    "lp_terms": "how much we trust a vendor with is the same for everybody",
    "price_terms": "what prices are judged by is the same for everybody",
    "schedules": "when work by time ran last, for everybody at once",
}
# These have a tenant, but a row is found before the tenant is known: the key is global, no policy
# lets anybody read, and `test_rls_isolation` tries every way in.
KEYED_GLOBALLY: Final = {
    "access_directory": "leads from an API key to its tenant, one row for one exact key",
}
# Permissive policies add up: each beside the tenant's own widens what is seen.
# "table.policy command role": r is SELECT, a is INSERT, - is everybody.
FURTHER_POLICIES: Final = {
    "*.operators_read r aksum_ops": "audits and listings read across tenants",
    "tenants.workers_read_tenants r aksum_worker": "sweeps go tenant by tenant",
    "tenants.house_reads_partners r -": "the house lists its partners",
    "ledger_holds.workers_find_expiring r aksum_worker": "due, before the tenant is entered",
    "intents.workers_find_due r aksum_worker": "due, before the tenant is entered",
    "quotes.workers_find_expired r aksum_worker": "due, before the tenant is entered",
    "outbox.workers_find_unnumbered r aksum_worker": "waits for its number, before it is entered",
    "event_heads.workers_read_heads r aksum_worker": "how far each tenant's events have come",
    "webhook_endpoints.workers_find_active r aksum_worker": "whom there may be something for",
    "webhook_deliveries.workers_find_due r aksum_worker": "due, before the tenant is entered",
    "lp_attempts.open_executions_sums r aksum_owner": "the one function that adds up by vendor",
    "orders.open_executions_sums r aksum_owner": "the same: of which instrument",
    "execution_incidents.owner_counts_open r aksum_owner": "the one function that counts them",
    "access_directory.own_tenant_registers a -": "a tenant enters its own keys",
    "access_directory.lookup_function_reads r aksum_owner": "the one function that looks up",
}

OURS: Final = """
WITH ours AS (
  SELECT c.*, c.relname::text AS name FROM pg_class c
  WHERE c.relnamespace = 'aksum'::regnamespace),
tenants AS (
  SELECT o.*, a.attnum AS tenant, a.attnotnull AND a.atttypid = 'uuid'::regtype AS fit
  FROM ours o
  LEFT JOIN pg_attribute a ON a.attrelid = o.oid AND a.attname = 'tenant_id' AND NOT attisdropped
  WHERE o.relkind IN ('r', 'p') AND o.name <> ALL ($1::text[])),
policies AS (
  SELECT p.*, o.name, pg_get_expr(polqual, polrelid) AS reads,
    pg_get_expr(polwithcheck, polrelid) AS writes
  FROM pg_policy p JOIN ours o ON o.oid = p.polrelid),
runtime AS (
  SELECT r.*, rolname::text AS name FROM pg_roles r
  WHERE rolname IN ('aksum_api', 'aksum_worker', 'aksum_ops')),
granted AS (
  SELECT o.oid, o.name, o.relkind, o.relispartition, acl.* FROM ours o, aclexplode(o.relacl) acl
  WHERE acl.grantee <> o.relowner
  UNION ALL
  SELECT o.oid, o.name, o.relkind, o.relispartition, acl.* FROM ours o
  JOIN pg_attribute a ON a.attrelid = o.oid, aclexplode(a.attacl) acl
  WHERE acl.grantee <> o.relowner),
setting AS (
  SELECT '( SELECT (NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))::uuid'
         || ' AS "nullif")' AS once)
"""
RULES: Final = {
    # Row security is forced on every table, partitions included.
    "forced": """
        SELECT name FROM ours
        WHERE relkind IN ('r', 'p') AND name <> ALL ($1) AND NOT (
          relrowsecurity AND relforcerowsecurity)""",
    # The tenant's own policy covers every operation, and partitions have none.
    "own_policy": """
        SELECT t.name FROM tenants t WHERE t.name <> ALL ($2) AND NOT t.relispartition
          AND NOT EXISTS (
            SELECT FROM policies p, setting WHERE p.polrelid = t.oid AND p.polcmd = '*'
              AND p.polname = 'tenant_isolation' AND p.polpermissive AND p.polroles = '{0}'
              AND p.reads = '(tenant_id = ' || once || ')' AND p.writes = p.reads)
        UNION ALL
        SELECT p.name FROM policies p JOIN ours o ON o.oid = p.polrelid AND o.relispartition""",
    # No other policy widens what is seen.
    "no_other_policy": """
        SELECT p.name || '.' || p.polname FROM policies p
        WHERE p.polname <> 'tenant_isolation' AND p.polpermissive AND format('%s.%s %s %s',
          CASE WHEN p.polname = 'operators_read' AND p.name <> ALL ($2) THEN '*' ELSE p.name END,
          p.polname, p.polcmd, array_to_string(p.polroles::regrole[], ',')) <> ALL ($3)""",
    # Nobody may touch a partition by its own name.
    "partitions_closed": """
        SELECT DISTINCT name FROM granted WHERE relispartition""",
    # Every row has a tenant.
    "tenant_column": """
        SELECT name FROM tenants WHERE fit IS NOT TRUE
        UNION ALL
        SELECT o.name FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid
        WHERE o.name = ANY ($1) AND a.attname = 'tenant_id'""",
    # Policies read the setting once per statement.
    "setting_read_once": """
        SELECT p.name || '.' || p.polname FROM policies p, setting
        WHERE replace(concat(p.reads, p.writes), once, '') LIKE '%current_setting%'""",
    # Views ask as their reader.
    "views_ask_as_reader": """
        SELECT name FROM ours WHERE relkind = 'v'
          AND 'security_invoker=true' <> ALL (coalesce(reloptions, '{}'))""",
    # No materialized view is readable.
    "matviews_unread": """
        SELECT DISTINCT o.name FROM ours o
        WHERE o.relkind = 'm' AND (
          EXISTS (SELECT FROM granted g WHERE g.oid = o.oid)
          OR EXISTS (SELECT FROM runtime r WHERE has_table_privilege(r.oid, o.oid, 'SELECT')))""",
    # Foreign keys between tenants' tables include the tenant.
    "foreign_keys": """
        SELECT DISTINCT f.conname::text FROM pg_constraint f
        JOIN ours source ON source.oid = f.conrelid
        JOIN tenants target ON target.oid = f.confrelid
        LEFT JOIN tenants t ON t.oid = source.oid
        WHERE f.contype = 'f' AND NOT EXISTS (
          SELECT FROM unnest(f.conkey, f.confkey) k (own, theirs)
          WHERE k.own = t.tenant AND k.theirs = target.tenant)""",
    # Unique keys lead with the tenant.
    "unique_keys": """
        SELECT i.indexrelid::regclass::text FROM pg_index i
        JOIN tenants t ON t.oid = i.indrelid
        WHERE (i.indisunique OR i.indisexclusion) AND i.indkey[0] <> t.tenant
          AND t.name <> ALL ($2)""",
    # Functions with the owner's rights pin their search path and are not everybody's.
    "definer_functions": """
        SELECT p.proname::text FROM pg_proc p
        WHERE p.prosecdef AND p.pronamespace NOT IN (
            'pg_catalog'::regnamespace, 'information_schema'::regnamespace)
          AND (NOT EXISTS (
              SELECT FROM unnest(p.proconfig) c WHERE c IN ('search_path=aksum, pg_temp'))
            OR p.proacl IS NULL
            OR EXISTS (SELECT FROM aclexplode(p.proacl) acl WHERE acl.grantee = 0))""",
    # Runtime roles own nothing and have no power over others.
    "powerless_roles": """
        SELECT name FROM runtime
        WHERE rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
        UNION ALL
        SELECT r.name FROM runtime r JOIN pg_auth_members m ON m.member = r.oid
        UNION ALL
        SELECT name FROM ours WHERE relowner <> 'aksum_owner'::regrole
        UNION ALL
        SELECT proname::text FROM pg_proc
        WHERE pronamespace = 'aksum'::regnamespace AND proowner <> 'aksum_owner'::regrole""",
    # Roles read and write rows, draw numbers, and nothing else.
    "privileges": """
        SELECT DISTINCT name FROM granted
        WHERE CASE WHEN relkind = 'S' THEN privilege_type <> 'USAGE'
            ELSE privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') END
          OR is_grantable
          OR grantee NOT IN (SELECT oid FROM runtime)
        UNION ALL
        SELECT nspname::text FROM pg_namespace n, aclexplode(n.nspacl) acl
        WHERE nspname IN ('aksum', 'public') AND acl.grantee NOT IN (
            n.nspowner, 'pg_database_owner'::regrole)
          AND (acl.privilege_type = 'CREATE' OR acl.grantee NOT IN (SELECT oid FROM runtime))""",
    # Every trigger fires always, on replicas too.
    "triggers_always": """
        SELECT o.name || '.' || t.tgname FROM pg_trigger t JOIN ours o ON o.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND t.tgenabled <> 'A'""",
    # Every table has an index led by the tenant.
    "led_by_tenant": """
        SELECT t.name FROM tenants t WHERE t.name <> ALL ($2) AND NOT EXISTS (
          SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indkey[0] = t.tenant
            AND i.indisvalid AND i.indpred IS NULL)""",
    # Indexes are over types whose comparison may run before a policy.
    "leakproof_indexes": """
        SELECT DISTINCT i.indexrelid::regclass::text FROM pg_index i
        JOIN tenants t ON t.oid = i.indrelid, unnest(i.indclass::oid[]) AS class
        JOIN pg_opclass c ON c.oid = class
        JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amoplefttype = c.opcintype
          AND m.amoprighttype = c.opcintype
        JOIN pg_operator o ON o.oid = m.amopopr
        JOIN pg_proc p ON p.oid = o.oprcode
        WHERE NOT p.proleakproof""",
}


async def offenders(connection: Connection, rule: str) -> list[str]:
    rows = await connection.fetch(
        f"{OURS} SELECT found FROM ({RULES[rule]}) f (found), "
        "(SELECT $1::text[], $2::text[], $3::text[]) g ORDER BY 1",
        list(GLOBAL_TABLES),
        list(KEYED_GLOBALLY),
        list(FURTHER_POLICIES),
    )
    return [found for (found,) in rows]
