"""What was told of what happened: every change once, in order, and to everybody who asked."""

from typing import Final, Protocol

from domain.shared.ids import IdPrefix, decode_id
from tests.soak.crash.stage import Stage

GAPS: Final = """
SELECT count(*) FROM (
  SELECT FROM aksum.events e JOIN aksum.event_heads h USING (tenant_id)
  GROUP BY e.tenant_id, h.last_seq
  HAVING count(*) <> h.last_seq OR max(e.seq) <> h.last_seq OR count(DISTINCT e.seq) <> count(*)
) gaps
"""
BACKWARDS: Final = """
SELECT count(*) FROM (
  SELECT resource_version, lag(resource_version) OVER w AS earlier FROM aksum.events
  WINDOW w AS (PARTITION BY tenant_id, resource_id ORDER BY seq)) told
WHERE resource_version <= earlier
"""
# The last thing that was told of an object is how it is now.
TOLD: Final = ("orders", "transfers", "deposits", "customers")
UNTOLD: Final = """
SELECT count(*) FROM aksum.{table} t LEFT JOIN (
  SELECT tenant_id, resource_id, max(resource_version) AS version FROM aksum.events
  GROUP BY tenant_id, resource_id) e ON e.tenant_id = t.tenant_id AND e.resource_id = t.id
WHERE t.version IS DISTINCT FROM e.version
"""
# Those of ours that answer; what happened since their registration, but of other endpoints.
UNDELIVERED: Final = """
SELECT count(*) FROM aksum.webhook_endpoints w
JOIN aksum.events e ON e.tenant_id = w.tenant_id AND e.seq > (
  SELECT min(d.seq) FROM aksum.webhook_deliveries d
  WHERE d.tenant_id = w.tenant_id AND d.endpoint_id = w.id)
LEFT JOIN aksum.webhook_deliveries d
  ON d.tenant_id = w.tenant_id AND d.endpoint_id = w.id AND d.event_id = e.id
WHERE w.status = 'active' AND w.url LIKE '%/fine/%' AND e.type NOT LIKE 'webhook_endpoint.%'
  AND d.state IS DISTINCT FROM 'delivered'
"""
DELIVERED: Final = """
SELECT w.url, d.event_id FROM aksum.webhook_deliveries d
JOIN aksum.webhook_endpoints w ON w.tenant_id = d.tenant_id AND w.id = d.endpoint_id
WHERE d.state = 'delivered'
"""


class Add(Protocol):
    def __call__(self, what: str, *, lost: int = 0, duplicates: int = 0) -> None: ...


async def check_events(stage: Stage, add: Add) -> None:
    async def count(query: str) -> int:
        return int(await stage.admin.fetchval(query))

    add("events without a gap", lost=await count(GAPS))
    add("versions in order", duplicates=await count(BACKWARDS))
    for table in TOLD:
        add(f"{table} as they were told", lost=await count(UNTOLD.format(table=table)))
    add("events of which there is no receipt", lost=await count(UNDELIVERED))
    arrived = {
        (stage.receiver.url(each.path), decode_id(IdPrefix.EVENT, each.id))
        for each in stage.receiver.arrived
    }
    delivered = {(row["url"], row["event_id"]) for row in await stage.admin.fetch(DELIVERED)}
    add("receipts of what never arrived", lost=len(delivered - arrived))
