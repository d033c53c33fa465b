"""The outbox, each tenant's numbered events, and the inbox."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import append_only, monthly, ops_reads, tenant_table

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MONTHS_AHEAD = 24

# The key of the outbox refuses to announce one version of an object twice. Rows are deleted as they
# get their numbers, so the table stays small and is vacuumed after a share that is small as well.
# That no two events of a tenant have one number no index can say across months: `event_heads` does,
# whose row is locked by whoever numbers and moves on in the same transaction.
TABLES = """
CREATE TABLE aksum.outbox (
  tenant_id uuid NOT NULL,
  resource_id uuid NOT NULL,
  resource_version bigint NOT NULL CHECK (resource_version > 0),
  id uuid NOT NULL,
  type text NOT NULL CHECK (type ~ '^[a-z_]+\\.[a-z_]+\\.v[1-9][0-9]*$'),
  customer_ids uuid[] NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  data json NOT NULL,
  PRIMARY KEY (tenant_id, resource_id, resource_version)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);
CREATE INDEX outbox_recorded ON aksum.outbox (tenant_id, recorded_at, resource_id);

CREATE TABLE aksum.event_heads (
  tenant_id uuid PRIMARY KEY REFERENCES aksum.tenants,
  last_seq bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0)
) WITH (fillfactor = 50);

CREATE TABLE aksum.events (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  seq bigint NOT NULL CHECK (seq > 0),
  type text NOT NULL,
  resource_id uuid NOT NULL,
  resource_version bigint NOT NULL,
  customer_ids uuid[] NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  numbered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  data json NOT NULL,
  PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX events_seq ON aksum.events (tenant_id, seq);

CREATE TABLE aksum.inbox (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  consumer text NOT NULL CHECK (length(consumer) BETWEEN 1 AND 100),
  message_id text NOT NULL CHECK (length(message_id) BETWEEN 1 AND 255),
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, consumer, message_id)
);
"""
# When it was recorded is for the database to say, so nobody may.
ANNOUNCE = (
    "INSERT (tenant_id, resource_id, resource_version, id, type, customer_ids, occurred_at, data)"
)
GRANTS = {
    "outbox": f"SELECT, {ANNOUNCE}",
    "event_heads": "SELECT",
    "events": "SELECT",
    "inbox": "SELECT, INSERT",
}
# Numbering is the workers' alone. They find the tenants that have something to number.
WORKERS = """
GRANT DELETE ON aksum.outbox TO aksum_worker;
GRANT INSERT, UPDATE ON aksum.event_heads TO aksum_worker;
GRANT INSERT ON aksum.events TO aksum_worker;
CREATE POLICY workers_find_unnumbered ON aksum.outbox FOR SELECT TO aksum_worker USING (true);
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("events", "inbox"):
        append_only(table)
    monthly("events", months_ahead=MONTHS_AHEAD)
    for table, grants in GRANTS.items():
        tenant_table(table, grants=grants)
        ops_reads(table)
    op.execute(WORKERS)


def downgrade() -> None:
    op.execute("""
    DROP TABLE aksum.inbox, aksum.events, aksum.event_heads, aksum.outbox;
    DELETE FROM aksum.partitioned_tables WHERE name = 'events';
    """)
