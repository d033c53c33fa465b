"""Checks of what was folded: checkpoints of deferred accounts, and the days of all."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapters.postgres.audit_sets import REMEMBERED_OF_ACCOUNT

SUMS: Final = """
coalesce(-sum(x.units) FILTER (WHERE x.units < 0), 0) AS debits,
coalesce(sum(x.units) FILTER (WHERE x.units > 0), 0) AS credits, count(*) AS entries"""

# What an account turned over by day: what is remembered, and what was folded since. Whole days are
# cumulative, so those before the first that changed are left alone, and their sum is the rest.
DAYS: Final = f"""
moved AS MATERIALIZED (
  SELECT x.tenant_id, x.account_id, x.effective_on, {SUMS}
  FROM ({{legs}}) x JOIN marks m ON m.tenant_id = x.tenant_id
  WHERE x.header_booked_at < m.folded GROUP BY x.tenant_id, x.account_id, x.effective_on),
looked AS MATERIALIZED (
  SELECT a.tenant_id, a.id AS account_id, r.debits IS NULL AS anew,
    coalesce(c.first_on, r.last_on, '-infinity') AS first_on, r.debits, r.credits
  FROM marks m JOIN ledger_accounts a ON a.tenant_id = m.tenant_id
  LEFT JOIN (
    SELECT tenant_id, account_id, min(effective_on) AS first_on FROM moved
    GROUP BY tenant_id, account_id) c ON c.tenant_id = a.tenant_id AND c.account_id = a.id
  LEFT JOIN LATERAL (
    SELECT t.debits, t.credits, d.effective_on AS last_on
    FROM ({{remembered}}) t LEFT JOIN LATERAL (
      SELECT s.effective_on FROM ({{remembered}}) s
      WHERE s.tenant_id = a.tenant_id AND s.account_id = a.id AND s.effective_on < 'infinity'
      ORDER BY s.effective_on DESC LIMIT 1) d ON true
    WHERE t.tenant_id = a.tenant_id AND t.account_id = a.id AND t.effective_on = 'infinity'
    OFFSET 0) r ON true),
kept AS MATERIALIZED (
  SELECT s.* FROM looked l CROSS JOIN LATERAL (
    SELECT k.tenant_id, k.account_id, k.effective_on, k.debits, k.credits FROM ({{remembered}}) k
    WHERE k.tenant_id = l.tenant_id AND k.account_id = l.account_id
      AND k.effective_on >= l.first_on AND k.effective_on < 'infinity' OFFSET 0) s),
rest AS (
  SELECT l.tenant_id, l.account_id, coalesce(l.debits, 0) - coalesce(sum(k.debits), 0) AS debits,
    coalesce(l.credits, 0) - coalesce(sum(k.credits), 0) AS credits
  FROM looked l LEFT JOIN kept k ON k.tenant_id = l.tenant_id AND k.account_id = l.account_id
  GROUP BY l.tenant_id, l.account_id, l.debits, l.credits),
turned AS (
  SELECT tenant_id, account_id, effective_on, debits, credits FROM kept
  UNION ALL SELECT tenant_id, account_id, effective_on, debits, credits FROM moved),
derived AS (
  SELECT t.tenant_id, t.account_id, t.effective_on,
    r.debits + sum(sum(t.debits)) OVER w AS debits,
    r.credits + sum(sum(t.credits)) OVER w AS credits
  FROM turned t JOIN rest r ON r.tenant_id = t.tenant_id AND r.account_id = t.account_id
  GROUP BY t.tenant_id, t.account_id, t.effective_on, r.debits, r.credits
  WINDOW w AS (PARTITION BY t.tenant_id, t.account_id ORDER BY t.effective_on)),
stored AS (
  SELECT s.* FROM looked l CROSS JOIN LATERAL (
    SELECT d.tenant_id, d.account_id, d.effective_on, d.debits, d.credits FROM ledger_days d
    WHERE d.tenant_id = l.tenant_id AND d.account_id = l.account_id
      AND (l.anew OR d.effective_on >= l.first_on) OFFSET 0) s)
"""

FOLD_CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fold_ends_in_closed_time": """
            SELECT m.tenant_id, m.folded::text AS subject,
              format('time is closed before %s', c.closed_until) AS detail
            FROM marks m, ledger_clock c WHERE m.folded > c.closed_until
            UNION ALL
            SELECT m.tenant_id, m.folded::text, 'entries before it were folded again or are missed'
            FROM marks m WHERE m.folded < m.since AND (
              SELECT true FROM ledger_transactions t WHERE t.tenant_id = m.tenant_id
                AND t.booked_at >= m.folded AND t.booked_at < m.since LIMIT 1)
            UNION ALL
            SELECT m.tenant_id, a.id::text, format('a checkpoint through %s, beyond the fold',
              k.through)
            FROM marks m JOIN ledger_accounts a ON a.tenant_id = m.tenant_id
            CROSS JOIN LATERAL (
              SELECT c.through FROM ledger_checkpoints c
              WHERE c.tenant_id = a.tenant_id AND c.account_id = a.id
              ORDER BY c.through DESC LIMIT 1) k
            WHERE k.through > m.folded""",
        # Each is the one before it and the entries between them.
        "checkpoint_equals_entries": f"""
            SELECT k.tenant_id, k.account_id::text AS subject,
              format('through %s it has %s, entries make %s', k.through,
                (k.debits, k.credits, k.entries), (k.debits_before + e.debits,
                  k.credits_before + e.credits, k.entries_before + e.entries)) AS detail
            FROM (
              SELECT k.*, coalesce(lag(k.through) OVER w, m.since) AS after,
                coalesce(lag(k.debits) OVER w, r.debits, 0) AS debits_before,
                coalesce(lag(k.credits) OVER w, r.credits, 0) AS credits_before,
                coalesce(lag(k.entries) OVER w, r.entries, 0) AS entries_before
              FROM marks m JOIN ledger_accounts a ON a.tenant_id = m.tenant_id
              CROSS JOIN LATERAL (
                SELECT c.* FROM ledger_checkpoints c
                WHERE c.tenant_id = a.tenant_id AND c.account_id = a.id AND c.through > m.since
                OFFSET 0) k
              {REMEMBERED_OF_ACCOUNT}
              WINDOW w AS (PARTITION BY k.tenant_id, k.account_id ORDER BY k.through)) k
            CROSS JOIN LATERAL (
              SELECT {SUMS}, max(x.booked_at) AS last_booked_at FROM ledger_entries x
              WHERE x.tenant_id = k.tenant_id AND x.account_id = k.account_id
                AND x.booked_at >= k.after AND x.booked_at < k.through OFFSET 0) e
            WHERE (k.debits, k.credits, k.entries, k.last_booked_at) IS DISTINCT FROM (
              k.debits_before + e.debits, k.credits_before + e.credits,
              k.entries_before + e.entries, e.last_booked_at)""",
        # The last one is what is read, and what the next one is made from.
        "last_checkpoint_reaches_the_fold": f"""
            SELECT a.tenant_id, a.id::text AS subject,
              format('the last has %s, entries before the fold make %s',
                (coalesce(k.debits, 0), coalesce(k.credits, 0), coalesce(k.entries, 0)),
                (coalesce(r.debits, 0) + e.debits, coalesce(r.credits, 0) + e.credits,
                  coalesce(r.entries, 0) + e.entries)) AS detail
            FROM marks m JOIN ledger_accounts a ON a.tenant_id = m.tenant_id
            LEFT JOIN LATERAL (
              SELECT c.debits, c.credits, c.entries FROM ledger_checkpoints c
              WHERE c.tenant_id = a.tenant_id AND c.account_id = a.id
              ORDER BY c.through DESC LIMIT 1) k ON true
            {REMEMBERED_OF_ACCOUNT}
            CROSS JOIN LATERAL (
              SELECT {SUMS} FROM ledger_entries x
              WHERE x.tenant_id = a.tenant_id AND x.account_id = a.id
                AND x.booked_at >= m.since AND x.booked_at < m.folded OFFSET 0) e
            WHERE a.floor_units IS NULL AND (
                coalesce(k.debits, 0), coalesce(k.credits, 0), coalesce(k.entries, 0))
              IS DISTINCT FROM (coalesce(r.debits, 0) + e.debits,
                coalesce(r.credits, 0) + e.credits, coalesce(r.entries, 0) + e.entries)""",
        "day_equals_entries": f"""
            WITH {DAYS}
            SELECT tenant_id, account_id::text AS subject,
              format('%s has %s, entries make %s', effective_on, (k.debits, k.credits),
                (d.debits, d.credits)) AS detail
            FROM derived d FULL JOIN stored k USING (tenant_id, account_id, effective_on)
            WHERE (k.debits, k.credits) IS DISTINCT FROM (d.debits, d.credits)""",
    }
)
