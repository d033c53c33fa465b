from collections.abc import Iterator

from adapters.memory.store import FEED, Store
from adapters.memory.webhook_rows import DeliveryRow, EndpointRow
from application.ports.outgoing import COUNT_MAX, OutgoingEvents, OutgoingWebhooks
from application.ports.webhook_deliveries import DeliveryState
from domain.shared.ids import TenantId
from domain.webhooks.endpoint import DisabledBy


class MemoryOutgoing:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def events(self) -> OutgoingEvents:
        outbox = self._store.outbox
        recorded = [row.recorded_at for each in outbox.tenants for row in outbox.of(each).values()]
        behind = (
            (self._store.event_heads.of(tenant_id).get(FEED) or 0) - row.last_seq
            for tenant_id, row in self._endpoints()
            if row.is_active
        )
        return OutgoingEvents(
            unnumbered=len(recorded),
            oldest_at=min(recorded, default=None),
            behind_max=max(0, *behind, 0),
        )

    async def webhooks(self) -> tuple[OutgoingWebhooks, OutgoingWebhooks]:
        return self._lane(troubled=False), self._lane(troubled=True)

    async def disabled_endpoints(self) -> int:
        by_us = {DisabledBy.GONE, DisabledBy.FAILING}
        return sum(
            not row.removed and row.endpoint.disabled_by in by_us for _, row in self._endpoints()
        )

    def _lane(self, *, troubled: bool) -> OutgoingWebhooks:
        now = self._store.clock.now()
        active = [
            (tenant_id, row)
            for tenant_id, row in self._endpoints()
            if row.is_active and row.endpoint.is_troubled is troubled
        ]
        waiting = [self._waiting(tenant_id, row) for tenant_id, row in active]
        due = [[each for each in rows if each.is_free(now)] for rows in waiting]
        moments = (each.next_action_at for rows in due for each in rows)
        return OutgoingWebhooks(
            troubled=troubled,
            endpoints=len(active),
            failing=sum(row.endpoint.failing_since is not None for _, row in active),
            due=sum(min(len(rows), COUNT_MAX) for rows in due),
            waiting=sum(min(len(rows), COUNT_MAX) for rows in waiting),
            oldest_due_at=min((each for each in moments if each is not None), default=None),
        )

    def _endpoints(self) -> Iterator[tuple[TenantId, EndpointRow]]:
        for tenant_id in self._store.webhook_endpoints.tenants:
            for row in self._store.webhook_endpoints.of(tenant_id).values():
                yield tenant_id, row

    def _waiting(self, tenant_id: TenantId, of: EndpointRow) -> list[DeliveryRow]:
        return [
            row
            for (endpoint_id, _), row in self._store.webhook_deliveries.of(tenant_id).items()
            if endpoint_id == of.endpoint.id and row.state is DeliveryState.DUE
        ]
