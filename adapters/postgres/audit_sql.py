"""What the audit asks: sums of every account, and what must not be. For the operators' role."""

from typing import Final

from adapters.postgres.account_rows import COLUMNS

TOTALS = f"""
SELECT a.tenant_id, {", ".join("a." + name for name in COLUMNS.split(", "))},
  coalesce(e.debits, 0) AS debits, coalesce(e.credits, 0) AS credits,
  coalesce(e.entries, 0) AS entries, b.debits AS stored_debits, b.credits AS stored_credits,
  b.held AS stored_held, b.version AS stored_version, coalesce(h.remaining, 0) AS active_holds
FROM ledger_accounts a
LEFT JOIN ledger_balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
LEFT JOIN (
  SELECT tenant_id, account_id, -coalesce(sum(units) FILTER (WHERE units < 0), 0) AS debits,
    coalesce(sum(units) FILTER (WHERE units > 0), 0) AS credits, count(*) AS entries
  FROM ledger_entries GROUP BY tenant_id, account_id) e
  ON e.tenant_id = a.tenant_id AND e.account_id = a.id
LEFT JOIN (
  SELECT tenant_id, account_id, sum(remaining) AS remaining FROM ledger_holds
  WHERE state = 'active' GROUP BY tenant_id, account_id) h
  ON h.tenant_id = a.tenant_id AND h.account_id = a.id
ORDER BY a.tenant_id, a.owner, a.code, a.asset
"""

# Each answers rows (tenant_id, subject, detail) for what must not be.
CHECKS: Final[dict[str, str]] = {
    "transaction_balances": """
        SELECT e.tenant_id, e.transaction_id::text AS subject,
          format('%s sums to %s', e.asset, sum(e.units)) AS detail
        FROM ledger_entries e GROUP BY e.tenant_id, e.transaction_id, e.asset
        HAVING sum(e.units) <> 0""",
    "entry_has_header": """
        SELECT e.tenant_id, e.transaction_id::text AS subject, 'no header' AS detail
        FROM ledger_entries e LEFT JOIN ledger_transactions t
          ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id WHERE t.id IS NULL""",
    "header_has_entries": """
        SELECT t.tenant_id, t.id::text AS subject, 'no entries' AS detail
        FROM ledger_transactions t WHERE NOT EXISTS (
          SELECT FROM ledger_entries e
          WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id)""",
    "entry_fits_its_account": """
        SELECT e.tenant_id, e.transaction_id::text AS subject,
          format('entry %s is in %s, its account in %s', e.leg, e.asset,
            coalesce(a.asset, 'nothing: it does not exist')) AS detail
        FROM ledger_entries e LEFT JOIN ledger_accounts a
          ON a.tenant_id = e.tenant_id AND a.id = e.account_id
        WHERE a.asset IS DISTINCT FROM e.asset""",
    "balance_has_its_accounts_terms": """
        SELECT b.tenant_id, b.account_id::text AS subject,
          format('floor %s and sign %s', b.floor_units, b.sign) AS detail
        FROM ledger_balances b LEFT JOIN ledger_accounts a
          ON a.tenant_id = b.tenant_id AND a.id = b.account_id
        WHERE a.floor_units IS DISTINCT FROM b.floor_units
          OR b.sign <> CASE WHEN a.type IN ('asset', 'expense') THEN -1 ELSE 1 END""",
    "entries_numbered_without_gap": """
        SELECT tenant_id, account_id::text AS subject,
          format('entry %s follows %s', coalesce(account_seq::text, 'without a number'), before)
            AS detail
        FROM (SELECT e.tenant_id, e.account_id, e.account_seq,
                lag(e.account_seq, 1, 0::bigint) OVER w AS before
              FROM ledger_entries e JOIN ledger_balances b
                ON b.tenant_id = e.tenant_id AND b.account_id = e.account_id
              WINDOW w AS (PARTITION BY e.tenant_id, e.account_id ORDER BY e.account_seq)) n
        WHERE account_seq IS DISTINCT FROM before + 1""",
    "running_balance_continues": """
        SELECT n.tenant_id, n.account_id::text AS subject,
          format('entry %s', n.account_seq) AS detail
        FROM (SELECT tenant_id, account_id, account_seq, units, balance_after,
                lag(balance_after, 1, 0::numeric) OVER w AS before
              FROM ledger_entries WHERE account_seq IS NOT NULL
              WINDOW w AS (PARTITION BY tenant_id, account_id ORDER BY account_seq)) n
        LEFT JOIN ledger_balances b
          ON b.tenant_id = n.tenant_id AND b.account_id = n.account_id
        WHERE n.balance_after IS DISTINCT FROM n.before + b.sign * n.units""",
    "entries_booked_in_order": """
        SELECT tenant_id, account_id::text AS subject,
          format('entry %s was booked before the one it follows', account_seq) AS detail
        FROM (SELECT tenant_id, account_id, account_seq, booked_at,
                lag(booked_at) OVER w AS before
              FROM ledger_entries WHERE account_seq IS NOT NULL
              WINDOW w AS (PARTITION BY tenant_id, account_id ORDER BY account_seq)) n
        WHERE booked_at < before""",
    "hold_belongs_to_open_order": """
        SELECT h.tenant_id, h.id::text AS subject, 'its order is final' AS detail
        FROM ledger_holds h JOIN orders o ON o.tenant_id = h.tenant_id AND o.id = h.id
        WHERE h.state = 'active' AND o.status <> 'pending'""",
    "pending_order_has_hold_and_intent": """
        SELECT o.tenant_id, o.id::text AS subject, 'no hold or no intent' AS detail
        FROM orders o WHERE o.status = 'pending' AND NOT (
          EXISTS (SELECT FROM ledger_holds h WHERE h.tenant_id = o.tenant_id AND h.id = o.id
                  AND h.state = 'active')
          AND EXISTS (SELECT FROM intents i WHERE i.tenant_id = o.tenant_id
                      AND i.kind = 'settle_execution' AND i.subject = o.id))""",
    "fill_has_postings": """
        SELECT f.tenant_id, f.order_id::text AS subject, 'no transaction' AS detail
        FROM fills f LEFT JOIN ledger_transactions t
          ON t.tenant_id = f.tenant_id AND t.id = f.transaction_id WHERE t.id IS NULL""",
    "filled_order_has_one_fill": """
        SELECT o.tenant_id, o.id::text AS subject, format('%s fills', count(f.id)) AS detail
        FROM orders o LEFT JOIN fills f ON f.tenant_id = o.tenant_id AND f.order_id = o.id
        WHERE o.type = 'rfq' AND o.status IN ('filled', 'rejected', 'pending')
        GROUP BY o.tenant_id, o.id, o.status
        HAVING count(f.id) <> CASE o.status WHEN 'filled' THEN 1 ELSE 0 END""",
    "clearing_is_mirrored_once": """
        SELECT t.tenant_id, t.id::text AS subject, format('%s mirrors', count(m.id)) AS detail
        FROM (SELECT DISTINCT e.tenant_id, e.transaction_id AS id FROM ledger_entries e
              JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
              WHERE a.code = 'house_clearing') t
        LEFT JOIN ledger_transactions m
          ON m.mirror_tenant_id = t.tenant_id AND m.mirror_of = t.id
        LEFT JOIN intents i
          ON i.tenant_id = t.tenant_id AND i.kind = 'mirror' AND i.subject = t.id
        GROUP BY t.tenant_id, t.id, i.subject
        HAVING count(m.id) > 1 OR (count(m.id) = 0 AND i.subject IS NULL)""",
    "mirror_has_its_original": """
        SELECT m.tenant_id, m.id::text AS subject, format('mirrors %s', m.mirror_of) AS detail
        FROM ledger_transactions m LEFT JOIN ledger_transactions t
          ON t.tenant_id = m.mirror_tenant_id AND t.id = m.mirror_of
        WHERE m.mirror_of IS NOT NULL AND t.id IS NULL""",
}
# The clearing legs of transactions whose mirror is not posted yet.
OPEN_MIRRORS = """
SELECT e.tenant_id, e.asset, sum(e.units) AS units
FROM intents i
JOIN ledger_entries e ON e.tenant_id = i.tenant_id AND e.transaction_id = i.subject
JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
WHERE i.kind = 'mirror' AND a.code = 'house_clearing' AND NOT EXISTS (
  SELECT FROM ledger_transactions m
  WHERE m.mirror_tenant_id = i.tenant_id AND m.mirror_of = i.subject)
GROUP BY e.tenant_id, e.asset ORDER BY e.tenant_id, e.asset
"""
