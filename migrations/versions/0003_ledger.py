"""The ledger: accounts, strict balances, holds, and the journal that nobody can change."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import append_only, monthly, ops_reads, tenant_table

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MONTHS_AHEAD = 24

# Entries carry signed units, credits positive. Accounts with a floor are strict: they have a
# balance row that is locked, and their entries are numbered and carry the running balance.
# Accounts without one are appended to and never locked, so that shared accounts cost nothing.
TABLES = """
CREATE TABLE aksum.ledger_accounts (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  id uuid NOT NULL,
  owner text NOT NULL,
  code text NOT NULL,
  asset text NOT NULL REFERENCES aksum.assets,
  type text NOT NULL CHECK (type IN ('asset', 'liability', 'income', 'expense', 'equity')),
  floor_units numeric(38,0),
  status text NOT NULL CHECK (status IN ('open', 'closed')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT ledger_accounts_natural_key UNIQUE (tenant_id, owner, code, asset)
);

CREATE TABLE aksum.ledger_balances (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  sign smallint NOT NULL CHECK (sign IN (-1, 1)),
  debits numeric(38,0) NOT NULL DEFAULT 0 CHECK (debits >= 0),
  credits numeric(38,0) NOT NULL DEFAULT 0 CHECK (credits >= 0),
  held numeric(38,0) NOT NULL DEFAULT 0 CHECK (held >= 0),
  floor_units numeric(38,0) NOT NULL,
  version bigint NOT NULL DEFAULT 0,
  last_booked_at timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (tenant_id, account_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES aksum.ledger_accounts,
  CONSTRAINT ledger_balances_floor CHECK (sign * (credits - debits) - held >= floor_units)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE aksum.ledger_holds (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  units numeric(38,0) NOT NULL CHECK (units > 0),
  remaining numeric(38,0) NOT NULL CHECK (remaining >= 0),
  captured numeric(38,0) NOT NULL DEFAULT 0 CHECK (captured >= 0),
  released numeric(38,0) NOT NULL DEFAULT 0 CHECK (released >= 0),
  state text NOT NULL CHECK (state IN ('active', 'captured', 'released', 'expired')),
  reference text NOT NULL,
  expires_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'active') = (remaining > 0)),
  CONSTRAINT ledger_holds_whole CHECK (captured + released + remaining = units)
) WITH (fillfactor = 70);
CREATE INDEX ledger_holds_active ON aksum.ledger_holds (tenant_id, account_id)
  WHERE state = 'active';
CREATE INDEX ledger_holds_expiring ON aksum.ledger_holds (expires_at)
  WHERE state = 'active' AND expires_at IS NOT NULL;

CREATE TABLE aksum.ledger_transactions (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  template text NOT NULL,
  reference text NOT NULL,
  effective_on date NOT NULL,
  reverses uuid,
  mirror_tenant_id uuid,
  mirror_of uuid,
  booked_at timestamptz NOT NULL,
  created_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  CHECK ((mirror_tenant_id IS NULL) = (mirror_of IS NULL))
) PARTITION BY RANGE (id);
CREATE INDEX ledger_transactions_reference ON aksum.ledger_transactions (tenant_id, reference);

CREATE TABLE aksum.ledger_entries (
  tenant_id uuid NOT NULL,
  transaction_id uuid NOT NULL,
  leg smallint NOT NULL CHECK (leg >= 0),
  account_id uuid NOT NULL,
  asset text NOT NULL,
  units numeric(38,0) NOT NULL CHECK (units <> 0),
  account_seq bigint,
  balance_after numeric(38,0),
  booked_at timestamptz NOT NULL,
  created_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, transaction_id, leg),
  CHECK ((account_seq IS NULL) = (balance_after IS NULL))
) PARTITION BY RANGE (transaction_id);
CREATE INDEX ledger_entries_account
  ON aksum.ledger_entries (tenant_id, account_id, account_seq) INCLUDE (units);
"""

# The domain cannot build a transaction that does not balance; this asserts it once more, on what
# arrives. A transaction's entries therefore always come in one statement.
ZERO_SUM = """
CREATE FUNCTION aksum.require_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM arrived GROUP BY transaction_id, asset HAVING sum(units) <> 0) THEN
    RAISE EXCEPTION 'entries do not sum to zero'
      USING ERRCODE = '23514', CONSTRAINT = 'ledger_entries_zero_sum';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER zero_sum AFTER INSERT ON aksum.ledger_entries
  REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION aksum.require_zero_sum();
ALTER TABLE aksum.ledger_entries ENABLE ALWAYS TRIGGER zero_sum;
"""

APPEND_ONLY = ("ledger_transactions", "ledger_entries")


def upgrade() -> None:
    op.execute(TABLES)
    for table in APPEND_ONLY:
        append_only(table)
        monthly(table, months_ahead=MONTHS_AHEAD)
        tenant_table(table, grants="SELECT, INSERT")
    op.execute(ZERO_SUM)
    tenant_table("ledger_accounts", grants="SELECT, INSERT")
    tenant_table("ledger_balances", grants="SELECT, INSERT, UPDATE")
    tenant_table("ledger_holds", grants="SELECT, INSERT, UPDATE")
    for table in (*APPEND_ONLY, "ledger_accounts", "ledger_balances", "ledger_holds"):
        ops_reads(table)
    op.execute(
        "CREATE POLICY workers_find_expiring ON aksum.ledger_holds FOR SELECT TO aksum_worker "
        "USING (state = 'active' AND expires_at <= now())"
    )


def downgrade() -> None:
    op.execute("""
    DROP TABLE aksum.ledger_entries, aksum.ledger_transactions, aksum.ledger_holds,
      aksum.ledger_balances, aksum.ledger_accounts;
    DROP FUNCTION aksum.require_zero_sum();
    DELETE FROM aksum.partitioned_tables WHERE name IN ('ledger_entries', 'ledger_transactions');
    """)
