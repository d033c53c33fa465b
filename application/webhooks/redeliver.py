from collections.abc import Sequence

import msgspec

from application import crash_points
from application.idempotency import Answer, claim
from application.ports.events import PAGE_MAX, Event
from application.ports.idempotency import IdempotentRequest
from application.ports.unit_of_work import Transaction, UnitOfWork
from application.webhooks.fan_out import is_for, to_deliver, wanted_by
from domain.shared.ids import EventId, TenantId, WebhookEndpointId
from domain.webhooks.endpoint import Endpoint


class Redelivered(msgspec.Struct, frozen=True, kw_only=True):
    """`endpoints` are those that one event goes to again."""

    event: Event
    endpoints: tuple[WebhookEndpointId, ...]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """Of one page. `looked_until` is the last event that was looked at; `more` if any follow."""

    deliveries: int
    looked_until: int
    more: bool


class ReplayCommand(msgspec.Struct, frozen=True, kw_only=True):
    """The events numbered above `after`, up to `until` or all there are."""

    tenant_id: TenantId
    endpoint_id: WebhookEndpointId
    after: int
    until: int | None = None
    request: IdempotentRequest | None = None


class Redeliver:
    """- An event is sent again with the same `webhook-id`, whether it was delivered before or not.
    - It goes to endpoints that ask for events like it, and has all its attempts ahead again.
    - A range is taken page by page; each page is done whole or not at all.
    - To a disabled endpoint nothing is sent: what is asked for waits until it is enabled.
    """

    def __init__(self, *, uow: UnitOfWork) -> None:
        self._uow = uow

    async def one(
        self,
        tenant_id: TenantId,
        event_id: EventId,
        *,
        endpoint_id: WebhookEndpointId | None,
        request: IdempotentRequest | None = None,
    ) -> Answer[Redelivered]:
        """To `endpoint_id` whatever it asks for, or else to all that ask for it."""
        async with self._uow.begin(tenant_id) as tx:
            event = await tx.events.get(event_id)
            endpoints = await _chosen(tx, event, endpoint_id)
            done = Redelivered(event=event, endpoints=tuple(each.id for each in endpoints))
            if request is not None:
                known = await claim(tx, request, resource="event", resource_id=event_id)
                if known is not None:
                    return Answer(done, replayed=True)
            for each in endpoints:
                await tx.webhook_endpoints.lock(each.id)
                await tx.webhook_deliveries.renew(each.id, (to_deliver(event),))
            if crash_points.armed:
                await crash_points.reach(crash_points.REDELIVER_BEFORE_COMMIT)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.REDELIVER_COMMITTED)
        return Answer(done)

    async def page(self, command: ReplayCommand) -> Answer[Replayed]:
        async with self._uow.begin(command.tenant_id) as tx:
            known = None
            if command.request is not None:
                known = await claim(
                    tx,
                    command.request,
                    resource="webhook_endpoint",
                    resource_id=command.endpoint_id,
                )
            endpoint = await tx.webhook_endpoints.lock(command.endpoint_id)
            page = await tx.events.page(wanted_by(endpoint), after=command.after, limit=PAGE_MAX)
            last = await tx.events.last_seq()
            until = last if command.until is None else min(command.until, last)
            chosen = [
                to_deliver(each)
                for each in page.events
                if each.seq <= until and is_for(endpoint, each)
            ]
            count = len(chosen)
            if known is None and chosen:
                count = await tx.webhook_deliveries.renew(command.endpoint_id, chosen)
            looked_until = max(command.after, min(page.looked_until, until))
            done = Replayed(
                deliveries=count, looked_until=looked_until, more=page.looked_until < until
            )
            if known is None:
                await tx.commit()
        return Answer(done, replayed=known is not None)


async def _chosen(
    tx: Transaction, event: Event, endpoint_id: WebhookEndpointId | None
) -> Sequence[Endpoint]:
    if endpoint_id is not None:
        return (await tx.webhook_endpoints.get(endpoint_id),)
    return [each for each in await tx.webhook_endpoints.list() if is_for(each, event)]
