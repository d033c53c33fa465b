"""Partners' endpoints, the keys their deliveries are signed with, deliveries and attempts."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import ops_reads, tenant_table

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# An endpoint that was removed stays for what was tried at it; its keys do not. `last_seq` is its
# place in the tenant's sequence of events: what is numbered up to it was looked at.
ENDPOINTS = """
CREATE TABLE aksum.webhook_endpoints (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  id uuid NOT NULL,
  url text NOT NULL CHECK (length(url) BETWEEN 10 AND 2100),
  description text CHECK (length(description) BETWEEN 1 AND 200),
  event_types text[] NOT NULL CHECK (cardinality(event_types) BETWEEN 1 AND 50),
  customer_id uuid,
  status text NOT NULL CHECK (status IN ('active', 'disabled', 'removed')),
  disabled_by text CHECK (disabled_by IN ('partner', 'operator', 'gone', 'failing')),
  failing_since timestamptz,
  is_troubled boolean NOT NULL,
  last_seq bigint NOT NULL CHECK (last_seq >= 0),
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES aksum.customers,
  CHECK (CASE status WHEN 'active' THEN disabled_by IS NULL
    WHEN 'disabled' THEN disabled_by IS NOT NULL ELSE true END)
) WITH (fillfactor = 50);
CREATE INDEX webhook_endpoints_active ON aksum.webhook_endpoints (tenant_id, id)
  WHERE status = 'active';

CREATE TABLE aksum.webhook_keys (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  number integer NOT NULL CHECK (number >= 1),
  boxed bytea NOT NULL CHECK (length(boxed) BETWEEN 64 AND 512),
  public_key text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  PRIMARY KEY (tenant_id, endpoint_id, number),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES aksum.webhook_endpoints
);
"""
# `attempts` begins anew when a delivery is asked for again, `number` never does.
DELIVERIES = """
CREATE TABLE aksum.webhook_deliveries (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  event_id uuid NOT NULL,
  event_type text NOT NULL,
  seq bigint NOT NULL,
  state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'delivered', 'failed')),
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  number integer NOT NULL DEFAULT 0 CHECK (number >= attempts),
  lease_token bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  next_action_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  PRIMARY KEY (tenant_id, endpoint_id, event_id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES aksum.webhook_endpoints,
  CHECK ((state = 'due') = (next_action_at IS NOT NULL)),
  CHECK ((state = 'due') = (finished_at IS NULL)),
  CHECK (state = 'due' OR lease_until IS NULL)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX webhook_deliveries_due
  ON aksum.webhook_deliveries (tenant_id, endpoint_id, next_action_at, seq) WHERE state = 'due';
CREATE INDEX webhook_deliveries_leased
  ON aksum.webhook_deliveries (tenant_id, endpoint_id, lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX webhook_deliveries_failed
  ON aksum.webhook_deliveries (tenant_id, endpoint_id) WHERE state = 'failed';
CREATE INDEX webhook_deliveries_finished
  ON aksum.webhook_deliveries (tenant_id, finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE aksum.webhook_attempts (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  event_id uuid NOT NULL,
  event_type text NOT NULL,
  seq bigint NOT NULL,
  number integer NOT NULL CHECK (number >= 1),
  url text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  outcome text CHECK (length(outcome) BETWEEN 1 AND 40),
  http_status integer,
  detail text NOT NULL DEFAULT '' CHECK (length(detail) <= 200),
  response text NOT NULL DEFAULT '' CHECK (length(response) <= 1024),
  took_ms integer CHECK (took_ms >= 0),
  next_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES aksum.webhook_endpoints,
  CONSTRAINT webhook_attempts_number_key UNIQUE (tenant_id, endpoint_id, event_id, number),
  CHECK ((outcome IS NULL) = (took_ms IS NULL))
);
CREATE INDEX webhook_attempts_endpoint ON aksum.webhook_attempts (tenant_id, endpoint_id, id);
"""
GRANTS = {
    "webhook_endpoints": "SELECT, INSERT, UPDATE",
    "webhook_keys": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_deliveries": "SELECT, INSERT, UPDATE",
    "webhook_attempts": "SELECT, INSERT, UPDATE",
}
# Workers find whom there is something for; they alone forget what is long over.
WORKERS = """
GRANT DELETE ON aksum.webhook_deliveries, aksum.webhook_attempts TO aksum_worker;
CREATE POLICY workers_find_active ON aksum.webhook_endpoints FOR SELECT TO aksum_worker
  USING (status = 'active');
CREATE POLICY workers_find_due ON aksum.webhook_deliveries FOR SELECT TO aksum_worker
  USING (state = 'due' AND next_action_at <= now());
CREATE POLICY workers_read_heads ON aksum.event_heads FOR SELECT TO aksum_worker USING (true);
"""


def upgrade() -> None:
    op.execute(ENDPOINTS)
    op.execute(DELIVERIES)
    for table, grants in GRANTS.items():
        tenant_table(table, grants=grants)
        ops_reads(table)
    op.execute(WORKERS)


def downgrade() -> None:
    op.execute("""
    DROP POLICY workers_read_heads ON aksum.event_heads;
    DROP TABLE aksum.webhook_attempts, aksum.webhook_deliveries, aksum.webhook_keys,
      aksum.webhook_endpoints;
    """)
