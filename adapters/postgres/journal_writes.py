"""Writing what the domain decided. The constraints of the tables check the same rules again."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import asyncpg

from adapters.postgres import array_text
from adapters.postgres.connection import Connection, text_units
from application.errors import IdempotencyInProgress, Overloaded
from domain.ledger.decision import AccountDelta, Deltas, HoldChange
from domain.ledger.entry import JournalTransaction
from domain.ledger.state import Answer
from domain.shared.errors import invariant
from domain.shared.ids import TenantId

NOTHING: Final = Deltas()
# What was true when the state was loaded is asserted again as it is written (migration 0005). The
# last is a clock that was set back further than anybody may book ahead of it (migration 0015).
OUTRUN: Final[Mapping[str | None, str]] = MappingProxyType(
    {
        "ledger_transactions_open_period": "a period has just been closed",
        "ledger_entries_after_closed_time": "time has just been closed",
        "ledger_booked_ahead": "the database's clock is behind what was booked: wait for it",
    }
)
# Read after the locks were taken and, CASE sees to that, after the transaction drew its id, or time
# that is closed already might still be booked into. No account's time runs backwards.
BOOKING_TIME = """greatest(
  CASE WHEN pg_current_xact_id() IS NOT NULL THEN clock_timestamp() END,
  (SELECT closed_until FROM ledger_clock WHERE singleton))"""
# All of a batch in one statement. Balances are found by their key whatever the planner believes of
# the table: a join with the list might be planned as a product of the two. The list ascends, so
# `width_bucket` finds an account's place in it by halving. Which of the inserts comes first is the
# server's choice, so both go by the ids of transactions: somebody may be writing the same ones.
WRITE = f"""
WITH given AS MATERIALIZED (
  SELECT $2::text::uuid[] AS accounts, $3::text::numeric[] AS debits,
    $4::text::numeric[] AS credits, $5::text::numeric[] AS held, $6::text::int[] AS entries,
    $7::text::uuid[] AS transactions),
stamp AS MATERIALIZED (
  SELECT greatest({BOOKING_TIME}, max(last_booked_at)) AS at FROM ledger_balances
  WHERE tenant_id = $1 AND account_id = ANY((SELECT accounts FROM given)::uuid[])),
moved AS (
  UPDATE ledger_balances b
  SET debits = b.debits + g.debits[width_bucket(b.account_id, g.accounts)],
      credits = b.credits + g.credits[width_bucket(b.account_id, g.accounts)],
      held = b.held + coalesce(g.held[width_bucket(b.account_id, g.accounts)], 0),
      version = b.version + g.entries[width_bucket(b.account_id, g.accounts)],
      last_booked_at = CASE WHEN g.entries[width_bucket(b.account_id, g.accounts)] > 0
        THEN stamp.at ELSE b.last_booked_at END
  FROM given g, stamp
  WHERE b.tenant_id = $1 AND b.account_id = ANY((SELECT accounts FROM given)::uuid[])
  RETURNING 1),
booked AS (
  INSERT INTO ledger_transactions (tenant_id, id, template, reference, effective_on, reverses,
    mirror_tenant_id, mirror_of, booked_at)
  SELECT $1, t.*, stamp.at FROM unnest($7::text::uuid[], $8::text::text[], $9::text::text[],
    $10::text::date[], $11::text::uuid[], $12::text::uuid[], $13::text::uuid[])
      AS t (id, template, reference, effective_on, reverses, mirror_tenant_id, mirror_of), stamp
  ORDER BY t.id),
entered AS (
  INSERT INTO ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units,
    account_seq, balance_after, booked_at)
  SELECT $1, g.transactions[e.place], e.leg, e.account_id, e.asset, e.units, e.account_seq,
    e.balance_after, stamp.at
  FROM unnest($14::text::int[], $15::text::int[], $16::text::uuid[], $17::text::text[],
      $18::text::numeric[], $19::text::bigint[], $20::text::numeric[])
      AS e (place, leg, account_id, asset, units, account_seq, balance_after), given g, stamp
  ORDER BY g.transactions[e.place], e.leg)
SELECT count(*) FROM moved
"""
NEW_HOLDS = """
INSERT INTO ledger_holds (tenant_id, id, account_id, units, remaining, captured, released, state,
  reference, expires_at, created_at, updated_at)
SELECT $1, n.id, n.account_id, n.units::numeric, n.remaining::numeric, n.captured::numeric,
  n.released::numeric, n.state, n.reference, n.expires_at, n.created_at, clock_timestamp()
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::text[], $10::timestamptz[], $11::timestamptz[])
  AS n (id, account_id, units, remaining, captured, released, state, reference, expires_at,
    created_at)
"""
CHANGED_HOLDS = """
UPDATE ledger_holds h
SET remaining = c.remaining::numeric, captured = c.captured::numeric,
  released = c.released::numeric, state = c.state, updated_at = clock_timestamp()
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
  AS c (id, remaining, captured, released, state)
WHERE h.tenant_id = $1 AND h.id = ANY($2::uuid[]) AND h.id = c.id
"""
REVERSALS = """
INSERT INTO ledger_reversals (tenant_id, reverses, transaction_id)
SELECT $1, r.reverses, r.id FROM unnest($2::uuid[], $3::uuid[]) AS r (id, reverses)
ORDER BY r.reverses ON CONFLICT DO NOTHING RETURNING 1
"""
ANSWERS = """
INSERT INTO ledger_requests (tenant_id, key, fingerprint, outcome, account_id, hold_id,
  transaction_id)
SELECT $1, r.* FROM unnest($2::text[], $3::bytea[], $4::int[], $5::uuid[], $6::uuid[], $7::uuid[])
  AS r (key, fingerprint, outcome, account_id, hold_id, transaction_id)
ORDER BY r.key ON CONFLICT DO NOTHING RETURNING 1
"""


async def write(connection: Connection, tenant_id: TenantId, deltas: Deltas) -> None:
    """Runs under the locks that the decision was made under. Raises as `Journal.post`."""
    if deltas == NOTHING:
        return
    try:
        await _write(connection, tenant_id, deltas)
    except asyncpg.UniqueViolationError as error:
        # Nothing to lock there before: somebody has just made a row of the same id.
        raise Overloaded("somebody has just done the same") from error
    except asyncpg.CheckViolationError as error:
        raise_if_outrun(error)
        raise


def raise_if_outrun(error: asyncpg.CheckViolationError) -> None:
    """Raises `Overloaded` when what refused is the time: nothing was done, and it may be tried."""
    detail = OUTRUN.get(error.constraint_name)
    if detail is not None:
        raise Overloaded(detail) from error


async def _write(connection: Connection, tenant_id: TenantId, deltas: Deltas) -> None:
    strict = deltas.accounts
    moved = await connection.fetchval(
        WRITE,
        tenant_id,
        *_balance_columns(strict),
        *_transaction_columns(deltas.transactions),
        *_entry_columns(deltas),
    )
    invariant(moved == len(strict), "a balance row is missing")
    await _write_holds(connection, tenant_id, deltas.holds)
    await _write_reversals(connection, tenant_id, deltas.transactions)
    await _write_answers(connection, tenant_id, deltas.answers)


def _balance_columns(strict: Sequence[AccountDelta]) -> tuple[str | None, ...]:
    held = [delta.held for delta in strict]
    return (
        array_text.ids([delta.account_id for delta in strict]),
        array_text.numbers([delta.debits for delta in strict]),
        array_text.numbers([delta.credits for delta in strict]),
        array_text.numbers(held) if any(held) else None,
        array_text.numbers([delta.entries for delta in strict]),
    )


def _transaction_columns(transactions: Sequence[JournalTransaction]) -> tuple[str | None, ...]:
    mirrors = [transaction.mirror_of for transaction in transactions]
    return (
        array_text.ids([transaction.id for transaction in transactions]),
        array_text.texts([transaction.template for transaction in transactions]),
        array_text.texts([transaction.reference for transaction in transactions]),
        array_text.dates([transaction.effective_on for transaction in transactions]),
        array_text.optional_ids([transaction.reverses for transaction in transactions]),
        array_text.optional_ids(
            [None if mirror is None else mirror.tenant_id for mirror in mirrors]
        ),
        array_text.optional_ids(
            [None if mirror is None else mirror.transaction_id for mirror in mirrors]
        ),
    )


def _entry_columns(deltas: Deltas) -> tuple[str | None, ...]:
    """Entries name their transactions by place, counting from 1."""
    entries = [numbered.entry for numbered in deltas.entries]
    places = [
        place
        for place, transaction in enumerate(deltas.transactions, start=1)
        for _ in transaction.entries
    ]
    return (
        array_text.numbers(places),
        array_text.numbers([numbered.leg for numbered in deltas.entries]),
        array_text.ids([entry.account_id for entry in entries]),
        array_text.texts([entry.asset for entry in entries]),
        array_text.numbers([entry.units for entry in entries]),
        array_text.optional_numbers([numbered.account_seq for numbered in deltas.entries]),
        array_text.optional_numbers([numbered.balance_after for numbered in deltas.entries]),
    )


async def _write_holds(
    connection: Connection, tenant_id: TenantId, changes: Sequence[HoldChange]
) -> None:
    new = [change.after for change in changes if change.before is None]
    if new:
        await connection.execute(
            NEW_HOLDS,
            tenant_id,
            [hold.id for hold in new],
            [hold.account_id for hold in new],
            text_units(hold.units for hold in new),
            text_units(hold.remaining for hold in new),
            text_units(hold.captured for hold in new),
            text_units(hold.released for hold in new),
            [hold.state.value for hold in new],
            [hold.reference for hold in new],
            [hold.expires_at for hold in new],
            [hold.created_at for hold in new],
        )
    changed = [change.after for change in changes if change.before is not None]
    if changed:
        await connection.execute(
            CHANGED_HOLDS,
            tenant_id,
            [hold.id for hold in changed],
            text_units(hold.remaining for hold in changed),
            text_units(hold.captured for hold in changed),
            text_units(hold.released for hold in changed),
            [hold.state.value for hold in changed],
        )


async def _write_reversals(
    connection: Connection, tenant_id: TenantId, transactions: Sequence[JournalTransaction]
) -> None:
    reversing = [each for each in transactions if each.reverses is not None]
    if not reversing:
        return
    ids, reverses = [each.id for each in reversing], [each.reverses for each in reversing]
    written = await connection.fetch(REVERSALS, tenant_id, ids, reverses)
    if len(written) < len(reversing):
        raise Overloaded("somebody has just reversed the same transaction")


async def _write_answers(
    connection: Connection, tenant_id: TenantId, answers: Mapping[str, Answer]
) -> None:
    """Last of all locks, by key: whoever waits here holds nothing that the other still needs."""
    if not answers:
        return
    outcomes = [answer.outcome for answer in answers.values()]
    written = await connection.fetch(
        ANSWERS,
        tenant_id,
        list(answers),
        [answer.fingerprint for answer in answers.values()],
        [int(outcome.code) for outcome in outcomes],
        [outcome.account_id for outcome in outcomes],
        [outcome.hold_id for outcome in outcomes],
        [outcome.transaction_id for outcome in outcomes],
    )
    if len(written) < len(answers):
        raise IdempotencyInProgress("a key of the batch has just been used")
