"""The ledger as it was. Every balance is one row of what was folded and the tail behind it."""

from collections.abc import Mapping, Sequence

from adapters.postgres.connection import EVER, FOREVER, Connection, Row
from adapters.postgres.journal_rows import ENTRY_COLUMNS, entry_from
from application.ports.ledger_history import (
    STATEMENT_LINES_MAX,
    BookedBy,
    Moment,
    StatementLine,
    StatementRange,
)
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, TenantId

# Conditions on times compare with plain values: see the view of accounts. OFFSET 0: headers by
# their key, one by one, never by a join with the tenant's whole journal.
SIGN = "CASE WHEN a.type IN ('asset', 'expense') THEN -1 ELSE 1 END"
# Strict accounts carry the running balance with each entry. Deferred ones have checkpoints.
BOOKED_BY = f"""
SELECT a.id, coalesce(l.balance_after,
  {SIGN} * (coalesce(c.credits - c.debits, 0) + coalesce(d.units, 0))) AS posted
FROM ledger_accounts a
LEFT JOIN LATERAL (
  SELECT e.balance_after FROM ledger_entries e
  WHERE a.floor_units IS NOT NULL AND e.tenant_id = a.tenant_id AND e.account_id = a.id
    AND e.booked_at <= $3
  ORDER BY e.booked_at DESC, e.account_seq DESC LIMIT 1) l ON true
LEFT JOIN LATERAL (
  SELECT k.through, k.debits, k.credits FROM ledger_checkpoints k
  WHERE a.floor_units IS NULL AND k.tenant_id = a.tenant_id AND k.account_id = a.id
    AND k.through <= $3
  ORDER BY k.through DESC LIMIT 1) c ON true
CROSS JOIN LATERAL (SELECT coalesce(c.through, '-infinity') AS since OFFSET 0) s
LEFT JOIN LATERAL (
  SELECT sum(e.units) AS units FROM ledger_entries e
  WHERE a.floor_units IS NULL AND e.tenant_id = a.tenant_id AND e.account_id = a.id
    AND e.booked_at >= s.since AND e.booked_at <= $3) d ON true
WHERE a.tenant_id = $1 AND a.id = ANY($2::uuid[])
"""
# A day's row is cumulative, and of what was folded; what was not is in the tail of all accounts.
EFFECTIVE_ON = f"""
SELECT a.id, {SIGN} * (coalesce(c.credits - c.debits, 0) + coalesce(d.units, 0)) AS posted
FROM ledger_accounts a
LEFT JOIN LATERAL (
  SELECT k.debits, k.credits FROM ledger_days k
  WHERE k.tenant_id = a.tenant_id AND k.account_id = a.id AND k.effective_on <= $3
  ORDER BY k.effective_on DESC LIMIT 1) c ON true
LEFT JOIN LATERAL (
  SELECT sum(e.units) AS units FROM ledger_entries e
  CROSS JOIN LATERAL (
    SELECT effective_on FROM ledger_transactions
    WHERE tenant_id = e.tenant_id AND id = e.transaction_id OFFSET 0) t
  WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id AND e.booked_at >= (
      SELECT coalesce(max(f.folded_until), '-infinity') FROM ledger_folds f WHERE f.tenant_id = $1)
    AND t.effective_on <= $3) d ON true
WHERE a.tenant_id = $1 AND a.id = ANY($2::uuid[])
"""
PLACE = """
SELECT booked_at, account_seq FROM ledger_entries
WHERE tenant_id = $1 AND transaction_id = $2 AND account_id = $3
"""
# Entries booked at one instant: a strict account numbers them, on others their ids say the order.
NUMBERED = "e.account_seq"
UNNUMBERED = "e.transaction_id"
LINES = f"""
SELECT {ENTRY_COLUMNS} FROM ledger_entries e
CROSS JOIN LATERAL (
  SELECT template, reference FROM ledger_transactions
  WHERE tenant_id = e.tenant_id AND id = e.transaction_id OFFSET 0) t
WHERE e.tenant_id = $1 AND e.account_id = $2
  AND e.booked_at >= $3 AND e.booked_at <= $4
  AND ($5::timestamptz IS NULL OR (e.booked_at, {{order}}) < ($5, $6))
ORDER BY e.booked_at DESC, {{order}} DESC LIMIT $7
"""
NUMBERED_LINES = LINES.format(order=NUMBERED)
UNNUMBERED_LINES = LINES.format(order=UNNUMBERED)
# What was posted to a deferred account up to and with one of its entries.
POSTED_WITH = f"""
SELECT {SIGN} * (coalesce(c.credits - c.debits, 0) + coalesce(d.units, 0)) AS posted
FROM ledger_accounts a
LEFT JOIN LATERAL (
  SELECT k.through, k.debits, k.credits FROM ledger_checkpoints k
  WHERE k.tenant_id = a.tenant_id AND k.account_id = a.id AND k.through <= $3
  ORDER BY k.through DESC LIMIT 1) c ON true
CROSS JOIN LATERAL (SELECT coalesce(c.through, '-infinity') AS since OFFSET 0) s
LEFT JOIN LATERAL (
  SELECT sum(e.units) AS units FROM ledger_entries e
  WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id
    AND e.booked_at >= s.since
    AND (e.booked_at, e.transaction_id) <= ($3, $4)) d ON true
WHERE a.tenant_id = $1 AND a.id = $2
"""
TERMS = f"""
SELECT a.floor_units IS NOT NULL AS strict, {SIGN} AS sign
FROM ledger_accounts a WHERE a.tenant_id = $1 AND a.id = $2
"""


class PostgresLedgerHistory:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def posted(
        self, account_ids: Sequence[AccountId], moment: Moment
    ) -> Mapping[AccountId, int]:
        query, when = (
            (BOOKED_BY, moment.at) if isinstance(moment, BookedBy) else (EFFECTIVE_ON, moment.on)
        )
        rows = await self._connection.fetch(query, self._tenant_id, list(account_ids), when)
        return {AccountId(row["id"]): row["posted"] for row in rows}

    async def statement(
        self, account_id: AccountId, wanted: StatementRange, *, limit: int
    ) -> tuple[StatementLine, ...]:
        terms = await self._connection.fetchrow(TERMS, self._tenant_id, account_id)
        if terms is None:
            return ()
        rows = await self._lines(account_id, wanted, limit=limit, strict=terms["strict"])
        entries = [entry_from(row) for row in rows]
        if terms["strict"] or not entries:
            return tuple(StatementLine(entry, entry.balance_after or 0) for entry in entries)
        newest = entries[0]
        balance: int = await self._connection.fetchval(
            POSTED_WITH, self._tenant_id, account_id, newest.booked_at, newest.transaction_id
        )
        lines: list[StatementLine] = []
        for entry in entries:
            lines.append(StatementLine(entry, balance))
            balance -= terms["sign"] * entry.units
        return tuple(lines)

    async def _lines(
        self, account_id: AccountId, wanted: StatementRange, *, limit: int, strict: bool
    ) -> Sequence[Row]:
        place, booked_by = None, wanted.booked_by
        if wanted.before is not None:
            place = await self._connection.fetchrow(
                PLACE, self._tenant_id, wanted.before, account_id
            )
            if place is None:
                raise NotFound("that transaction has no entry on this account")
            # Where the index is entered; the comparison of places then only tells ties apart.
            booked_by = min(place["booked_at"], booked_by or place["booked_at"])
        return await self._connection.fetch(
            NUMBERED_LINES if strict else UNNUMBERED_LINES,
            self._tenant_id,
            account_id,
            wanted.booked_from or EVER,
            booked_by or FOREVER,
            None if place is None else place["booked_at"],
            None if place is None else place["account_seq"] if strict else wanted.before,
            min(limit, STATEMENT_LINES_MAX),
        )
