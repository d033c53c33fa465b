"""What must be true of the feed once nothing waits for its number any more."""

from typing import Final

from asyncpg import Connection

WAITING: Final = "SELECT count(*) FROM aksum.outbox"
# Each query names what is not as it must be, tenant by tenant.
FAULTS: Final = {
    "numbers have a gap, or one was given twice": """
        SELECT h.tenant_id::text FROM aksum.event_heads h
        WHERE (SELECT (count(*), count(DISTINCT seq), coalesce(max(seq), 0))
               FROM aksum.events e WHERE e.tenant_id = h.tenant_id)
          <> (h.last_seq, h.last_seq, h.last_seq)
        UNION SELECT DISTINCT e.tenant_id::text FROM aksum.events e
        WHERE NOT EXISTS (SELECT FROM aksum.event_heads h WHERE h.tenant_id = e.tenant_id)""",
    "a version is told after a later one, or twice": """
        SELECT resource_id::text FROM (
          SELECT resource_id, resource_version, lag(resource_version) OVER (
            PARTITION BY tenant_id, resource_id ORDER BY seq) AS before
          FROM aksum.events) told
        WHERE before >= resource_version""",
    "a version of a customer was never told": """
        SELECT c.id::text FROM aksum.customers c
        WHERE c.version <> (SELECT count(*) FROM aksum.events e WHERE e.tenant_id = c.tenant_id
          AND e.resource_id = c.id AND e.type LIKE 'customer.%')""",
    "a version of a key was never told": """
        SELECT k.id::text FROM aksum.api_keys k
        WHERE k.version <> (SELECT count(*) FROM aksum.events e WHERE e.tenant_id = k.tenant_id
          AND e.resource_id = k.id AND e.type LIKE 'api_key.%')""",
    "a transfer or deposit was not told exactly once": """
        SELECT m.id::text FROM (
          SELECT tenant_id, id, 'transfer.completed.v1' AS type FROM aksum.transfers
          UNION ALL
          SELECT tenant_id, id, 'deposit.confirmed.v1' FROM aksum.deposits) m
        WHERE 1 <> (SELECT count(*) FROM aksum.events e WHERE e.tenant_id = m.tenant_id
          AND e.resource_id = m.id AND e.type = m.type)""",
    "an order's end was not told exactly once, with its version": """
        SELECT o.id::text FROM aksum.orders o
        WHERE (SELECT array_agg(ROW(e.type, e.resource_version)::text) FROM aksum.events e
               WHERE e.tenant_id = o.tenant_id AND e.resource_id = o.id
                 AND e.type <> 'order.pending.v1')
          IS DISTINCT FROM CASE WHEN o.status <> 'pending'
            THEN ARRAY[ROW('order.' || o.status || '.v1', o.version)::text] END""",
    "an open order is not as it was told last": """
        SELECT o.id::text FROM aksum.orders o
        WHERE o.status = 'pending' AND (
          SELECT e.data ->> 'outcome' FROM aksum.events e
          WHERE e.tenant_id = o.tenant_id AND e.resource_id = o.id ORDER BY seq DESC LIMIT 1)
          IS DISTINCT FROM o.outcome""",
    "an order's beginning was not told": """
        SELECT o.id::text FROM aksum.orders o
        WHERE NOT EXISTS (SELECT FROM aksum.events e WHERE e.tenant_id = o.tenant_id
          AND e.resource_id = o.id AND e.type = 'order.pending.v1' AND e.resource_version = 1)""",
    "something was told of what does not exist": """
        SELECT e.resource_id::text FROM aksum.events e
        WHERE (e.type LIKE 'order.%' AND NOT EXISTS (SELECT FROM aksum.orders o
            WHERE o.tenant_id = e.tenant_id AND o.id = e.resource_id
              AND o.version >= e.resource_version))
          OR (e.type LIKE 'transfer.%' AND NOT EXISTS (SELECT FROM aksum.transfers t
            WHERE t.tenant_id = e.tenant_id AND t.id = e.resource_id))""",
}


async def check_events(admin: Connection) -> int:
    """Events agree with state. How many there are; the outbox must be empty."""
    assert await admin.fetchval(WAITING) == 0
    found = {}
    for fault, query in FAULTS.items():
        if offenders := [row[0] for row in await admin.fetch(query)]:
            found[fault] = offenders[:5]
    assert found == {}
    return int(await admin.fetchval("SELECT count(*) FROM aksum.events"))
