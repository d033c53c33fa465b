"""Checks of the journal itself, and of the numbers that it carries. Their form: `audit_sql`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapters.postgres.audit_sets import REMEMBERED_OF_ENTRY

BY_NUMBER: Final = (
    "WINDOW w AS (PARTITION BY e.tenant_id, e.account_id ORDER BY e.account_seq, e.transaction_id)"
)

JOURNAL_CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "transaction_balances": """
            SELECT e.tenant_id, e.transaction_id::text AS subject,
              format('%s sums to %s', e.asset, sum(e.units)) AS detail
            FROM ({legs}) e GROUP BY e.tenant_id, e.transaction_id, e.asset
            HAVING sum(e.units) <> 0""",
        "entry_has_header": """
            SELECT e.tenant_id, e.transaction_id::text AS subject, 'no header' AS detail
            FROM ({entries}) e WHERE (
              SELECT true FROM ledger_transactions t
              WHERE t.tenant_id = e.tenant_id AND t.id = e.transaction_id) IS NULL""",
        "header_has_entries": """
            SELECT t.tenant_id, t.id::text AS subject, 'no entries' AS detail
            FROM ({headers}) t WHERE (
              SELECT true FROM ledger_entries e
              WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id LIMIT 1) IS NULL""",
        # By one database transaction, at one time.
        "entry_booked_with_header": """
            SELECT e.tenant_id, e.transaction_id::text AS subject,
              format('entry %s at %s by %s, its header at %s by %s', e.leg, e.booked_at,
                e.created_xid, e.header_booked_at, e.header_xid) AS detail
            FROM ({legs}) e
            WHERE e.booked_at <> e.header_booked_at OR e.created_xid <> e.header_xid
            UNION
            SELECT e.tenant_id, e.transaction_id::text,
              format('entry %s at %s by %s, its header at %s by %s', e.leg, e.booked_at,
                e.created_xid, t.booked_at, t.created_xid)
            FROM ({entries}) e CROSS JOIN LATERAL (
              SELECT h.booked_at, h.created_xid FROM ledger_transactions h
              WHERE h.tenant_id = e.tenant_id AND h.id = e.transaction_id OFFSET 0) t
            WHERE e.booked_at <> t.booked_at OR e.created_xid <> t.created_xid""",
        "entry_fits_its_account": """
            SELECT e.tenant_id, e.transaction_id::text AS subject,
              format('entry %s is in %s, its account in %s', e.leg, e.asset,
                coalesce(a.asset, 'nothing: it does not exist')) AS detail
            FROM ({legs}) e LEFT JOIN ledger_accounts a
              ON a.tenant_id = e.tenant_id AND a.id = e.account_id
            WHERE a.asset IS DISTINCT FROM e.asset""",
        "balance_has_its_accounts_terms": """
            SELECT b.tenant_id, b.account_id::text AS subject,
              format('floor %s and sign %s', b.floor_units, b.sign) AS detail
            FROM ledger_balances b LEFT JOIN ledger_accounts a
              ON a.tenant_id = b.tenant_id AND a.id = b.account_id
            WHERE a.floor_units IS DISTINCT FROM b.floor_units
              OR b.closed <> (a.status = 'closed')
              OR b.sign <> CASE WHEN a.type IN ('asset', 'expense') THEN -1 ELSE 1 END""",
        # Rows of an account in time to come would go on to all that it is booked with, and nobody
        # seals or reads them before.
        "nothing_is_booked_ahead_of_the_clock": """
            SELECT m.tenant_id, t.id::text AS subject, format('booked at %s', t.booked_at)
              AS detail
            FROM marks m CROSS JOIN LATERAL (
              SELECT h.id, h.booked_at FROM ledger_transactions h
              WHERE h.tenant_id = m.tenant_id AND h.booked_at > (SELECT aksum.booked_at_most())
              OFFSET 0) t
            UNION ALL
            SELECT b.tenant_id, b.account_id::text, format('last booked at %s', b.last_booked_at)
            FROM ledger_balances b WHERE b.last_booked_at > (SELECT aksum.booked_at_most())
            UNION ALL
            SELECT {house}, 'clock', format('time is closed until %s', c.closed_until)
            FROM ledger_clock c WHERE c.closed_until > aksum.booked_at_most()""",
        "balance_is_as_late_as_its_entries": """
            SELECT e.tenant_id, e.account_id::text AS subject,
              format('last booked at %s, an entry at %s', b.last_booked_at, max(e.booked_at))
                AS detail
            FROM ({entries}) e JOIN ledger_balances b
              ON b.tenant_id = e.tenant_id AND b.account_id = e.account_id
            GROUP BY e.tenant_id, e.account_id, b.last_booked_at
            HAVING b.last_booked_at < max(e.booked_at)
            UNION ALL
            SELECT b.tenant_id, b.account_id::text,
              format('last booked at %s, when nothing was', b.last_booked_at)
            FROM marks m JOIN ledger_balances b ON b.tenant_id = m.tenant_id
            WHERE b.last_booked_at >= m.since AND b.last_booked_at > '-infinity' AND (
              SELECT true FROM ledger_entries e
              WHERE e.tenant_id = b.tenant_id AND e.account_id = b.account_id
                AND e.booked_at = b.last_booked_at LIMIT 1) IS NULL""",
        "entries_numbered_without_gap": f"""
            SELECT tenant_id, account_id::text AS subject,
              format('entry %s follows %s', coalesce(account_seq::text, 'without a number'), before)
                AS detail
            FROM (SELECT e.tenant_id, e.account_id, e.account_seq,
                    coalesce(lag(e.account_seq) OVER w, r.entries, 0) AS before
                  FROM ({{numbered}}) e JOIN ledger_balances b
                    ON b.tenant_id = e.tenant_id AND b.account_id = e.account_id
                  {REMEMBERED_OF_ENTRY}
                  {BY_NUMBER}) n
            WHERE account_seq IS DISTINCT FROM before + 1""",
        "running_balance_continues": f"""
            SELECT n.tenant_id, n.account_id::text AS subject,
              format('entry %s', n.account_seq) AS detail
            FROM (SELECT e.tenant_id, e.account_id, e.account_seq, e.units, e.balance_after, b.sign,
                    coalesce(lag(e.balance_after) OVER w, b.sign * (r.credits - r.debits), 0)
                      AS before
                  FROM ({{numbered}}) e LEFT JOIN ledger_balances b
                    ON b.tenant_id = e.tenant_id AND b.account_id = e.account_id
                  {REMEMBERED_OF_ENTRY}
                  WHERE e.account_seq IS NOT NULL
                  {BY_NUMBER}) n
            WHERE n.balance_after IS DISTINCT FROM n.before + n.sign * n.units""",
        "entries_booked_in_order": f"""
            SELECT tenant_id, account_id::text AS subject,
              format('entry %s was booked before the one it follows', account_seq) AS detail
            FROM (SELECT e.tenant_id, e.account_id, e.account_seq, e.booked_at,
                    lag(e.booked_at) OVER w AS before
                  FROM ({{numbered}}) e WHERE e.account_seq IS NOT NULL
                  {BY_NUMBER}) n
            WHERE booked_at < before""",
        # Whoever was posting while a period was closed has booked before it.
        "nothing_is_dated_into_a_closed_period": """
            SELECT t.tenant_id, t.id::text AS subject,
              format('booked at %s, effective on %s', t.booked_at, t.effective_on) AS detail
            FROM ({headers}) t WHERE (
              SELECT true FROM ledger_periods p
              WHERE p.tenant_id = t.tenant_id AND p.closed_through >= t.effective_on
                AND p.closed_at < t.booked_at LIMIT 1)""",
    }
)
