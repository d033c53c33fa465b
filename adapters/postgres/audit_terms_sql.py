"""Checks of what stands beside the journal: terms of accounts, periods, movements, holds.

Their form: `audit_sql`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TERMS_CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # An account begins with the terms of the chart, and has since had those of its last change.
        "terms_have_a_recorded_change": """
            SELECT a.tenant_id, a.id::text AS subject,
              format('floor %s and %s, on record are %s and %s', a.floor_units, a.status,
                coalesce(c.floor_after, k.floor), coalesce(c.status_after, 'open')) AS detail
            FROM ledger_accounts a
            LEFT JOIN (VALUES {chart}) k (code, floor) ON k.code = a.code
            LEFT JOIN (
              SELECT DISTINCT ON (tenant_id, account_id) * FROM ledger_account_changes
              ORDER BY tenant_id, account_id, changed_at DESC, change_id DESC) c
              ON c.tenant_id = a.tenant_id AND c.account_id = a.id
            WHERE (a.floor_units, a.status) IS DISTINCT FROM (
              coalesce(c.floor_after, k.floor), coalesce(c.status_after, 'open'))""",
        # Few, and in no order of time: the record is read whole.
        "recorded_change_was_approved": """
            SELECT c.tenant_id, c.account_id::text AS subject,
              format('change %s: from %s to %s, %s to %s; its request is %s, before it %s and %s',
                c.change_id, c.floor_before, c.floor_after, c.status_before, c.status_after,
                coalesce(r.state, 'not there'), c.before, c.status) AS detail
            FROM (
              SELECT x.*, coalesce(lag(x.floor_after) OVER w, k.floor) AS before,
                coalesce(lag(x.status_after) OVER w, 'open') AS status
              FROM ledger_account_changes x
              LEFT JOIN ledger_accounts a ON a.tenant_id = x.tenant_id AND a.id = x.account_id
              LEFT JOIN (VALUES {chart}) k (code, floor) ON k.code = a.code
              WINDOW w AS (PARTITION BY x.tenant_id, x.account_id
                ORDER BY x.changed_at, x.change_id)) c
            LEFT JOIN change_requests r ON r.tenant_id = c.tenant_id AND r.id = c.change_id
            WHERE (c.floor_before, c.status_before) IS DISTINCT FROM (c.before, c.status)
              OR (r.state, r.proposed_by_name, r.decided_by_name, r.change ->> 'account_id')
                IS DISTINCT FROM ('applied', c.proposed_by, c.approved_by, c.account_id::text)
              OR CASE r.kind WHEN 'credit_line' THEN
                   (r.change ->> 'floor_units', c.status_after)
                     IS DISTINCT FROM (c.floor_after::text, c.status_before)
                 ELSE (c.floor_after, c.status_after) IS DISTINCT FROM (0, 'closed') END
            UNION ALL
            SELECT r.tenant_id, r.id::text, 'applied, and no account was changed'
            FROM change_requests r
            WHERE r.state = 'applied' AND r.kind IN ('credit_line', 'close_account') AND (
              SELECT true FROM ledger_account_changes c
              WHERE c.tenant_id = r.tenant_id AND c.change_id = r.id LIMIT 1) IS NULL""",
        "period_was_over_when_closed": """
            SELECT p.tenant_id, p.closed_through::text AS subject,
              format('closed at %s', p.closed_at) AS detail
            FROM ledger_periods p
            WHERE p.closed_through >= (p.closed_at AT TIME ZONE 'UTC')::date
              OR p.closed_at > aksum.booked_at_most()""",
    }
)

MOVEMENT_CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Whose accounts they are is not compared: an owner's name is no value of the database.
        "movement_is_what_was_posted": """
            SELECT v.tenant_id, v.id::text AS subject,
              format('customers'' entries in %s should be %s, and are %s', v.asset, v.expected,
                coalesce(x.posted, '{{}}')) AS detail
            FROM marks m CROSS JOIN LATERAL (
              SELECT d.tenant_id, d.id, d.transaction_id, d.asset, ARRAY[d.units] AS expected
              FROM deposits d WHERE d.tenant_id = m.tenant_id AND d.id >= m.ids_from
              UNION ALL
              SELECT t.tenant_id, t.id, t.transaction_id, t.asset, ARRAY[-t.units, t.units]
              FROM transfers t
              WHERE t.tenant_id = m.tenant_id AND t.id >= m.ids_from OFFSET 0) v
            CROSS JOIN LATERAL (
              SELECT array_agg(e.units ORDER BY e.units) AS posted FROM ledger_entries e
              JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
              WHERE e.tenant_id = v.tenant_id AND e.transaction_id = v.transaction_id
                AND a.code = 'customer' AND e.asset = v.asset OFFSET 0) x
            WHERE x.posted IS DISTINCT FROM v.expected""",
        "batch_item_is_what_its_key_was_answered": """
            SELECT i.tenant_id, i.batch_id::text AS subject,
              format('item %s with the key %s', i.position, i.key) AS detail
            FROM marks m CROSS JOIN LATERAL (
              SELECT x.* FROM transfer_batch_items x
              WHERE x.tenant_id = m.tenant_id AND x.batch_id >= m.ids_from OFFSET 0) i
            LEFT JOIN transfer_batch_items d ON i.replayed AND d.tenant_id = i.tenant_id
              AND d.key = i.key AND d.decides
            LEFT JOIN transfers t ON t.tenant_id = i.tenant_id AND t.id = i.transfer_id
            LEFT JOIN ledger_requests r ON i.decides AND r.tenant_id = i.tenant_id
              AND r.key = 'transfer/' || i.key
            WHERE CASE
              WHEN i.replayed THEN (i.fingerprint, i.transfer_id, i.code, i.detail)
                IS DISTINCT FROM (d.fingerprint, d.transfer_id, d.code, d.detail)
              WHEN i.decides AND i.transfer_id IS NOT NULL THEN
                (r.outcome, r.transaction_id) IS DISTINCT FROM (0::smallint, t.transaction_id)
              WHEN i.decides THEN r.outcome = 0
              ELSE i.transfer_id IS NOT NULL END""",
        # Of other holds the journal does not say which posting captured them.
        "order_hold_is_what_was_captured": """
            SELECT o.tenant_id, o.id::text AS subject,
              format('captured %s, its fills took %s', h.captured, x.taken) AS detail
            FROM marks m CROSS JOIN LATERAL (
              SELECT y.tenant_id, y.id FROM orders y
              WHERE y.tenant_id = m.tenant_id AND y.id >= m.orders_from OFFSET 0) o
            JOIN ledger_holds h ON h.tenant_id = o.tenant_id AND h.id = o.id
            CROSS JOIN LATERAL (
              SELECT coalesce(-sum(e.units), 0) AS taken FROM fills f
              JOIN ledger_entries e ON e.tenant_id = f.tenant_id
                AND e.transaction_id = f.transaction_id AND e.account_id = h.account_id
              WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id OFFSET 0) x
            WHERE h.captured <> x.taken""",
    }
)
