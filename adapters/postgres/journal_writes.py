"""Writing what the domain decided. The constraints of the tables check the same rules again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

import asyncpg

from adapters.postgres.connection import Connection, text_units
from adapters.postgres.journal_batch import batch_write
from application.errors import IdempotencyInProgress, Overloaded
from domain.ledger.decision import Deltas, HoldChange
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


async def write(
    connection: Connection, tenant_id: TenantId, deltas: Deltas, *, last_booked_at: datetime | None
) -> None:
    """Runs under the locks that the decision was made under. Raises as `Journal.post`.

    `last_booked_at` is the latest of the locked accounts: no account's time runs backwards.
    """
    if deltas == NOTHING:
        return
    try:
        await _write(connection, tenant_id, deltas, last_booked_at)
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


async def _write(
    connection: Connection, tenant_id: TenantId, deltas: Deltas, last_booked_at: datetime | None
) -> None:
    statement, parameters = batch_write(deltas)
    moved = await connection.fetchval(statement, tenant_id, *parameters, last_booked_at)
    invariant(moved == len(deltas.accounts), "a balance row is missing")
    await _write_holds(connection, tenant_id, deltas.holds)
    await _write_reversals(connection, tenant_id, deltas.transactions)
    await _write_answers(connection, tenant_id, deltas.answers)


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
