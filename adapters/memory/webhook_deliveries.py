from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from adapters.memory.store import Rows, Store
from adapters.memory.webhook_rows import AttemptRow, DeliveryKey, DeliveryRow
from application.ports.webhook_deliveries import (
    BACKLOG_MAX,
    CLAIM_MAX,
    Attempt,
    AttemptResult,
    Backlog,
    Claim,
    DeliveryState,
    ToDeliver,
)
from domain.shared.errors import invariant
from domain.shared.ids import EventId, TenantId, WebhookAttemptId, WebhookEndpointId
from domain.webhooks.endpoint import Endpoint
from domain.webhooks.fairness import Waiting


class MemoryWebhookDeliveries:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, endpoint_id: WebhookEndpointId, events: Iterable[ToDeliver]) -> int:
        made = 0
        for each in events:
            key = (endpoint_id, each.event_id)
            await self._rows.webhook_deliveries.lock(key)
            if self._rows.webhook_deliveries.get(key) is None:
                self._put(key, self._new(each))
                made += 1
        return made

    async def renew(self, endpoint_id: WebhookEndpointId, events: Iterable[ToDeliver]) -> int:
        renewed = 0
        for each in events:
            key = (endpoint_id, each.event_id)
            await self._rows.webhook_deliveries.lock(key)
            row = self._rows.webhook_deliveries.get(key) or self._new(each)
            if row.is_leased(self._now):
                continue
            again = replace(
                row,
                state=DeliveryState.DUE,
                attempts=0,
                next_action_at=self._now,
                lease_until=None,
                finished_at=None,
            )
            self._put(key, again)
            renewed += 1
        return renewed

    async def claim(
        self,
        endpoint: Endpoint,
        attempt_ids: Sequence[WebhookAttemptId],
        *,
        lease: timedelta,
        under_way_max: int,
    ) -> tuple[Claim, ...]:
        invariant(len(attempt_ids) <= CLAIM_MAX, "too many attempts at once")
        of_endpoint = [row for key, row in self._deliveries() if key[0] == endpoint.id]
        room = max(0, under_way_max - sum(row.is_leased(self._now) for row in of_endpoint))
        free = [
            (row.next_action_at, row.what.seq, row)
            for row in of_endpoint
            if row.next_action_at is not None and row.is_free(self._now)
        ]
        free.sort(key=lambda each: each[:2])
        taken = zip(attempt_ids[:room], (row for _, _, row in free), strict=False)
        return tuple(
            [await self._begin(endpoint, attempt_id, row, lease) for attempt_id, row in taken]
        )

    async def finish(self, claim: Claim, result: AttemptResult) -> bool:
        next_at = None if result.pause is None else self._now + result.pause
        await self._rows.webhook_attempts.lock(claim.attempt_id)
        begun = self._rows.webhook_attempts.get(claim.attempt_id)
        if begun is not None and begun.attempt.outcome is None:
            ended = replace(
                begun.attempt,
                outcome=result.outcome,
                http_status=result.http_status,
                detail=result.detail,
                response=result.response,
                took_ms=result.took_ms,
                next_at=next_at,
            )
            self._rows.webhook_attempts.put(claim.attempt_id, replace(begun, attempt=ended))
        key = (claim.endpoint_id, claim.event_id)
        await self._rows.webhook_deliveries.lock(key)
        row = self._rows.webhook_deliveries.get(key)
        if row is None or row.lease_until is None or row.lease_token != claim.lease_token:
            return False
        over = next_at is None
        after = replace(
            row,
            state=result.state,
            next_action_at=next_at,
            lease_until=None,
            finished_at=self._now if over else None,
        )
        self._put(key, after)
        return True

    async def attempts(
        self,
        endpoint_id: WebhookEndpointId,
        *,
        before: WebhookAttemptId | None,
        limit: int,
        event_id: EventId | None = None,
    ) -> tuple[Attempt, ...]:
        found = [
            row.attempt
            for row in self._rows.webhook_attempts.values()
            if row.endpoint_id == endpoint_id
            and (before is None or row.attempt.id < before)
            and (event_id is None or row.attempt.event_id == event_id)
        ]
        return tuple(sorted(found, key=lambda attempt: attempt.id, reverse=True)[:limit])

    async def backlog(self, endpoint_id: WebhookEndpointId) -> Backlog:
        rows = [row for key, row in self._deliveries() if key[0] == endpoint_id]
        due = [
            (row.next_action_at, row.what.seq, row.created_at)
            for row in rows
            if row.next_action_at is not None
        ]
        failed = sum(row.state is DeliveryState.FAILED for row in rows)
        return Backlog(
            waiting=min(len(due), BACKLOG_MAX),
            failed=min(failed, BACKLOG_MAX),
            oldest_at=min(due)[2] if due else None,
        )

    async def forget(self, *, before: datetime, limit: int) -> int:
        attempts = [
            row.attempt.id
            for row in self._rows.webhook_attempts.values()
            if row.attempt.started_at < before
        ]
        endpoints = self._rows.webhook_endpoints.values()
        removed = {row.endpoint.id for row in endpoints if row.removed}
        deliveries = [
            key
            for key, row in self._deliveries()
            if (row.finished_at is not None and row.finished_at < before)
            or (key[0] in removed and row.created_at < before)
        ]
        for attempt_id in attempts[:limit]:
            await self._rows.webhook_attempts.lock(attempt_id)
            self._rows.webhook_attempts.delete(attempt_id)
        for key in deliveries[:limit]:
            await self._rows.webhook_deliveries.lock(key)
            self._rows.webhook_deliveries.delete(key)
        return len(attempts[:limit]) + len(deliveries[:limit])

    async def _begin(
        self,
        endpoint: Endpoint,
        attempt_id: WebhookAttemptId,
        row: DeliveryRow,
        lease: timedelta,
    ) -> Claim:
        key = (endpoint.id, row.what.event_id)
        await self._rows.webhook_deliveries.lock(key)
        leased = replace(
            row,
            lease_token=row.lease_token + 1,
            lease_until=self._now + lease,
            attempts=row.attempts + 1,
            number=row.number + 1,
        )
        self._put(key, leased)
        attempt = Attempt(
            id=attempt_id,
            event_id=row.what.event_id,
            event_type=row.what.event_type,
            seq=row.what.seq,
            number=leased.number,
            url=endpoint.url,
            started_at=self._now,
        )
        self._rows.webhook_attempts.add(attempt_id, AttemptRow(endpoint.id, attempt))
        return Claim(
            tenant_id=self._rows.session.tenant_id,
            endpoint_id=endpoint.id,
            event_id=row.what.event_id,
            attempt_id=attempt_id,
            attempts=leased.attempts,
            number=leased.number,
            lease_token=leased.lease_token,
        )

    def _new(self, what: ToDeliver) -> DeliveryRow:
        return DeliveryRow(what=what, next_action_at=self._now, created_at=self._now)

    def _put(self, key: DeliveryKey, row: DeliveryRow) -> None:
        self._rows.webhook_deliveries.put(key, row)

    def _deliveries(self) -> Iterable[tuple[DeliveryKey, DeliveryRow]]:
        return self._rows.webhook_deliveries.items()

    @property
    def _now(self) -> datetime:
        return self._rows.session.now()


class MemoryDueWebhooks:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def behind(
        self, *, after: tuple[TenantId, WebhookEndpointId] | None, limit: int
    ) -> tuple[tuple[TenantId, WebhookEndpointId], ...]:
        heads = self._store.event_heads
        found = [
            (tenant_id, endpoint_id)
            for tenant_id in self._store.webhook_endpoints.tenants
            for endpoint_id, row in self._store.webhook_endpoints.of(tenant_id).items()
            if row.is_active and row.last_seq < max(heads.of(tenant_id).values(), default=0)
        ]
        return tuple(sorted(each for each in found if after is None or each > after)[:limit])

    async def waiting(self, *, troubled: bool, limit: int) -> tuple[Waiting, ...]:
        now = self._store.clock.now()
        found = []
        for tenant_id in self._store.webhook_endpoints.tenants:
            deliveries = self._store.webhook_deliveries.of(tenant_id)
            for endpoint_id, row in self._store.webhook_endpoints.of(tenant_id).items():
                due = [
                    each.next_action_at
                    for (of, _), each in deliveries.items()
                    if of == endpoint_id and each.next_action_at is not None and each.is_free(now)
                ]
                if row.is_active and row.endpoint.is_troubled is troubled and due:
                    waiting = Waiting(
                        tenant_id=tenant_id, endpoint_id=endpoint_id, is_troubled=troubled
                    )
                    found.append((min(due), waiting))
        found.sort(key=lambda each: each[0])
        return tuple(each for _, each in found[:limit])
