"""Blocks of quiet time, epochs that name who declared them, and reversals found by header."""

from collections.abc import Sequence

from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
ALTER TABLE aksum.ledger_seals
  ADD COLUMN declared_by text CHECK (length(declared_by) BETWEEN 1 AND 500),
  DROP CONSTRAINT ledger_seals_whole,
  ADD CONSTRAINT ledger_seals_whole CHECK (
    CASE WHEN reason IS NULL
         THEN declared_by IS NULL AND booked_from < booked_to
           AND (transactions > 0 OR entries = 0)
         ELSE declared_by IS NOT NULL AND transactions = 0 AND entries = 0
           AND booked_from = booked_to END);
"""
# Few transactions reverse another, so few are in it: whoever reverses asks it whether one does.
REVERSES = """
CREATE INDEX ledger_transactions_reverses ON aksum.ledger_transactions (tenant_id, reverses)
  WHERE reverses IS NOT NULL;
"""
DOWN = """
ALTER TABLE aksum.ledger_seals
  DROP CONSTRAINT ledger_seals_whole,
  DROP COLUMN declared_by,
  ADD CONSTRAINT ledger_seals_whole CHECK (
    CASE WHEN reason IS NULL THEN transactions > 0 AND booked_from < booked_to
         ELSE transactions = 0 AND entries = 0 AND booked_from = booked_to END);
"""


def upgrade() -> None:
    op.execute(UP)
    op.execute(REVERSES)


def downgrade() -> None:
    op.execute("DROP INDEX aksum.ledger_transactions_reverses")
    op.execute(DOWN)
