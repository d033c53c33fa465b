import asyncio
import logging
from typing import Final

from application import crash_points
from application.errors import Overloaded
from application.ports.events import Event, EventFilter
from application.ports.unit_of_work import UnitOfWork
from application.ports.webhook_deliveries import DELIVERIES_MAX, DueWebhooks, ToDeliver
from domain.shared.errors import NotFound
from domain.shared.ids import TenantId, WebhookEndpointId
from domain.webhooks.endpoint import PING, Endpoint, EndpointStatus, wants
from domain.webhooks.event_filter import ALL

ENDPOINTS_MAX: Final = 200
AT_ONCE_MAX: Final = 4

_log = logging.getLogger(__name__)


class FanOutEvents:
    """- Each endpoint has its own place in its tenant's sequence, so it misses nothing.
    - What it asked for becomes a delivery, in the commit that moves its place on.
    - A bounded number of events of one endpoint in each pass: a long backlog delays nobody else's.
    """

    def __init__(self, *, uow: UnitOfWork, due: DueWebhooks) -> None:
        self._uow = uow
        self._due = due
        self._room = asyncio.Semaphore(AT_ONCE_MAX)

    async def execute(self) -> int:
        """One pass over all endpoints that are behind; how many deliveries it made."""
        made = 0
        after: tuple[TenantId, WebhookEndpointId] | None = None
        while True:
            found = await self._due.behind(after=after, limit=ENDPOINTS_MAX)
            made += sum(await asyncio.gather(*(self._try(*each) for each in found)))
            if len(found) < ENDPOINTS_MAX:
                return made
            after = found[-1]

    async def _try(self, tenant_id: TenantId, endpoint_id: WebhookEndpointId) -> int:
        async with self._room:
            try:
                return await self._advance(tenant_id, endpoint_id)
            except NotFound:
                return 0  # removed meanwhile
            except Overloaded:
                raise
            except Exception:  # noqa: BLE001 - one endpoint must not stop the others
                _log.exception("looking for events of endpoint %s failed", endpoint_id)
                return 0

    async def _advance(self, tenant_id: TenantId, endpoint_id: WebhookEndpointId) -> int:
        async with self._uow.begin(tenant_id) as tx:
            endpoint = await tx.webhook_endpoints.lock(endpoint_id)
            if endpoint.status is not EndpointStatus.ACTIVE:
                return 0
            place = await tx.webhook_endpoints.place(endpoint_id)
            page = await tx.events.page(wanted_by(endpoint), after=place, limit=DELIVERIES_MAX)
            chosen = [to_deliver(each) for each in page.events if is_for(endpoint, each)]
            made = await tx.webhook_deliveries.add(endpoint_id, chosen) if chosen else 0
            await tx.webhook_endpoints.advance(endpoint_id, to=page.looked_until)
            if crash_points.armed:
                await crash_points.reach(crash_points.FAN_OUT_BEFORE_COMMIT)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.FAN_OUT_COMMITTED)
        return made


def wanted_by(endpoint: Endpoint) -> EventFilter:
    """A first, coarse choice: nothing that `is_for` the endpoint is left out."""
    types = () if ALL in endpoint.event_types else (*endpoint.event_types, PING)
    return EventFilter(types=types)


def is_for(endpoint: Endpoint, event: Event) -> bool:
    return wants(
        endpoint,
        event_type=event.type,
        resource_id=event.resource_id,
        customer_ids=event.customer_ids,
    )


def to_deliver(event: Event) -> ToDeliver:
    return ToDeliver(event.id, event.type, event.seq)
