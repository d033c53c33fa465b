"""What operators do to the books: corrections, credit lines, closed accounts, four eyes."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import append_only, ops_reads, tenant_table

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Whoever rejects may be who proposed; whoever applies may not, by key and by name: one person who
# rotated a key is still one person.
TABLES = """
CREATE TABLE aksum.change_requests (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('credit_line', 'close_account')),
  change jsonb NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  state text NOT NULL CHECK (state IN ('proposed', 'applied', 'rejected')),
  proposed_by uuid NOT NULL,
  proposed_by_name text NOT NULL CHECK (length(proposed_by_name) BETWEEN 1 AND 100),
  proposed_at timestamptz NOT NULL,
  decided_by uuid,
  decided_by_name text CHECK (length(decided_by_name) BETWEEN 1 AND 100),
  decided_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'proposed') = (decided_by IS NULL)),
  CHECK ((decided_by IS NULL) = (decided_by_name IS NULL)
    AND (decided_by IS NULL) = (decided_at IS NULL)),
  CONSTRAINT change_requests_four_eyes CHECK (state <> 'applied'
    OR (decided_by <> proposed_by AND lower(decided_by_name) <> lower(proposed_by_name)))
);

CREATE TABLE aksum.ledger_account_changes (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  change_id uuid NOT NULL,
  floor_before numeric(38,0) NOT NULL,
  floor_after numeric(38,0) NOT NULL CHECK (floor_after <= 0),
  status_before text NOT NULL,
  status_after text NOT NULL,
  reason text NOT NULL,
  proposed_by text NOT NULL,
  approved_by text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, account_id, change_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES aksum.ledger_accounts,
  FOREIGN KEY (tenant_id, change_id) REFERENCES aksum.change_requests,
  CONSTRAINT ledger_account_changes_four_eyes CHECK (lower(approved_by) <> lower(proposed_by))
);

CREATE TABLE aksum.ledger_corrections (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  transaction_id uuid NOT NULL,
  reverses uuid NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  made_by text NOT NULL CHECK (length(made_by) BETWEEN 1 AND 100),
  made_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, transaction_id)
);
"""
# The last word on an account that is closed, whatever path an entry or a hold comes by.
CLOSED = """
ALTER TABLE aksum.ledger_balances ADD COLUMN closed boolean NOT NULL DEFAULT false;
ALTER TABLE aksum.ledger_balances ADD CONSTRAINT ledger_balances_closed
  CHECK (NOT closed OR (credits = debits AND held = 0 AND floor_units = 0));
"""
# Only operators may change the terms an account is held to.
TERMS = "GRANT UPDATE (floor_units, status) ON aksum.ledger_accounts TO aksum_ops"
GRANTS = {
    "change_requests": "SELECT, INSERT, UPDATE",
    "ledger_account_changes": "SELECT, INSERT",
    "ledger_corrections": "SELECT, INSERT",
}


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(CLOSED)
    for table, grants in GRANTS.items():
        tenant_table(table, grants=grants)
        ops_reads(table)
    for table in ("ledger_account_changes", "ledger_corrections"):
        append_only(table)
    op.execute(TERMS)


def downgrade() -> None:
    op.execute("""
    DROP TABLE aksum.ledger_corrections, aksum.ledger_account_changes, aksum.change_requests;
    REVOKE UPDATE (floor_units, status) ON aksum.ledger_accounts FROM aksum_ops;
    ALTER TABLE aksum.ledger_balances DROP COLUMN closed;
    """)
