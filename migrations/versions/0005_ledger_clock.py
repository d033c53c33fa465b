"""Booking time that is closed, what is derived from it, and posting in one round trip."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import append_only, ops_reads, tenant_table

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# One row, of no tenant. `mark_xid` was drawn after `mark_at` was read. Once every transaction up to
# it has ended, nothing can be booked before `mark_at` any more, because a booking time is read
# after its transaction has drawn its own id. docs/adr/0020 has the proof.
CLOCK = """
CREATE TABLE aksum.ledger_clock (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  closed_until timestamptz NOT NULL DEFAULT '-infinity',
  mark_at timestamptz,
  mark_xid xid8,
  CHECK ((mark_at IS NULL) = (mark_xid IS NULL)),
  CHECK (mark_at >= closed_until)
) WITH (fillfactor = 10);
INSERT INTO aksum.ledger_clock DEFAULT VALUES;
GRANT SELECT ON aksum.ledger_clock TO aksum_api, aksum_worker, aksum_ops;
GRANT UPDATE ON aksum.ledger_clock TO aksum_worker, aksum_ops;
"""

# Entries of an account in the order they were booked: statements, balances at any time, and the
# tail behind a checkpoint are ranges of it.
INDEXES = """
CREATE INDEX ledger_entries_booked
  ON aksum.ledger_entries (tenant_id, account_id, booked_at, account_seq) INCLUDE (units);
DROP INDEX aksum.ledger_entries_account;
CREATE INDEX ledger_transactions_booked ON aksum.ledger_transactions (tenant_id, booked_at);
"""
OLD_INDEXES = """
CREATE INDEX ledger_entries_account
  ON aksum.ledger_entries (tenant_id, account_id, account_seq) INCLUDE (units);
DROP INDEX aksum.ledger_entries_booked;
DROP INDEX aksum.ledger_transactions_booked;
"""

# `through` is exclusive: a checkpoint holds every entry of its account booked before it. Days are
# cumulative, so that a balance on a date is one row and the tail that was not folded yet.
TABLES = """
CREATE TABLE aksum.ledger_folds (
  tenant_id uuid PRIMARY KEY REFERENCES aksum.tenants,
  folded_until timestamptz NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

CREATE TABLE aksum.ledger_checkpoints (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  through timestamptz NOT NULL,
  debits numeric(38,0) NOT NULL CHECK (debits >= 0),
  credits numeric(38,0) NOT NULL CHECK (credits >= 0),
  entries bigint NOT NULL CHECK (entries > 0),
  last_booked_at timestamptz NOT NULL CHECK (last_booked_at < through),
  PRIMARY KEY (tenant_id, account_id, through)
);

CREATE TABLE aksum.ledger_days (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  effective_on date NOT NULL,
  debits numeric(38,0) NOT NULL CHECK (debits >= 0),
  credits numeric(38,0) NOT NULL CHECK (credits >= 0),
  PRIMARY KEY (tenant_id, account_id, effective_on)
) WITH (fillfactor = 70);

-- What was answered to a command that came with a key, for ever.
CREATE TABLE aksum.ledger_requests (
  tenant_id uuid NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
  outcome smallint NOT NULL CHECK (outcome >= 0),
  account_id uuid,
  hold_id uuid,
  transaction_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, key)
);

-- Unique for ever, so it cannot be an index of a table that is partitioned by time.
CREATE TABLE aksum.ledger_reversals (
  tenant_id uuid NOT NULL,
  reverses uuid NOT NULL,
  transaction_id uuid NOT NULL,
  CONSTRAINT ledger_reversals_once PRIMARY KEY (tenant_id, reverses)
);

CREATE TABLE aksum.ledger_periods (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  closed_through date NOT NULL,
  closed_by text NOT NULL CHECK (length(closed_by) BETWEEN 1 AND 100),
  closed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, closed_through)
);
"""
APPEND_ONLY = ("ledger_checkpoints", "ledger_requests", "ledger_reversals", "ledger_periods")
GRANTS = {
    "ledger_folds": "SELECT, INSERT, UPDATE",
    "ledger_days": "SELECT, INSERT, UPDATE",
    "ledger_checkpoints": "SELECT, INSERT",
    "ledger_requests": "SELECT, INSERT",
    "ledger_reversals": "SELECT, INSERT",
    "ledger_periods": "SELECT, INSERT",
}

# Asserted once more on what arrives: the entries of a transaction come in one statement and sum to
# zero, and none is booked into time that is closed already.
REQUIRE_SOUND_ENTRIES = """
CREATE OR REPLACE FUNCTION aksum.require_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM arrived GROUP BY transaction_id, asset
    HAVING sum(units) <> 0
      OR min(booked_at) < (SELECT closed_until FROM aksum.ledger_clock WHERE singleton)) THEN
    RETURN NULL;
  END IF;
  IF EXISTS (SELECT FROM arrived GROUP BY transaction_id, asset HAVING sum(units) <> 0) THEN
    RAISE EXCEPTION 'entries do not sum to zero'
      USING ERRCODE = '23514', CONSTRAINT = 'ledger_entries_zero_sum';
  END IF;
  RAISE EXCEPTION 'booked before time that is closed'
    USING ERRCODE = '23514', CONSTRAINT = 'ledger_entries_after_closed_time';
END $$;
"""
REQUIRE_ZERO_SUM = """
CREATE OR REPLACE FUNCTION aksum.require_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM arrived GROUP BY transaction_id, asset HAVING sum(units) <> 0) THEN
    RAISE EXCEPTION 'entries do not sum to zero'
      USING ERRCODE = '23514', CONSTRAINT = 'ledger_entries_zero_sum';
  END IF;
  RETURN NULL;
END $$;
"""

# A period is closed a day late at the earliest, so only what is dated back has to ask. The question
# is asked after the transaction drew its id: whoever did not see the period closed is waited for.
OPEN_PERIOD = """
CREATE FUNCTION aksum.require_open_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM aksum.ledger_periods p
             WHERE p.tenant_id = NEW.tenant_id AND p.closed_through >= NEW.effective_on) THEN
    RAISE EXCEPTION 'the period is closed'
      USING ERRCODE = '23514', CONSTRAINT = 'ledger_transactions_open_period';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER open_period AFTER INSERT ON aksum.ledger_transactions FOR EACH ROW
  WHEN (NEW.effective_on < (NEW.booked_at AT TIME ZONE 'UTC')::date)
  EXECUTE FUNCTION aksum.require_open_period();
"""

# The plain case of a post in one round trip, which is a transaction by itself unless one is open.
# It judges nothing: constraints and the two triggers do, any refusal undoes all of it, and the
# caller asks the domain for the reason. Rows are locked one by one in the order of `p_strict`,
# which ascends. Names are qualified: setting a search path for each call would cost more.
POST_ONE = """
CREATE FUNCTION aksum.post_one(
  p_tenant uuid, p_id uuid, p_template text, p_reference text, p_effective_on date,
  p_accounts uuid[], p_assets text[], p_units text[], p_strict uuid[],
  p_key text, p_fingerprint bytea
) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
  moves numeric[] := p_units::numeric[];
  stamp timestamptz;
  booked timestamptz;
  account uuid;
  moved numeric;
  number bigint;
  balance numeric;
  numbers bigint[] := '{}';
  balances numeric[] := '{}';
  entered int;
BEGIN
  PERFORM set_config('app.tenant_id', p_tenant::text, true);
  stamp := CASE WHEN pg_current_xact_id() IS NOT NULL THEN clock_timestamp() END;
  FOREACH account IN ARRAY p_strict LOOP
    moved := moves[array_position(p_accounts, account)];
    UPDATE aksum.ledger_balances b
    SET debits = b.debits + greatest(-moved, 0), credits = b.credits + greatest(moved, 0),
      version = b.version + 1, last_booked_at = greatest(stamp, b.last_booked_at)
    WHERE b.tenant_id = p_tenant AND b.account_id = account
    RETURNING b.version, b.sign * (b.credits - b.debits), b.last_booked_at
    INTO number, balance, booked;
    numbers := numbers || number;
    balances := balances || balance;
    stamp := greatest(stamp, booked);
  END LOOP;
  IF cardinality(p_strict) > 1 THEN
    UPDATE aksum.ledger_balances b SET last_booked_at = stamp
    WHERE b.tenant_id = p_tenant AND b.account_id = ANY (p_strict) AND b.last_booked_at < stamp;
  END IF;
  INSERT INTO aksum.ledger_transactions
    (tenant_id, id, template, reference, effective_on, booked_at)
  VALUES (p_tenant, p_id, p_template, p_reference, p_effective_on, stamp);
  INSERT INTO aksum.ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units,
    account_seq, balance_after, booked_at)
  SELECT p_tenant, p_id, array_position(p_accounts, a.id) - 1, a.id, a.asset,
    moves[array_position(p_accounts, a.id)], numbers[array_position(p_strict, a.id)],
    balances[array_position(p_strict, a.id)], stamp
  FROM aksum.ledger_accounts a
  WHERE a.tenant_id = p_tenant AND a.id = ANY (p_accounts) AND a.status = 'open'
    AND a.asset = p_assets[array_position(p_accounts, a.id)]
    AND (a.floor_units IS NULL) = (numbers[array_position(p_strict, a.id)] IS NULL);
  GET DIAGNOSTICS entered = ROW_COUNT;
  IF entered <> cardinality(p_accounts) THEN
    RAISE EXCEPTION 'an account is not there, not open, or not what it was taken for'
      USING ERRCODE = '23503', CONSTRAINT = 'ledger_entries_account';
  END IF;
  IF p_key IS NOT NULL THEN
    INSERT INTO aksum.ledger_requests (tenant_id, key, fingerprint, outcome, transaction_id)
    VALUES (p_tenant, p_key, p_fingerprint, 0, p_id);
  END IF;
  RETURN stamp;
END $$;
REVOKE ALL ON FUNCTION aksum.post_one(
  uuid, uuid, text, text, date, uuid[], text[], text[], uuid[], text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aksum.post_one(
  uuid, uuid, text, text, date, uuid[], text[], text[], uuid[], text, bytea)
  TO aksum_api, aksum_worker, aksum_ops;
"""


def upgrade() -> None:
    op.execute(CLOCK)
    op.execute(INDEXES)
    op.execute(TABLES)
    for table in APPEND_ONLY:
        append_only(table)
    for table, grants in GRANTS.items():
        tenant_table(table, grants=grants)
        ops_reads(table)
    op.execute(REQUIRE_SOUND_ENTRIES)
    op.execute(OPEN_PERIOD)
    op.execute(POST_ONE)


def downgrade() -> None:
    op.execute("DROP FUNCTION aksum.post_one")
    op.execute("DROP TRIGGER open_period ON aksum.ledger_transactions")
    op.execute("DROP FUNCTION aksum.require_open_period()")
    op.execute(REQUIRE_ZERO_SUM)
    op.execute(", ".join(("DROP TABLE aksum.ledger_clock", *(f"aksum.{name}" for name in GRANTS))))
    op.execute(OLD_INDEXES)
