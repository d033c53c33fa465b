"""Checks that what belongs together is there. Their form: `audit_sql`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TRADING_CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
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
            FROM marks m CROSS JOIN LATERAL (
              SELECT x.tenant_id, x.order_id, x.transaction_id FROM fills x
              WHERE x.tenant_id = m.tenant_id AND x.order_id >= m.orders_from OFFSET 0) f
            WHERE (SELECT true FROM ledger_transactions t
                   WHERE t.tenant_id = f.tenant_id AND t.id = f.transaction_id) IS NULL""",
        "filled_order_has_one_fill": """
            SELECT tenant_id, id::text AS subject, format('%s fills', fills) AS detail
            FROM (SELECT o.*, (
                    SELECT count(*) FROM fills f
                    WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id) AS fills
                  FROM marks m CROSS JOIN LATERAL (
                    SELECT x.tenant_id, x.id, x.status FROM orders x
                    WHERE x.tenant_id = m.tenant_id AND x.id >= m.orders_from AND x.type = 'rfq'
                      AND x.status IN ('filled', 'rejected', 'pending') OFFSET 0) o) o
            WHERE fills <> CASE status WHEN 'filled' THEN 1 ELSE 0 END""",
        "movement_has_postings": """
            SELECT v.tenant_id, v.id::text AS subject, 'no transaction' AS detail
            FROM marks m CROSS JOIN LATERAL (
              SELECT d.tenant_id, d.id, d.transaction_id FROM deposits d
              WHERE d.tenant_id = m.tenant_id AND d.id >= m.ids_from
              UNION ALL
              SELECT x.tenant_id, x.id, x.transaction_id FROM transfers x
              WHERE x.tenant_id = m.tenant_id AND x.id >= m.ids_from OFFSET 0) v
            WHERE (SELECT true FROM ledger_transactions t
                   WHERE t.tenant_id = v.tenant_id AND t.id = v.transaction_id) IS NULL""",
    }
)

# A mirror bears the reference of what it answers, which is how it is found.
MIRROR_CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "clearing_is_mirrored_once": """
            SELECT tenant_id, id::text AS subject, format('%s mirrors', mirrors) AS detail
            FROM (SELECT t.*, (
                    SELECT count(*) FROM ledger_transactions m
                    WHERE m.tenant_id = {house} AND m.reference = t.reference
                      AND m.mirror_tenant_id = t.tenant_id AND m.mirror_of = t.id) AS mirrors
                  FROM (
                    SELECT e.tenant_id, e.transaction_id AS id, e.reference FROM ({legs}) e
                    JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
                    WHERE a.code = 'house_clearing' AND e.reference IS NOT NULL
                    UNION
                    SELECT m.mirror_tenant_id, m.mirror_of, m.reference FROM ({headers}) m
                    WHERE m.mirror_of IS NOT NULL) t) t
            WHERE mirrors > 1 OR (mirrors = 0 AND (
              SELECT true FROM intents i WHERE i.tenant_id = t.tenant_id AND i.kind = 'mirror'
                AND i.subject = t.id) IS NULL)""",
        "mirror_has_its_original": """
            SELECT m.tenant_id, m.id::text AS subject, format('mirrors %s', m.mirror_of) AS detail
            FROM ({headers}) m WHERE m.mirror_of IS NOT NULL AND (
              SELECT true FROM ledger_transactions t
              WHERE t.tenant_id = m.mirror_tenant_id AND t.id = m.mirror_of) IS NULL""",
        # In the sums of the clearing two wrong mirrors may make up for each other.
        "mirror_nets_its_original": """
            SELECT m.tenant_id, m.id::text AS subject,
              format('mirrors %s, with a difference of %s in %s', m.mirror_of, x.units, x.asset)
                AS detail
            FROM ({headers}) m CROSS JOIN LATERAL (
              SELECT p.asset, sum(p.units) AS units FROM (
                SELECT e.asset, e.units FROM ledger_entries e
                JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
                WHERE e.tenant_id = m.tenant_id AND e.transaction_id = m.id
                  AND a.code = 'tenant_clearing'
                UNION ALL
                SELECT e.asset, e.units FROM ledger_entries e
                JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
                WHERE e.tenant_id = m.mirror_tenant_id AND e.transaction_id = m.mirror_of
                  AND a.code = 'house_clearing') p
              GROUP BY p.asset HAVING sum(p.units) <> 0 OFFSET 0) x
            WHERE m.mirror_of IS NOT NULL""",
    }
)

ANSWER_CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "answer_is_one_that_is_kept": """
            SELECT r.tenant_id, r.key AS subject,
              format('outcome %s with account %s, hold %s, transaction %s', r.outcome,
                r.account_id, r.hold_id, r.transaction_id) AS detail
            FROM ledger_requests r
            LEFT JOIN (VALUES {answers}) n (code, account, hold, transaction) ON n.code = r.outcome
            WHERE r.created_at >= (SELECT min(answers_from) FROM marks) AND (
              n.code IS NULL OR length(r.fingerprint) <> 32
              OR (r.account_id IS NOT NULL) <> n.account OR (r.hold_id IS NOT NULL) <> n.hold
              OR (r.outcome <> 0 AND (r.transaction_id IS NOT NULL) <> n.transaction))""",
        "answered_transaction_exists": """
            SELECT r.tenant_id, r.key AS subject, format('posted %s', r.transaction_id) AS detail
            FROM ledger_requests r
            WHERE r.created_at >= (SELECT min(answers_from) FROM marks) AND r.outcome = 0
              AND r.transaction_id IS NOT NULL AND (
                SELECT true FROM ledger_transactions t
                WHERE t.tenant_id = r.tenant_id AND t.id = r.transaction_id) IS NULL""",
        "transaction_answers_one_key": """
            SELECT tenant_id, key AS subject, format('posted %s, as another key says', posted)
              AS detail
            FROM (SELECT r.tenant_id, r.key, r.transaction_id AS posted,
                    count(*) OVER (PARTITION BY r.tenant_id, r.transaction_id) AS keys
                  FROM ledger_requests r
                  WHERE r.created_at >= (SELECT min(answers_from) FROM marks)
                    AND r.outcome = 0 AND r.transaction_id IS NOT NULL) k
            WHERE keys > 1""",
    }
)

REVERSAL_CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "reversal_negates_its_original": """
            SELECT t.tenant_id, t.id::text AS subject,
              format('it and %s leave %s %s on account %s', t.reverses, x.units, x.asset,
                x.account_id) AS detail
            FROM ({headers}) t CROSS JOIN LATERAL (
              SELECT e.account_id, e.asset, sum(e.units) AS units FROM ledger_entries e
              WHERE e.tenant_id = t.tenant_id AND e.transaction_id IN (t.id, t.reverses)
              GROUP BY e.account_id, e.asset
              HAVING sum(e.units) <> 0 OR count(DISTINCT e.transaction_id) <> 2 OR count(*) <> 2
              LIMIT 1) x
            WHERE t.reverses IS NOT NULL""",
        # Few, and in no order of time: the register is read whole.
        "reversal_is_registered_once": """
            SELECT t.tenant_id, t.id::text AS subject, format('not as the reversal of %s',
              t.reverses) AS detail
            FROM ({headers}) t WHERE t.reverses IS NOT NULL AND (
              SELECT true FROM ledger_reversals r WHERE r.tenant_id = t.tenant_id
                AND r.reverses = t.reverses AND r.transaction_id = t.id) IS NULL
            UNION
            SELECT r.tenant_id, r.transaction_id::text, format('it does not reverse %s', r.reverses)
            FROM (SELECT tenant_id, reverses, transaction_id FROM ledger_reversals
                  UNION ALL
                  SELECT tenant_id, reverses, transaction_id FROM ledger_corrections) r
            WHERE (SELECT true FROM ledger_transactions t WHERE t.tenant_id = r.tenant_id
                     AND t.id = r.transaction_id AND t.reverses = r.reverses) IS NULL""",
    }
)
