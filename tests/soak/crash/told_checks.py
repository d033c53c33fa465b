"""What was told of what happened: every change once, in order, and to everybody who asked."""

from typing import Final, Protocol

from domain.shared.ids import IdPrefix, decode_id
from tests.soak import event_checks as feed_checks
from tests.soak.crash.stage import Stage

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


async def check_told(stage: Stage, add: Add) -> None:
    async def count(query: str) -> int:
        return int(await stage.admin.fetchval(query))

    try:
        await feed_checks.check_events(stage.admin)
    except AssertionError as error:
        add(f"what was told of what is: {error}", lost=1)
    add("events of which there is no receipt", lost=await count(UNDELIVERED))
    arrived = {
        (stage.receiver.url(each.path), decode_id(IdPrefix.EVENT, each.id))
        for each in stage.receiver.arrived
    }
    delivered = {(row["url"], row["event_id"]) for row in await stage.admin.fetch(DELIVERED)}
    add("receipts of what never arrived", lost=len(delivered - arrived))
