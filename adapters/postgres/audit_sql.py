"""What the audit asks: sums of every account, and what must not be. For the operators' role."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapters.postgres.account_rows import COLUMNS
from adapters.postgres.audit_fold_sql import FOLD_CHECKS
from adapters.postgres.audit_journal_sql import JOURNAL_CHECKS
from adapters.postgres.audit_link_sql import (
    ANSWER_CHECKS,
    MIRROR_CHECKS,
    REVERSAL_CHECKS,
    TRADING_CHECKS,
)
from adapters.postgres.audit_sets import OVERLAP, REMEMBERED_OF_ACCOUNT, VALUES, statement

# Each answers rows (tenant_id, subject, detail) for what must not be, from the sets it names.
CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **JOURNAL_CHECKS,
        **FOLD_CHECKS,
        **ANSWER_CHECKS,
        **REVERSAL_CHECKS,
        **TRADING_CHECKS,
        **MIRROR_CHECKS,
    }
)
TOTALS: Final = f"""
SELECT a.tenant_id, {", ".join("a." + name for name in COLUMNS.split(", "))},
  coalesce(r.debits, 0) + coalesce(e.debits, 0) AS debits,
  coalesce(r.credits, 0) + coalesce(e.credits, 0) AS credits,
  coalesce(r.entries, 0) + coalesce(e.entries, 0) AS entries,
  coalesce(e.entries, 0) AS entries_read, b.debits AS stored_debits, b.credits AS stored_credits,
  b.held AS stored_held, b.version AS stored_version, coalesce(h.remaining, 0) AS active_holds
FROM ledger_accounts a
{REMEMBERED_OF_ACCOUNT}
LEFT JOIN ledger_balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
LEFT JOIN (
  SELECT n.tenant_id, n.account_id, -coalesce(sum(n.units) FILTER (WHERE n.units < 0), 0) AS debits,
    coalesce(sum(n.units) FILTER (WHERE n.units > 0), 0) AS credits, count(*) AS entries
  FROM ({{entries}}) n GROUP BY n.tenant_id, n.account_id) e
  ON e.tenant_id = a.tenant_id AND e.account_id = a.id
LEFT JOIN (
  SELECT tenant_id, account_id, sum(remaining) AS remaining FROM ledger_holds
  WHERE state = 'active' GROUP BY tenant_id, account_id) h
  ON h.tenant_id = a.tenant_id AND h.account_id = a.id
ORDER BY a.tenant_id, a.owner, a.code, a.asset
"""
# The clearing legs of transactions whose mirror is not posted yet.
OPEN_MIRRORS: Final = f"""
SELECT e.tenant_id, e.asset, sum(e.units) AS units
FROM intents i
JOIN ledger_transactions t ON t.tenant_id = i.tenant_id AND t.id = i.subject
JOIN ledger_entries e ON e.tenant_id = i.tenant_id AND e.transaction_id = i.subject
JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
WHERE i.kind = 'mirror' AND a.code = 'house_clearing' AND (
  SELECT true FROM ledger_transactions m
  WHERE m.tenant_id = {VALUES["house"]} AND m.reference = t.reference
    AND m.mirror_tenant_id = i.tenant_id AND m.mirror_of = i.subject LIMIT 1) IS NULL
GROUP BY e.tenant_id, e.asset ORDER BY e.tenant_id, e.asset
"""
# What is booked before the mark must be final, and folded as far as it goes: then the days and
# checkpoints as of the fold are those as of the mark.
REACHED: Final = f"""
SELECT m.tenant_id, nullif(m.since, '-infinity') AS after,
  greatest(m.since, coalesce((
    SELECT t.booked_at FROM ledger_transactions t
    WHERE t.tenant_id = m.tenant_id AND t.booked_at >= m.folded AND t.booked_at < c.closed_until
    ORDER BY t.booked_at LIMIT 1), c.closed_until)) AS booked_before,
  least(aksum.uuid7_floor(now() - {OVERLAP}), (
    SELECT o.id FROM orders o WHERE o.tenant_id = m.tenant_id AND o.status = 'pending'
    ORDER BY o.id LIMIT 1)) AS orders_from
FROM marks m, ledger_clock c WHERE c.closed_until > '-infinity' ORDER BY m.tenant_id
"""


FIRST: Final = "SELECT * FROM (%s) found ORDER BY tenant_id, subject, detail LIMIT $1"


def check(name: str, *, full: bool) -> str:
    """The first of what must not be, $1 rows at most."""
    return statement(FIRST.replace("%s", CHECKS[name]), full=full)
