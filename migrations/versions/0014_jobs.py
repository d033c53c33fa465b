"""Work in fair batches, since when it is parked, and when work by time ran last."""

from collections.abc import Sequence

from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Rows of every tenant, so for once the owner's own rights are wanted.
PARKED = """
ALTER TABLE aksum.intents ADD COLUMN parked_at timestamptz;
ALTER TABLE aksum.intents NO FORCE ROW LEVEL SECURITY;
UPDATE aksum.intents SET parked_at = clock_timestamp() WHERE state = 'parked';
ALTER TABLE aksum.intents FORCE ROW LEVEL SECURITY;
ALTER TABLE aksum.intents ADD CONSTRAINT intents_parked_since
  CHECK ((state = 'parked') = (parked_at IS NOT NULL));
CREATE INDEX intents_parked ON aksum.intents (kind, tenant_id) WHERE state = 'parked';
"""

# The first finds who waits by leaping from tenant to tenant and reads each one's oldest, the second
# reads everybody's oldest. With the subject they give the whole order, and nothing is sorted. They
# say in different words what is not parked: a plan made while the table is empty finds both equally
# good, and keeps the one it took.
INDEXES = """
CREATE INDEX intents_waiting ON aksum.intents (kind, tenant_id, next_action_at, subject)
  WHERE parked_at IS NULL;
DROP INDEX aksum.intents_due;
CREATE INDEX intents_due ON aksum.intents (kind, next_action_at, subject) WHERE state = 'due';
"""

# One row for each kind of work that time makes due, of no tenant. Leased as intents are, so that
# one process at a time is at it.
SCHEDULES = """
CREATE TABLE aksum.schedules (
  job text PRIMARY KEY CHECK (length(job) BETWEEN 1 AND 40),
  next_run_at timestamptz NOT NULL,
  lease_token bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
  last_error text
) WITH (fillfactor = 10);
GRANT SELECT, INSERT, UPDATE ON aksum.schedules TO aksum_worker;
GRANT SELECT, UPDATE ON aksum.schedules TO aksum_ops;
"""


def upgrade() -> None:
    op.execute(PARKED)
    op.execute(INDEXES)
    op.execute(SCHEDULES)


def downgrade() -> None:
    op.execute("DROP TABLE aksum.schedules")
    op.execute("DROP INDEX aksum.intents_parked, aksum.intents_due, aksum.intents_waiting")
    op.execute(
        "CREATE INDEX intents_due ON aksum.intents (kind, next_action_at) WHERE state = 'due'"
    )
    op.execute(
        "ALTER TABLE aksum.intents DROP CONSTRAINT intents_parked_since, DROP COLUMN parked_at"
    )
