"""Work in fair batches, since when it is parked, and when work by time ran last."""

from collections.abc import Sequence

from alembic import op

revision: str = "0014"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The first finds who waits by leaping from tenant to tenant, and reads each one's oldest.
INTENTS = """
CREATE INDEX intents_waiting ON aksum.intents (kind, tenant_id, next_action_at)
  WHERE state = 'due';
CREATE INDEX intents_parked ON aksum.intents (kind, tenant_id) WHERE state = 'parked';
ALTER TABLE aksum.intents ADD COLUMN parked_at timestamptz;
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
    op.execute(INTENTS)
    op.execute(SCHEDULES)


def downgrade() -> None:
    op.execute("DROP TABLE aksum.schedules")
    op.execute("DROP INDEX aksum.intents_parked, aksum.intents_waiting")
    op.execute("ALTER TABLE aksum.intents DROP COLUMN parked_at")
