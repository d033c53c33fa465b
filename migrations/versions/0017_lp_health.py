"""How liquidity providers do, in rows that all processes share, and what became of them."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import RUNTIME_ROLES, append_only, may

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

API, WORKER, OPS = RUNTIME_ROLES
OBSERVE = (API, WORKER, OPS)

# Of no tenant. Written once a second by each process that has observed something, so there is room
# for the next version of a row on the row's page. The weights are millionths of a sample.
HEALTH = """
CREATE TABLE aksum.lp_health (
  lp text NOT NULL CHECK (length(lp) BETWEEN 1 AND 32),
  instrument text NOT NULL CHECK (length(instrument) BETWEEN 1 AND 40),
  operation text NOT NULL CHECK (operation IN ('quote', 'execute', 'lookup')),
  as_of timestamptz NOT NULL,
  samples bigint NOT NULL CHECK (samples >= 0),
  failed bigint NOT NULL CHECK (failed >= 0),
  causes jsonb NOT NULL,
  timed bigint NOT NULL CHECK (timed >= 0),
  latency bigint NOT NULL CHECK (latency >= 0),
  resolved bigint NOT NULL CHECK (resolved >= 0),
  open_time bigint NOT NULL CHECK (open_time >= 0),
  in_a_row integer NOT NULL CHECK (in_a_row >= 0),
  last_ok_at timestamptz,
  last_error_at timestamptz,
  last_error text,
  state text NOT NULL CHECK (state IN ('closed', 'open', 'half_open')),
  since timestamptz,
  cause text,
  trips integer NOT NULL CHECK (trips >= 0),
  probe_at timestamptz,
  passed integer NOT NULL CHECK (passed >= 0),
  trial text CHECK (trial IN ('quote', 'execute', 'executing')),
  unknown_at timestamptz[] NOT NULL,
  PRIMARY KEY (lp, instrument, operation),
  CHECK (failed <= samples),
  CHECK ((trial IS NOT NULL) = (state = 'half_open')),
  CHECK ((probe_at IS NULL) = (state = 'closed'))
) WITH (fillfactor = 20);
"""

# A breaker's has an operation, an operator's decision about the whole LP has none.
EVENTS = """
CREATE TABLE aksum.lp_events (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lp text NOT NULL,
  instrument text,
  operation text,
  before text NOT NULL,
  after text NOT NULL,
  cause text CHECK (length(cause) <= 200),
  by text CHECK (length(by) BETWEEN 1 AND 100),
  at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((operation IS NULL) = (instrument IS NULL))
);
CREATE INDEX lp_events_lp ON aksum.lp_events (lp, number);
"""

# Sums over every tenant, for those who may not read across tenants: no tenant can be told from
# them. Behind the policies of the tables, hence one more for the owner of the function.
OPEN_EXECUTIONS = """
CREATE POLICY open_executions_sums ON aksum.lp_attempts FOR SELECT TO aksum_owner
  USING (state IN ('sending', 'pending', 'unknown'));
CREATE POLICY open_executions_sums ON aksum.orders FOR SELECT TO aksum_owner
  USING (status = 'pending');
CREATE INDEX lp_attempts_open_lp ON aksum.lp_attempts (lp)
  WHERE state IN ('sending', 'pending', 'unknown');
CREATE FUNCTION aksum.open_executions_by_lp()
RETURNS TABLE (lp text, instrument text, pending bigint, unknown bigint, oldest_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = aksum, pg_temp AS $$
  SELECT a.lp, o.instrument, count(*) FILTER (WHERE a.state = 'pending'),
    count(*) FILTER (WHERE a.state <> 'pending'),
    min(a.created_at) FILTER (WHERE a.state <> 'pending')
  FROM lp_attempts a JOIN orders o ON o.tenant_id = a.tenant_id AND o.id = a.order_id
  WHERE a.state IN ('sending', 'pending', 'unknown')
  GROUP BY a.lp, o.instrument ORDER BY a.lp, o.instrument
$$;
REVOKE ALL ON FUNCTION aksum.open_executions_by_lp() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aksum.open_executions_by_lp() TO aksum_api, aksum_ops;
"""


def upgrade() -> None:
    op.execute(HEALTH)
    op.execute(EVENTS)
    append_only("lp_events")
    may("lp_health", "SELECT, INSERT, UPDATE", roles=OBSERVE)
    may("lp_events", "SELECT", roles=OBSERVE)
    may(
        "lp_events",
        "INSERT (lp, instrument, operation, before, after, cause, by, at)",
        roles=OBSERVE,
    )
    # Operators work through the API too, each with a key of their own.
    may("liquidity_providers", "UPDATE (state, state_reason, version, updated_at)", roles=(API,))
    op.execute(OPEN_EXECUTIONS)


def downgrade() -> None:
    op.execute("DROP FUNCTION aksum.open_executions_by_lp()")
    op.execute("DROP INDEX aksum.lp_attempts_open_lp")
    op.execute("DROP POLICY open_executions_sums ON aksum.orders")
    op.execute("DROP POLICY open_executions_sums ON aksum.lp_attempts")
    op.execute("REVOKE UPDATE ON aksum.liquidity_providers FROM aksum_api")
    op.execute("DROP TABLE aksum.lp_events, aksum.lp_health")
