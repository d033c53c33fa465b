"""Functions every later table uses, and the tables that belong to no tenant."""

from collections.abc import Sequence

from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REFUSE_CHANGE = """
CREATE FUNCTION aksum.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = '42501';
END $$
"""

# A UUIDv7 begins with 48 bits of Unix milliseconds, so a month is a contiguous range of ids.
UUID7_FLOOR = """
CREATE FUNCTION aksum.uuid7_floor(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
          || '00000000000000000000')::uuid
$$
"""

# The only way partitions come to be: policies, triggers and (absent) grants cannot be forgotten.
# The first call also makes `<table>_before`, which takes ids older than the first month.
# A partition is made apart and then attached: CREATE TABLE … PARTITION OF would lock the parent
# against every trade, and several parents in one transaction against one another.
MAKE_PARTITIONS = """
CREATE FUNCTION aksum.make_partitions(parent text, from_day date, months int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = aksum, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  month_start timestamptz;
  child text;
  made int := 0;
  bounds text;
BEGIN
  IF NOT EXISTS (SELECT FROM aksum.partitioned_tables WHERE name = parent) THEN
    RAISE EXCEPTION '% is not a partitioned table of Aksum', parent USING ERRCODE = '22023';
  END IF;
  IF months NOT BETWEEN 0 AND 120 THEN
    RAISE EXCEPTION 'months must lie between 0 and 120' USING ERRCODE = '22023';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('aksum.make_partitions', 0));
  FOR offset_months IN -1 .. months LOOP
    month_start := date_trunc('month', from_day::timestamp) AT TIME ZONE 'UTC'
                   + make_interval(months => greatest(offset_months, 0));
    IF offset_months = -1 THEN
      CONTINUE WHEN EXISTS (
        SELECT FROM pg_inherits WHERE inhparent = ('aksum.' || parent)::regclass);
      child := parent || '_before';
      bounds := format('FROM (MINVALUE) TO (%L)', aksum.uuid7_floor(month_start));
    ELSE
      child := parent || to_char(month_start, '_YYYY_MM');
      CONTINUE WHEN to_regclass('aksum.' || child) IS NOT NULL;
      bounds := format('FROM (%L) TO (%L)', aksum.uuid7_floor(month_start),
                       aksum.uuid7_floor(month_start + interval '1 month'));
    END IF;
    EXECUTE format('CREATE TABLE aksum.%I (LIKE aksum.%I INCLUDING ALL EXCLUDING INDEXES)',
                   child, parent);
    EXECUTE format('ALTER TABLE aksum.%I ENABLE ROW LEVEL SECURITY', child);
    EXECUTE format('ALTER TABLE aksum.%I FORCE ROW LEVEL SECURITY', child);
    EXECUTE format('REVOKE ALL ON aksum.%I FROM PUBLIC', child);
    EXECUTE format('ALTER TABLE aksum.%I ATTACH PARTITION aksum.%I FOR VALUES %s',
                   parent, child, bounds);
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = ('aksum.' || parent)::regclass
               AND tgname = 'append_only_truncate') THEN
      EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON aksum.%I '
                     'FOR EACH STATEMENT EXECUTE FUNCTION aksum.refuse_change()', child);
      EXECUTE format('ALTER TABLE aksum.%I ENABLE ALWAYS TRIGGER append_only_truncate', child);
      EXECUTE format('ALTER TABLE aksum.%I ENABLE ALWAYS TRIGGER append_only', child);
    END IF;
    made := made + 1;
  END LOOP;
  RETURN made;
END $$
"""

GLOBAL_TABLES = """
CREATE TABLE aksum.partitioned_tables (name text PRIMARY KEY);

CREATE TABLE aksum.assets (
  code text PRIMARY KEY CHECK (code ~ '^[A-Z0-9]{2,12}$'),
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('crypto', 'fiat')),
  scale smallint NOT NULL CHECK (scale BETWEEN 0 AND 18),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE aksum.instruments (
  symbol text PRIMARY KEY CHECK (symbol = base || '-' || quote),
  base text NOT NULL REFERENCES aksum.assets,
  quote text NOT NULL REFERENCES aksum.assets,
  tick text NOT NULL,
  lot_units numeric(38,0) NOT NULL CHECK (lot_units > 0),
  min_base_units numeric(38,0) NOT NULL CHECK (min_base_units > 0),
  max_base_units numeric(38,0) NOT NULL CHECK (max_base_units >= min_base_units),
  min_quote_units numeric(38,0) NOT NULL CHECK (min_quote_units > 0),
  max_quote_units numeric(38,0) NOT NULL CHECK (max_quote_units >= min_quote_units),
  status text NOT NULL CHECK (status IN ('pre_open', 'open', 'post_only', 'halted', 'closed')),
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE aksum.liquidity_providers (
  name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,31}$'),
  dialect text NOT NULL,
  role text NOT NULL CHECK (role IN ('primary', 'backup')),
  rank smallint NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'reducing', 'halted')),
  state_reason text,
  version bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE aksum.access_directory (
  kind text NOT NULL CHECK (kind IN ('api_key')),
  lookup text NOT NULL CHECK (length(lookup) BETWEEN 8 AND 128),
  tenant_id uuid NOT NULL,
  PRIMARY KEY (kind, lookup)
);
"""

# Catalogue tables hold nothing of any tenant. The access directory does: it can be read only
# through a function that answers one row for one exact secret-free key, and written only for the
# tenant of the transaction.
GLOBAL_ACCESS = """
GRANT SELECT ON aksum.assets, aksum.instruments, aksum.liquidity_providers
  TO aksum_api, aksum_worker, aksum_ops;
GRANT INSERT, UPDATE ON aksum.assets, aksum.instruments, aksum.liquidity_providers TO aksum_ops;

ALTER TABLE aksum.access_directory ENABLE ROW LEVEL SECURITY;
ALTER TABLE aksum.access_directory FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant_registers ON aksum.access_directory FOR INSERT
  WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY lookup_function_reads ON aksum.access_directory FOR SELECT TO aksum_owner
  USING (true);
GRANT INSERT ON aksum.access_directory TO aksum_api, aksum_ops;

CREATE FUNCTION aksum.tenant_for_access(wanted_kind text, wanted_lookup text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = aksum, pg_temp AS $$
  SELECT tenant_id FROM aksum.access_directory WHERE kind = wanted_kind AND lookup = wanted_lookup
$$;
REVOKE ALL ON FUNCTION aksum.tenant_for_access(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aksum.tenant_for_access(text, text) TO aksum_api, aksum_ops;
REVOKE ALL ON FUNCTION aksum.make_partitions(text, date, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aksum.make_partitions(text, date, int) TO aksum_worker, aksum_ops;
GRANT SELECT ON aksum.partitioned_tables TO aksum_worker, aksum_ops;
GRANT USAGE ON SCHEMA aksum TO aksum_api, aksum_worker, aksum_ops;
"""


def upgrade() -> None:
    for statements in (
        REFUSE_CHANGE,
        UUID7_FLOOR,
        GLOBAL_TABLES,
        MAKE_PARTITIONS,
        GLOBAL_ACCESS,
    ):
        op.execute(statements)


def downgrade() -> None:
    op.execute("""
    DROP FUNCTION aksum.tenant_for_access(text, text);
    DROP FUNCTION aksum.make_partitions(text, date, int);
    DROP TABLE aksum.access_directory, aksum.liquidity_providers, aksum.instruments, aksum.assets,
      aksum.partitioned_tables;
    DROP FUNCTION aksum.uuid7_floor(timestamptz);
    DROP FUNCTION aksum.refuse_change();
    """)
