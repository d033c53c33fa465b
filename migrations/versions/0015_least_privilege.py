"""Each role writes the columns that its own use cases write, and nobody books ahead of time."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from alembic import op

from migrations.ddl import RUNTIME_ROLES, may

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

API, WORKER, OPS = RUNTIME_ROLES
SERVES, SETTLES, WORKS, DECIDES = (API, OPS), (API, WORKER, OPS), (WORKER,), (OPS,)

# What the database fills in itself is granted to nobody: ids of transactions, times of answers and
# changes, and what a balance starts with.
HEADER = (
    "tenant_id, id, template, reference, effective_on, reverses, mirror_tenant_id, mirror_of, "
    "booked_at"
)
ENTRY = (
    "tenant_id, transaction_id, leg, account_id, asset, units, account_seq, balance_after, "
    "booked_at"
)
ANSWER = "tenant_id, key, fingerprint, outcome, account_id, hold_id, transaction_id"
PROPOSAL = "tenant_id, id, kind, change, reason, state, proposed_by, proposed_by_name, proposed_at"
ACCOUNT_CHANGE = (
    "tenant_id, account_id, change_id, floor_before, floor_after, status_before, status_after, "
    "reason, proposed_by, approved_by"
)
BREAK = (
    "type, units, detail, state, owner, proposed_by, proposed_at, proposed_reason, approved_by, "
    "approved_at, resolution, resolved_by, match_id, resolution_transaction, version, updated_at, "
    "line_id, account_id, transaction_id, item_units, item_refs, item_batch_ref, booked_at, refs, "
    "value_on"
)
ATTEMPT = (
    "state, lp_execution_id, reported_base_units, reported_quote_units, lookups, evidence, "
    "resolved_by, version, updated_at"
)
LEASE = "state, lease_token, lease_until, attempts, next_action_at, last_error, parked_at"

# Who, and what. Reading stays as it was. Locking a row takes the right to update a column of it:
# of a source nothing changes, so it is one that says nothing.
WRITES: Final[Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]] = MappingProxyType(
    {
        "tenants": ((SERVES, "INSERT"), (SERVES, "UPDATE (status, version, updated_at)")),
        "api_keys": (
            (SERVES, "INSERT"),
            (SERVES, "UPDATE (status, expires_at, version, updated_at)"),
        ),
        "customers": (
            (SERVES, "INSERT"),
            (SERVES, "UPDATE (status, metadata, version, updated_at)"),
        ),
        "idempotency_keys": ((SERVES, "INSERT"),),
        "ledger_accounts": (
            (SETTLES, "INSERT"),
            (SERVES, "UPDATE (floor_units, status)"),
        ),
        "ledger_balances": (
            (SETTLES, "INSERT (tenant_id, account_id, sign, floor_units)"),
            (SETTLES, "UPDATE (debits, credits, held, version, last_booked_at)"),
            (SERVES, "UPDATE (floor_units, closed)"),
        ),
        "ledger_holds": (
            (SERVES, "INSERT"),
            (SETTLES, "UPDATE (remaining, captured, released, state, updated_at)"),
        ),
        "ledger_transactions": ((SETTLES, f"INSERT ({HEADER})"),),
        "ledger_entries": ((SETTLES, f"INSERT ({ENTRY})"),),
        "ledger_requests": ((SETTLES, f"INSERT ({ANSWER})"),),
        "ledger_reversals": ((SETTLES, "INSERT"),),
        "ledger_corrections": ((DECIDES, "INSERT"),),
        "ledger_periods": ((DECIDES, "INSERT"),),
        "ledger_clock": (((WORKER, OPS), "UPDATE (closed_until, mark_at, mark_xid)"),),
        "ledger_folds": (
            (WORKS, "INSERT (tenant_id, folded_until)"),
            (WORKS, "UPDATE (folded_until, updated_at)"),
        ),
        "ledger_days": ((WORKS, "INSERT"), (WORKS, "UPDATE (debits, credits)")),
        "ledger_checkpoints": ((WORKS, "INSERT"),),
        "ledger_verifications": (
            (DECIDES, "INSERT (tenant_id, booked_before, orders_from)"),
            (DECIDES, "UPDATE (booked_before, orders_from, verified_at)"),
        ),
        "ledger_verified_sums": (
            (DECIDES, "INSERT, DELETE"),
            (DECIDES, "UPDATE (debits, credits, entries)"),
        ),
        "change_requests": (
            (SERVES, f"INSERT ({PROPOSAL})"),
            (SERVES, "UPDATE (state, decided_by, decided_by_name, decided_at)"),
        ),
        "ledger_account_changes": ((SERVES, f"INSERT ({ACCOUNT_CHANGE})"),),
        "quotes": (
            (SERVES, "INSERT"),
            (SERVES, "UPDATE (order_id)"),
            (SETTLES, "UPDATE (status, version, updated_at)"),
        ),
        "orders": (
            (SERVES, "INSERT"),
            (SETTLES, "UPDATE (status, outcome, reject_reason, version, updated_at)"),
        ),
        "client_order_ids": ((SERVES, "INSERT"),),
        "lp_attempts": ((SERVES, "INSERT"), (SETTLES, f"UPDATE ({ATTEMPT})")),
        "fills": ((SETTLES, "INSERT"),),
        "intents": ((SETTLES, "INSERT, DELETE"), (SETTLES, f"UPDATE ({LEASE})")),
        "deposits": ((SERVES, "INSERT"),),
        "transfers": ((SERVES, "INSERT"),),
        "transfer_batches": ((SERVES, "INSERT"),),
        "transfer_batch_items": ((SERVES, "INSERT"),),
        "recon_sources": ((SETTLES, "INSERT"), (SETTLES, "UPDATE (created_at)")),
        "recon_statements": ((SETTLES, "INSERT"),),
        "recon_positions": ((SETTLES, "INSERT"),),
        "recon_lines": ((SETTLES, "INSERT"),),
        "recon_matches": ((SETTLES, "INSERT"),),
        "recon_breaks": ((SETTLES, "INSERT"), (SETTLES, f"UPDATE ({BREAK})")),
        "assets": ((DECIDES, "INSERT (code, name, kind, scale)"), (DECIDES, "UPDATE (name)")),
        "instruments": ((DECIDES, "INSERT"),),
        "liquidity_providers": (
            (DECIDES, "INSERT"),
            (DECIDES, "UPDATE (state, state_reason, version, updated_at)"),
        ),
    }
)

# As the revisions before had it.
CHANGED: Final = "INSERT, UPDATE"
BEFORE: Final[Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]] = MappingProxyType(
    {
        **dict.fromkeys(WRITES, ((SETTLES, "INSERT"),)),
        **dict.fromkeys(
            (
                *("tenants", "api_keys", "customers", "ledger_balances", "ledger_holds"),
                *("ledger_folds", "ledger_days", "change_requests", "quotes", "orders"),
                *("lp_attempts", "recon_sources", "recon_breaks"),
            ),
            ((SETTLES, CHANGED),),
        ),
        **dict.fromkeys(("assets", "instruments", "liquidity_providers"), ((DECIDES, CHANGED),)),
        "ledger_accounts": (
            (SETTLES, "INSERT"),
            *(((role,), "UPDATE (floor_units, status)") for role in (OPS, API)),
        ),
        "ledger_clock": (((WORKER, OPS), "UPDATE"),),
        "ledger_verifications": ((DECIDES, CHANGED),),
        "ledger_verified_sums": ((DECIDES, "INSERT, UPDATE, DELETE"),),
        "intents": ((SETTLES, "INSERT, UPDATE, DELETE"),),
    }
)

# Posts take the latest of the clock, of closed time and of their accounts' last bookings, so that a
# time ahead would go on to all that it is booked with. docs/adr/0020 has why it is ten seconds.
# The bound is written out where every post passes: a function would be parsed anew each time.
MOST = "clock_timestamp() + interval '10 seconds'"
AHEAD = f"""
CREATE FUNCTION aksum.booked_at_most() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT {MOST}
$$;
REVOKE ALL ON FUNCTION aksum.booked_at_most() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aksum.booked_at_most() TO aksum_api, aksum_worker, aksum_ops;
CREATE FUNCTION aksum.refuse_booking_ahead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'booked ahead of the clock'
    USING ERRCODE = '23514', CONSTRAINT = 'ledger_booked_ahead';
END $$;
CREATE TRIGGER not_ahead BEFORE INSERT ON aksum.ledger_transactions
  FOR EACH ROW WHEN (NEW.booked_at > {MOST})
  EXECUTE FUNCTION aksum.refuse_booking_ahead();
ALTER TABLE aksum.ledger_transactions ENABLE ALWAYS TRIGGER not_ahead;
CREATE OR REPLACE FUNCTION aksum.require_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM arrived GROUP BY transaction_id, asset
    HAVING sum(units) <> 0 OR max(booked_at) > {MOST}
      OR min(booked_at) < (SELECT closed_until FROM aksum.ledger_clock WHERE singleton)) THEN
    RETURN NULL;
  END IF;
  IF EXISTS (SELECT FROM arrived GROUP BY transaction_id, asset HAVING sum(units) <> 0) THEN
    RAISE EXCEPTION 'entries do not sum to zero'
      USING ERRCODE = '23514', CONSTRAINT = 'ledger_entries_zero_sum';
  END IF;
  IF EXISTS (SELECT FROM arrived HAVING max(booked_at) > {MOST}) THEN
    RAISE EXCEPTION 'booked ahead of the clock'
      USING ERRCODE = '23514', CONSTRAINT = 'ledger_booked_ahead';
  END IF;
  RAISE EXCEPTION 'booked before time that is closed'
    USING ERRCODE = '23514', CONSTRAINT = 'ledger_entries_after_closed_time';
END $$;
"""
NOT_AHEAD = """
DROP TRIGGER not_ahead ON aksum.ledger_transactions;
DROP FUNCTION aksum.refuse_booking_ahead();
DROP FUNCTION aksum.booked_at_most();
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
# Holds used to move it. It is the time of the last entry, and verification compares the two. The
# owner sees no row where policies are forced, and this is about the rows of all.
LAST_BOOKED = """
ALTER TABLE aksum.ledger_balances NO FORCE ROW LEVEL SECURITY;
ALTER TABLE aksum.ledger_entries NO FORCE ROW LEVEL SECURITY;
UPDATE aksum.ledger_balances b SET last_booked_at = x.at
FROM (
  SELECT n.tenant_id, n.account_id, coalesce((
    SELECT max(e.booked_at) FROM aksum.ledger_entries e
    WHERE e.tenant_id = n.tenant_id AND e.account_id = n.account_id), '-infinity') AS at
  FROM aksum.ledger_balances n) x
WHERE x.tenant_id = b.tenant_id AND x.account_id = b.account_id AND x.at < b.last_booked_at;
ALTER TABLE aksum.ledger_entries FORCE ROW LEVEL SECURITY;
ALTER TABLE aksum.ledger_balances FORCE ROW LEVEL SECURITY;
"""
# Roles of processes may write terms, since operators act through them. What they write is looked at
# when the transaction ends: two people's request was applied in it, and both rows say the same. The
# time of a record is the database's own, so none that is older serves again.
TERMS = """
CREATE FUNCTION aksum.require_recorded_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM aksum.ledger_account_changes c
    JOIN aksum.change_requests r ON r.tenant_id = c.tenant_id AND r.id = c.change_id
    JOIN aksum.ledger_balances b ON b.tenant_id = c.tenant_id AND b.account_id = c.account_id
    WHERE c.tenant_id = NEW.tenant_id AND c.account_id = NEW.id
      AND c.changed_at >= transaction_timestamp() AND r.state = 'applied'
      AND c.floor_after = NEW.floor_units AND c.status_after = NEW.status
      AND b.floor_units = NEW.floor_units AND b.closed = (NEW.status = 'closed')) THEN
    RAISE EXCEPTION 'terms are changed by an approved request'
      USING ERRCODE = '23514', CONSTRAINT = 'ledger_accounts_recorded_terms';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER recorded_terms AFTER UPDATE OF floor_units, status
  ON aksum.ledger_accounts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN ((OLD.floor_units, OLD.status) IS DISTINCT FROM (NEW.floor_units, NEW.status))
  EXECUTE FUNCTION aksum.require_recorded_terms();
ALTER TABLE aksum.ledger_accounts ENABLE ALWAYS TRIGGER recorded_terms;
CREATE FUNCTION aksum.require_accounts_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM aksum.ledger_accounts a
    WHERE a.tenant_id = NEW.tenant_id AND a.id = NEW.account_id
      AND a.floor_units = NEW.floor_units AND (a.status = 'closed') = NEW.closed) THEN
    RAISE EXCEPTION 'a balance is held to the terms of its account'
      USING ERRCODE = '23514', CONSTRAINT = 'ledger_balances_accounts_terms';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER accounts_terms AFTER UPDATE OF floor_units, closed
  ON aksum.ledger_balances DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN ((OLD.floor_units, OLD.closed) IS DISTINCT FROM (NEW.floor_units, NEW.closed))
  EXECUTE FUNCTION aksum.require_accounts_terms();
ALTER TABLE aksum.ledger_balances ENABLE ALWAYS TRIGGER accounts_terms;
"""
ANY_TERMS = """
DROP TRIGGER accounts_terms ON aksum.ledger_balances;
DROP TRIGGER recorded_terms ON aksum.ledger_accounts;
DROP FUNCTION aksum.require_accounts_terms();
DROP FUNCTION aksum.require_recorded_terms();
"""
# The only trigger that a replica's session did not fire.
ALWAYS = "ALTER TABLE aksum.ledger_transactions ENABLE ALWAYS TRIGGER open_period"
ORDINARY = "ALTER TABLE aksum.ledger_transactions ENABLE TRIGGER open_period"


def upgrade() -> None:
    _grant(WRITES)
    op.execute(ALWAYS)
    op.execute(TERMS)
    op.execute(AHEAD)
    op.execute(LAST_BOOKED)


def downgrade() -> None:
    op.execute(ANY_TERMS)
    op.execute(ORDINARY)
    op.execute(NOT_AHEAD)
    _grant(BEFORE)


def _grant(writes: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]) -> None:
    for table, rights in writes.items():
        op.execute(
            f"REVOKE INSERT, UPDATE, DELETE ON aksum.{table} FROM {', '.join(RUNTIME_ROLES)}"
        )
        for roles, privileges in rights:
            may(table, privileges, roles=roles)
