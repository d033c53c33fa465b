"""Writing what the domain decided. The constraints of the tables check the same rules again."""

from collections.abc import Sequence

from adapters.postgres.connection import Connection, text_units
from domain.ledger.decision import Deltas, HoldChange
from domain.ledger.entry import JournalTransaction
from domain.shared.errors import invariant
from domain.shared.ids import TenantId

# Read after the locks were taken and, CASE sees to that, after the transaction drew its id, or time
# that is closed already might still be booked into. No account's time runs backwards.
BOOKING_TIME = """greatest(
  CASE WHEN pg_current_xact_id() IS NOT NULL THEN clock_timestamp() END,
  (SELECT closed_until FROM ledger_clock WHERE singleton))"""
MOVE = f"""
WITH stamp AS MATERIALIZED (
  SELECT greatest({BOOKING_TIME}, max(last_booked_at)) AS at FROM ledger_balances
  WHERE tenant_id = $1 AND account_id = ANY($2::uuid[])),
moved AS (
  UPDATE ledger_balances b
  SET debits = b.debits + d.debits::numeric, credits = b.credits + d.credits::numeric,
      held = b.held + d.held::numeric, version = b.version + d.entries, last_booked_at = stamp.at
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[])
         AS d (account_id, debits, credits, held, entries), stamp
  WHERE b.tenant_id = $1 AND b.account_id = ANY($2::uuid[]) AND b.account_id = d.account_id
  RETURNING 1)
SELECT stamp.at, (SELECT count(*) FROM moved) AS moved FROM stamp
"""
TRANSACTIONS = """
INSERT INTO ledger_transactions (tenant_id, id, template, reference, effective_on, reverses,
  mirror_tenant_id, mirror_of, booked_at)
SELECT $1, t.*, $9 FROM unnest($2::uuid[], $3::text[], $4::text[], $5::date[], $6::uuid[],
  $7::uuid[], $8::uuid[]) AS t
"""
ENTRIES = """
INSERT INTO ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units, account_seq,
  balance_after, booked_at)
SELECT $1, e.transaction_id, e.leg, e.account_id, e.asset, e.units::numeric, e.account_seq,
  e.balance_after::numeric, $9
FROM unnest($2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::text[])
  AS e (transaction_id, leg, account_id, asset, units, account_seq, balance_after)
"""
NEW_HOLD = """
INSERT INTO ledger_holds (tenant_id, id, account_id, units, remaining, captured, released, state,
  reference, expires_at, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
"""
CHANGED_HOLD = """
UPDATE ledger_holds SET remaining = $3, captured = $4, released = $5, state = $6,
  updated_at = clock_timestamp()
WHERE tenant_id = $1 AND id = $2
"""


async def write(connection: Connection, tenant_id: TenantId, deltas: Deltas) -> None:
    """Runs under the locks that the decision was made under."""
    strict = deltas.strict_accounts
    row = await connection.fetchrow(
        MOVE,
        tenant_id,
        [delta.account_id for delta in strict],
        text_units(delta.debits for delta in strict),
        text_units(delta.credits for delta in strict),
        text_units(delta.held for delta in strict),
        [delta.entries for delta in strict],
    )
    invariant(row is not None and row["moved"] == len(strict), "a balance row is missing")
    await _write_holds(connection, tenant_id, deltas.holds)
    if not deltas.transactions:
        return
    booked_at = None if row is None else row["at"]
    await _write_transactions(connection, tenant_id, deltas.transactions, booked_at)
    entries = deltas.entries
    await connection.execute(
        ENTRIES,
        tenant_id,
        [entry.transaction_id for entry in entries],
        [entry.leg for entry in entries],
        [entry.entry.account_id for entry in entries],
        [str(entry.entry.asset) for entry in entries],
        text_units(entry.entry.units for entry in entries),
        [entry.account_seq for entry in entries],
        [None if e.balance_after is None else str(e.balance_after) for e in entries],
        booked_at,
    )


async def _write_transactions(
    connection: Connection,
    tenant_id: TenantId,
    transactions: Sequence[JournalTransaction],
    booked_at: object,
) -> None:
    mirrors = [transaction.mirror_of for transaction in transactions]
    await connection.execute(
        TRANSACTIONS,
        tenant_id,
        [transaction.id for transaction in transactions],
        [transaction.template for transaction in transactions],
        [transaction.reference for transaction in transactions],
        [transaction.effective_on for transaction in transactions],
        [transaction.reverses for transaction in transactions],
        [None if mirror is None else mirror.tenant_id for mirror in mirrors],
        [None if mirror is None else mirror.transaction_id for mirror in mirrors],
        booked_at,
    )


async def _write_holds(
    connection: Connection, tenant_id: TenantId, changes: Sequence[HoldChange]
) -> None:
    for change in changes:
        hold = change.after
        if change.before is None:
            await connection.execute(
                NEW_HOLD,
                tenant_id,
                hold.id,
                hold.account_id,
                hold.units,
                hold.remaining,
                hold.captured,
                hold.released,
                hold.state.value,
                hold.reference,
                hold.expires_at,
                hold.created_at,
            )
        else:
            await connection.execute(
                CHANGED_HOLD,
                tenant_id,
                hold.id,
                hold.remaining,
                hold.captured,
                hold.released,
                hold.state.value,
            )
