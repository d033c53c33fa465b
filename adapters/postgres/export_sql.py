"""What an export reads. No table is ever sorted, hashed or copied: the first row comes at once."""

from typing import Final

from adapters.postgres.account_rows import COLUMNS
from adapters.postgres.journal_rows import ENTRY_COLUMNS

SETTINGS: Final = (
    # Whoever reads may be a person with a pager. Vacuum waits for the snapshot, so there is an end.
    "SET LOCAL idle_in_transaction_session_timeout = '10min'",
    # Leaves the primary key of the entries as the one way to have them in order.
    "SET LOCAL enable_sort = off",
    "SET LOCAL enable_bitmapscan = off",
)

ASSETS: Final = 'SELECT code, name, kind, scale FROM assets ORDER BY code COLLATE "C"'

# The tenants that have books. One look at an index for each, however many accounts they have.
BOOKS: Final = """
WITH RECURSIVE books AS (
  (SELECT tenant_id FROM ledger_accounts ORDER BY tenant_id LIMIT 1)
  UNION ALL
  SELECT (SELECT a.tenant_id FROM ledger_accounts a WHERE a.tenant_id > books.tenant_id
          ORDER BY a.tenant_id LIMIT 1)
  FROM books WHERE books.tenant_id IS NOT NULL)
SELECT tenant_id FROM books WHERE tenant_id IS NOT NULL
"""

ACCOUNTS: Final = f"""
SELECT {COLUMNS} FROM ledger_accounts WHERE tenant_id = $1 ORDER BY owner, code, asset
"""

# One tenant's entries as their primary key has them, month by month, each with the header of its
# transaction and its account, looked up by theirs. The limits keep the planner from joining whole
# tables, which it believes to be small in a database that is young. An entry that has lost either
# comes without it, so that it is noticed.
TRANSACTIONS: Final = f"""
SELECT {ENTRY_COLUMNS}, t.id, t.effective_on, t.reverses, t.mirror_tenant_id, t.mirror_of,
  a.owner, a.code, a.type, a.floor_units, a.status, a.created_at
FROM ledger_entries e
LEFT JOIN LATERAL (
  SELECT h.* FROM ledger_transactions h
  WHERE h.tenant_id = e.tenant_id AND h.id = e.transaction_id LIMIT 1) t ON true
LEFT JOIN LATERAL (
  SELECT o.* FROM ledger_accounts o
  WHERE o.tenant_id = e.tenant_id AND o.id = e.account_id LIMIT 1) a ON true
WHERE e.tenant_id = $1 AND (t.id IS NULL OR t.effective_on BETWEEN $2 AND $3)
ORDER BY e.tenant_id, e.transaction_id, e.leg
"""
