"""Folds closed booking time into checkpoints of deferred accounts and days of all accounts."""

from datetime import datetime

from adapters.postgres.connection import EVER, Connection
from application.ports.ledger_folds import Fold
from domain.shared.ids import TenantId

BEGIN = """
INSERT INTO ledger_folds (tenant_id, folded_until) VALUES ($1, '-infinity') ON CONFLICT DO NOTHING
"""
LOCK = """
SELECT nullif(folded_until, '-infinity') AS folded_until FROM ledger_folds
WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED
"""
FOLDED_UNTIL = """
SELECT nullif(folded_until, '-infinity') FROM ledger_folds WHERE tenant_id = $1
"""
# A fold takes whole instants. Where it would have to end within one, it takes that one too.
WAITING = """
WITH waiting AS MATERIALIZED (
  SELECT booked_at FROM ledger_transactions
  WHERE tenant_id = $1 AND booked_at >= $2::timestamptz AND booked_at < $3
  ORDER BY booked_at LIMIT $4::int + 1)
SELECT count(*) AS waiting,
  CASE WHEN count(*) <= $4 THEN $3::timestamptz
    WHEN max(booked_at) > min(booked_at) THEN max(booked_at)
    ELSE coalesce((
      SELECT t.booked_at FROM ledger_transactions t
      WHERE t.tenant_id = $1 AND t.booked_at > (SELECT max(booked_at) FROM waiting)
        AND t.booked_at < $3 ORDER BY t.booked_at LIMIT 1), $3) END AS until
FROM waiting
"""
# Entries by the keys of their headers, all of them at once and within the bounds that leave other
# months out; never by a join, which might be planned over the tenant's whole journal. The ids
# ascend, so `width_bucket` finds an entry's header by halving. Only entries of strict accounts are
# numbered. The days of an account that change are those something new is effective on, and all
# later ones it has: a row holds everything up to its day.
FOLD = """
WITH headers AS MATERIALIZED (
  SELECT array_agg(id ORDER BY id) AS ids, array_agg(effective_on ORDER BY id) AS days
  FROM ledger_transactions
  WHERE tenant_id = $1 AND booked_at >= $2::timestamptz AND booked_at < $3),
moved AS MATERIALIZED (
  SELECT e.account_id, h.days[width_bucket(e.transaction_id, h.ids)] AS effective_on,
    e.account_seq IS NULL AS deferred,
    -coalesce(sum(e.units) FILTER (WHERE e.units < 0), 0) AS debits,
    coalesce(sum(e.units) FILTER (WHERE e.units > 0), 0) AS credits, count(*) AS entries,
    max(e.booked_at) AS last_booked_at
  FROM ledger_entries e CROSS JOIN headers h
  WHERE e.tenant_id = $1 AND e.transaction_id = ANY((SELECT ids FROM headers)::uuid[])
    AND e.transaction_id >= (SELECT ids[1] FROM headers)
    AND e.transaction_id <= (SELECT ids[cardinality(ids)] FROM headers)
  GROUP BY 1, 2, 3),
checkpoints AS (
  INSERT INTO ledger_checkpoints
    (tenant_id, account_id, through, debits, credits, entries, last_booked_at)
  SELECT $1, m.account_id, $3, coalesce(p.debits, 0) + m.debits,
    coalesce(p.credits, 0) + m.credits, coalesce(p.entries, 0) + m.entries, m.last_booked_at
  FROM (SELECT account_id, sum(debits) AS debits, sum(credits) AS credits, sum(entries) AS entries,
          max(last_booked_at) AS last_booked_at
        FROM moved WHERE deferred GROUP BY account_id) m
  LEFT JOIN LATERAL (
    SELECT k.debits, k.credits, k.entries FROM ledger_checkpoints k
    WHERE k.tenant_id = $1 AND k.account_id = m.account_id
    ORDER BY k.through DESC LIMIT 1) p ON true),
touched AS (
  SELECT account_id, effective_on, debits, credits FROM moved
  UNION ALL
  SELECT d.account_id, d.effective_on, 0, 0
  FROM (SELECT account_id, min(effective_on) AS since FROM moved GROUP BY account_id) m
  JOIN ledger_days d ON d.tenant_id = $1 AND d.account_id = m.account_id
    AND d.effective_on > m.since),
added AS (
  SELECT account_id, effective_on, sum(sum(debits)) OVER w AS debits,
    sum(sum(credits)) OVER w AS credits
  FROM touched GROUP BY account_id, effective_on
  WINDOW w AS (PARTITION BY account_id ORDER BY effective_on))
INSERT INTO ledger_days (tenant_id, account_id, effective_on, debits, credits)
SELECT $1, n.account_id, n.effective_on, coalesce(p.debits, 0) + n.debits,
  coalesce(p.credits, 0) + n.credits
FROM added n
LEFT JOIN LATERAL (
  SELECT d.debits, d.credits FROM ledger_days d
  WHERE d.tenant_id = $1 AND d.account_id = n.account_id AND d.effective_on <= n.effective_on
  ORDER BY d.effective_on DESC LIMIT 1) p ON true
ON CONFLICT (tenant_id, account_id, effective_on)
DO UPDATE SET debits = EXCLUDED.debits, credits = EXCLUDED.credits
"""
FOLDED = """
UPDATE ledger_folds SET folded_until = $2, updated_at = clock_timestamp() WHERE tenant_id = $1
"""


class PostgresLedgerFolds:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def folded_until(self) -> datetime | None:
        found: datetime | None = await self._connection.fetchval(FOLDED_UNTIL, self._tenant_id)
        return found

    async def fold(
        self, closed_until: datetime, *, transactions_min: int, transactions_max: int
    ) -> Fold | None:
        await self._connection.execute(BEGIN, self._tenant_id)
        locked = await self._connection.fetchrow(LOCK, self._tenant_id)
        if locked is None:
            return None
        since = locked["folded_until"] or EVER
        row = await self._connection.fetchrow(
            WAITING, self._tenant_id, since, closed_until, transactions_max
        )
        if row is None or row["waiting"] < transactions_min:
            return None
        until: datetime = row["until"]
        await self._connection.execute(FOLD, self._tenant_id, since, until)
        await self._connection.execute(FOLDED, self._tenant_id, until)
        return Fold(until=until, transactions=min(row["waiting"], transactions_max))
