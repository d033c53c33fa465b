"""What the audit remembers of a tenant: how far its books are verified, and their sums so far.

The sums are made from the journal alone, never from what they are later compared with.
"""

from typing import Final

import asyncpg

from adapters.postgres.connection import EVER
from application.ports.verification import VerifiedMark

SET_TENANT: Final = "SELECT set_config('app.tenant_id', $1, true)"
# By the row's lock, of several only the first goes on from where all of them began.
ADVANCE: Final = """
UPDATE ledger_verifications
SET booked_before = $3, orders_from = $4, verified_at = clock_timestamp()
WHERE tenant_id = $1 AND booked_before = $2 RETURNING 1
"""
# After everything was read there may be a mark already: what it stood for is replaced.
REPLACE: Final = """
INSERT INTO ledger_verifications (tenant_id, booked_before, orders_from) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id) DO UPDATE SET booked_before = EXCLUDED.booked_before,
  orders_from = EXCLUDED.orders_from, verified_at = clock_timestamp()
"""
FORGET: Final = "DELETE FROM ledger_verified_sums WHERE tenant_id = $1"
# Under the date 'infinity': what all dates come to.
ADD: Final = """
INSERT INTO ledger_verified_sums AS s
  (tenant_id, account_id, effective_on, debits, credits, entries)
SELECT $1, e.account_id, coalesce(t.effective_on, 'infinity'),
  -coalesce(sum(e.units) FILTER (WHERE e.units < 0), 0),
  coalesce(sum(e.units) FILTER (WHERE e.units > 0), 0), count(*)
FROM ledger_transactions t
JOIN ledger_entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
WHERE t.tenant_id = $1 AND t.booked_at >= $2::timestamptz AND t.booked_at < $3::timestamptz
GROUP BY GROUPING SETS ((e.account_id, t.effective_on), (e.account_id))
ON CONFLICT (tenant_id, account_id, effective_on) DO UPDATE
SET debits = s.debits + EXCLUDED.debits, credits = s.credits + EXCLUDED.credits,
  entries = s.entries + EXCLUDED.entries
"""
WHOLE_TABLES: Final = "SET LOCAL enable_seqscan = on"


async def remember(connection: asyncpg.Connection, mark: VerifiedMark, *, timeout: int) -> bool:
    """In a transaction of the caller's. False when there was another mark than it goes on from."""
    tenant_id = mark.tenant_id
    await connection.execute(SET_TENANT, str(tenant_id))
    since = mark.after
    if since is None:
        await connection.execute(WHOLE_TABLES)
        await connection.execute(REPLACE, tenant_id, mark.booked_before, mark.orders_from)
        await connection.execute(FORGET, tenant_id, timeout=timeout)
    elif not await connection.fetchval(
        ADVANCE, tenant_id, since, mark.booked_before, mark.orders_from
    ):
        return False
    await connection.execute(ADD, tenant_id, since or EVER, mark.booked_before, timeout=timeout)
    return True
