"""What verification remembers, so that it need not read everything again each time."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import ops_reads, tenant_table

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Of each tenant: everything booked before `booked_before` was read, and nothing was found. Orders
# below `orders_from` were final. The sums are verification's own, made from entries alone: by
# account and effective date, and over all dates under the date 'infinity'. Both are derived, and
# made anew by every full verification.
TABLES = """
CREATE TABLE aksum.ledger_verifications (
  tenant_id uuid PRIMARY KEY REFERENCES aksum.tenants,
  booked_before timestamptz NOT NULL,
  orders_from uuid NOT NULL,
  verified_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

CREATE TABLE aksum.ledger_verified_sums (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  effective_on date NOT NULL,
  debits numeric(38,0) NOT NULL CHECK (debits >= 0),
  credits numeric(38,0) NOT NULL CHECK (credits >= 0),
  entries bigint NOT NULL CHECK (entries > 0),
  PRIMARY KEY (tenant_id, account_id, effective_on)
) WITH (fillfactor = 70);
"""
# Answers have no booking time. Like one, their time is read after their transaction drew its id, so
# that none can appear before time that is closed. They are appended in its order, so a summary of
# each range of pages finds what is new, and costs a writer nothing.
ANSWERS = """
ALTER TABLE aksum.ledger_requests ALTER COLUMN created_at
  SET DEFAULT CASE WHEN pg_current_xact_id() IS NOT NULL THEN clock_timestamp() END;
CREATE INDEX ledger_requests_answered ON aksum.ledger_requests
  USING brin (created_at) WITH (autosummarize = on);
"""
NAMES = ("ledger_verifications", "ledger_verified_sums")


def upgrade() -> None:
    op.execute(TABLES)
    for table in NAMES:
        tenant_table(table, grants="SELECT")
        ops_reads(table)
    op.execute("GRANT INSERT, UPDATE ON aksum.ledger_verifications TO aksum_ops")
    op.execute("GRANT INSERT, UPDATE, DELETE ON aksum.ledger_verified_sums TO aksum_ops")
    op.execute(ANSWERS)


def downgrade() -> None:
    op.execute("""
    DROP INDEX aksum.ledger_requests_answered;
    ALTER TABLE aksum.ledger_requests ALTER COLUMN created_at SET DEFAULT now();
    DROP TABLE aksum.ledger_verified_sums, aksum.ledger_verifications;
    """)
