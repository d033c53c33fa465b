"""Operators are people with an identity, and closing a period waits for who posts into it."""

from collections.abc import Sequence

from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The owner sees no row where policies are forced, and this is about the rows of all.
# Keys of one label were one person's by agreement; now they are by the database. Of several that
# are live the newest stays, the others end as after a rotation.
OPERATORS = """
ALTER TABLE aksum.api_keys ADD COLUMN operator_id uuid;
ALTER TABLE aksum.api_keys NO FORCE ROW LEVEL SECURITY;
UPDATE aksum.api_keys k
SET operator_id = (
  SELECT e.id FROM aksum.api_keys e
  WHERE e.tenant_id = k.tenant_id AND lower(e.label) = lower(k.label)
    AND 'operator' = ANY (e.scopes)
  ORDER BY e.created_at, e.id LIMIT 1)
WHERE 'operator' = ANY (k.scopes);
UPDATE aksum.api_keys k SET expires_at = now() + interval '24 hours'
WHERE k.operator_id IS NOT NULL AND k.status = 'active' AND k.expires_at IS NULL
  AND EXISTS (
    SELECT FROM aksum.api_keys n
    WHERE n.tenant_id = k.tenant_id AND n.operator_id = k.operator_id AND n.status = 'active'
      AND n.expires_at IS NULL AND (n.created_at, n.id) > (k.created_at, k.id));
ALTER TABLE aksum.api_keys ADD CONSTRAINT api_keys_operator
  CHECK ((operator_id IS NOT NULL) = ('operator' = ANY (scopes)));
"""
# A key without an end is a person's own; one that was rotated has an end and a successor.
ONE_KEY_EACH = """
CREATE UNIQUE INDEX api_keys_one_per_operator ON aksum.api_keys (tenant_id, operator_id)
  WHERE operator_id IS NOT NULL AND status = 'active' AND expires_at IS NULL;
CREATE UNIQUE INDEX api_keys_one_per_name ON aksum.api_keys (tenant_id, lower(label))
  WHERE operator_id IS NOT NULL AND status = 'active' AND expires_at IS NULL;
"""
# What was proposed and decided by a key was so by the person whose key it was.
PROPOSALS = """
ALTER TABLE aksum.change_requests NO FORCE ROW LEVEL SECURITY;
UPDATE aksum.change_requests c SET
  proposed_by = coalesce(
    (SELECT k.operator_id FROM aksum.api_keys k WHERE k.id = c.proposed_by), c.proposed_by),
  decided_by = coalesce(
    (SELECT k.operator_id FROM aksum.api_keys k WHERE k.id = c.decided_by), c.decided_by);
ALTER TABLE aksum.change_requests FORCE ROW LEVEL SECURITY;
ALTER TABLE aksum.api_keys FORCE ROW LEVEL SECURITY;
"""

# Only what is dated back comes here (0005). It marks the tenant's calendar as in use until its
# transaction ends; closing waits for those marks, and reads its own time only then. So whoever has
# overlooked a closing has booked before it, and whoever books after it has seen it: the question is
# asked after the mark was taken, by a function that is volatile and so looks anew.
CALENDAR = """
CREATE FUNCTION aksum.lock_calendar(p_tenant uuid, p_closing boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  calendar bigint := hashtextextended('ledger_periods ' || p_tenant::text, 0);
BEGIN
  IF p_closing THEN
    PERFORM pg_advisory_xact_lock(calendar);
  ELSE
    PERFORM pg_advisory_xact_lock_shared(calendar);
  END IF;
END $$;
REVOKE ALL ON FUNCTION aksum.lock_calendar(uuid, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aksum.lock_calendar(uuid, boolean)
  TO aksum_api, aksum_worker, aksum_ops;
CREATE OR REPLACE FUNCTION aksum.require_open_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM aksum.lock_calendar(NEW.tenant_id, false);
  IF EXISTS (SELECT FROM aksum.ledger_periods p
             WHERE p.tenant_id = NEW.tenant_id AND p.closed_through >= NEW.effective_on) THEN
    RAISE EXCEPTION 'the period is closed'
      USING ERRCODE = '23514', CONSTRAINT = 'ledger_transactions_open_period';
  END IF;
  RETURN NULL;
END $$;
"""
OLD_CALENDAR = """
CREATE OR REPLACE FUNCTION aksum.require_open_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM aksum.ledger_periods p
             WHERE p.tenant_id = NEW.tenant_id AND p.closed_through >= NEW.effective_on) THEN
    RAISE EXCEPTION 'the period is closed'
      USING ERRCODE = '23514', CONSTRAINT = 'ledger_transactions_open_period';
  END IF;
  RETURN NULL;
END $$;
DROP FUNCTION aksum.lock_calendar(uuid, boolean);
"""
# Operators act through the API too: every change of terms goes with a request of two people.
TERMS = "GRANT UPDATE (floor_units, status) ON aksum.ledger_accounts TO aksum_api"


def upgrade() -> None:
    op.execute(OPERATORS)
    op.execute(ONE_KEY_EACH)
    op.execute(PROPOSALS)
    op.execute(CALENDAR)
    op.execute(TERMS)


def downgrade() -> None:
    op.execute("REVOKE UPDATE (floor_units, status) ON aksum.ledger_accounts FROM aksum_api")
    op.execute(OLD_CALENDAR)
    op.execute("ALTER TABLE aksum.api_keys DROP COLUMN operator_id")
