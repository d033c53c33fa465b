"""Attempts with their own amounts, incidents of executions, outcomes that two people prove."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import append_only, may, ops_reads, tenant_table

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

API, WORKER, OPS = "aksum_api", "aksum_worker", "aksum_ops"

# The owner sees no row where policies are forced, and this is about the rows of all. That no order
# has two open attempts is what keeps a backup from being called beside a first LP that may trade.
ATTEMPTS = """
ALTER TABLE aksum.lp_attempts
  ADD COLUMN lp_base_units numeric(38,0) CHECK (lp_base_units > 0),
  ADD COLUMN lp_quote_units numeric(38,0) CHECK (lp_quote_units > 0);
ALTER TABLE aksum.lp_attempts NO FORCE ROW LEVEL SECURITY;
ALTER TABLE aksum.quotes NO FORCE ROW LEVEL SECURITY;
ALTER TABLE aksum.orders NO FORCE ROW LEVEL SECURITY;
UPDATE aksum.lp_attempts a SET lp_base_units = q.lp_base_units, lp_quote_units = q.lp_quote_units
FROM aksum.orders o JOIN aksum.quotes q ON q.tenant_id = o.tenant_id AND q.id = o.quote_id
WHERE o.tenant_id = a.tenant_id AND o.id = a.order_id;
ALTER TABLE aksum.orders FORCE ROW LEVEL SECURITY;
ALTER TABLE aksum.quotes FORCE ROW LEVEL SECURITY;
ALTER TABLE aksum.lp_attempts FORCE ROW LEVEL SECURITY;
ALTER TABLE aksum.lp_attempts
  ALTER COLUMN lp_base_units SET NOT NULL,
  ALTER COLUMN lp_quote_units SET NOT NULL,
  ADD CONSTRAINT lp_attempts_two CHECK (attempt BETWEEN 1 AND 2);
DROP INDEX aksum.lp_attempts_open;
CREATE UNIQUE INDEX lp_attempts_open ON aksum.lp_attempts (tenant_id, order_id)
  WHERE state IN ('sending', 'pending', 'unknown');
"""

# Evidence and incidents go with an order, and an order is never deleted.
TABLES = """
CREATE TABLE aksum.execution_incidents (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  id uuid NOT NULL,
  order_id uuid NOT NULL,
  attempt smallint NOT NULL,
  lp text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('amounts_differ', 'contradicts_resolution')),
  quoted_base_units numeric(38,0) NOT NULL CHECK (quoted_base_units > 0),
  quoted_quote_units numeric(38,0) NOT NULL CHECK (quoted_quote_units > 0),
  reported_base_units numeric(38,0) CHECK (reported_base_units > 0),
  reported_quote_units numeric(38,0) CHECK (reported_quote_units > 0),
  detail text NOT NULL CHECK (length(detail) BETWEEN 1 AND 500),
  state text NOT NULL CHECK (state IN ('open', 'closed')),
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  closed_by uuid,
  closed_by_name text CHECK (length(closed_by_name) BETWEEN 1 AND 100),
  note text CHECK (length(note) BETWEEN 1 AND 500),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT execution_incidents_once UNIQUE (tenant_id, order_id, attempt, kind),
  FOREIGN KEY (tenant_id, order_id, attempt) REFERENCES aksum.lp_attempts,
  CHECK ((reported_base_units IS NULL) = (reported_quote_units IS NULL)),
  CHECK ((state = 'closed') = (closed_at IS NOT NULL)
    AND (closed_at IS NULL) = (closed_by IS NULL)
    AND (closed_at IS NULL) = (closed_by_name IS NULL)
    AND (closed_at IS NULL) = (note IS NULL))
);
CREATE INDEX execution_incidents_open ON aksum.execution_incidents (tenant_id, id)
  WHERE state = 'open';

CREATE TABLE aksum.order_evidence (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  id uuid NOT NULL,
  order_id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  content bytea NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 1048576),
  sha256 bytea NOT NULL,
  added_by uuid NOT NULL,
  added_by_name text NOT NULL CHECK (length(added_by_name) BETWEEN 1 AND 100),
  added_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, order_id) REFERENCES aksum.orders,
  CONSTRAINT order_evidence_hash CHECK (sha256 = sha256(content))
);
CREATE INDEX order_evidence_order ON aksum.order_evidence (tenant_id, order_id, id);
"""
CLOSING = "UPDATE (state, closed_at, closed_by, closed_by_name, note)"

KINDS = """
ALTER TABLE aksum.change_requests DROP CONSTRAINT change_requests_kind_check;
ALTER TABLE aksum.change_requests ADD CONSTRAINT change_requests_kind_check
  CHECK (kind IN ({kinds}));
"""
BEFORE = "'credit_line', 'close_account'"

# Counts and ages of what is open, of all tenants together and of none by name: what a scraper may
# know. The owner's policies show it those rows and no others; that of attempts is there already.
COUNTED = """
CREATE POLICY owner_counts_open ON aksum.execution_incidents FOR SELECT TO aksum_owner
  USING (state = 'open');
CREATE FUNCTION aksum.open_executions()
RETURNS TABLE (lp text, state text, orders bigint, oldest_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = aksum, pg_temp AS $$
  SELECT lp, state, count(*), min(created_at) FROM aksum.lp_attempts
  WHERE state IN ('sending', 'pending', 'unknown') GROUP BY lp, state ORDER BY lp, state
$$;
CREATE FUNCTION aksum.open_incidents()
RETURNS TABLE (lp text, kind text, incidents bigint, oldest_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = aksum, pg_temp AS $$
  SELECT lp, kind, count(*), min(opened_at) FROM aksum.execution_incidents
  WHERE state = 'open' GROUP BY lp, kind ORDER BY lp, kind
$$;
REVOKE ALL ON FUNCTION aksum.open_executions(), aksum.open_incidents() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aksum.open_executions(), aksum.open_incidents()
  TO aksum_api, aksum_worker, aksum_ops;
"""
DOWN = """
DROP FUNCTION aksum.open_executions(), aksum.open_incidents();
DROP TABLE aksum.order_evidence, aksum.execution_incidents;
DROP INDEX aksum.lp_attempts_open;
CREATE INDEX lp_attempts_open ON aksum.lp_attempts (tenant_id, order_id)
  WHERE state IN ('sending', 'pending', 'unknown');
ALTER TABLE aksum.lp_attempts DROP CONSTRAINT lp_attempts_two,
  DROP COLUMN lp_base_units, DROP COLUMN lp_quote_units;
"""


def upgrade() -> None:
    op.execute(ATTEMPTS)
    op.execute(TABLES)
    for table in ("execution_incidents", "order_evidence"):
        tenant_table(table, grants="SELECT")
        ops_reads(table)
    may("execution_incidents", "INSERT", roles=(API, WORKER, OPS))
    may("execution_incidents", CLOSING, roles=(API, OPS))
    may("order_evidence", "INSERT", roles=(API, OPS))
    append_only("order_evidence")
    op.execute(KINDS.format(kinds=f"{BEFORE}, 'resolve_order'"))
    op.execute(COUNTED)


def downgrade() -> None:
    op.execute(DOWN)
    op.execute(KINDS.format(kinds=BEFORE))
