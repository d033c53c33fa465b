from collections.abc import Collection, Iterator

from adapters.memory.store import Store
from application.ports.intents import DueIntent, IntentKind
from domain.jobs.fairness import Waiting, fair_batch
from domain.ledger.hold import HoldState
from domain.quotes.quote import QuoteStatus
from domain.shared.ids import TenantId


class MemoryDueWork:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def due_intents(self, kind: IntentKind, *, limit: int) -> tuple[DueIntent, ...]:
        batch = fair_batch(self._due(kind), limit=limit)
        return tuple(DueIntent(each.tenant_id, each.subject) for each in batch)

    async def any_due(self, kind: IntentKind) -> bool:
        return any(True for _ in self._due(kind))

    def _due(self, kind: IntentKind) -> Iterator[Waiting]:
        now = self._store.clock.now()
        for tenant_id in self._store.intents.tenants:
            for (row_kind, subject), row in self._store.intents.of(tenant_id).items():
                if row_kind is kind and row.is_free(now):
                    yield Waiting(tenant_id=tenant_id, subject=subject, due_at=row.next_action_at)

    async def tenants_with_expired_quotes(
        self, *, besides: Collection[TenantId], limit: int
    ) -> tuple[TenantId, ...]:
        now = self._store.clock.now()
        quotes = self._store.quotes
        found = (
            tenant_id
            for tenant_id in quotes.tenants
            if tenant_id not in besides
            and any(
                each.quote.status is QuoteStatus.OPEN and each.quote.expires_at <= now
                for each in quotes.of(tenant_id).values()
            )
        )
        return tuple(found)[:limit]

    async def tenants_with_expired_holds(
        self, *, besides: Collection[TenantId], limit: int
    ) -> tuple[TenantId, ...]:
        now = self._store.clock.now()
        holds = self._store.holds
        found = (
            tenant_id
            for tenant_id in holds.tenants
            if tenant_id not in besides
            and any(
                hold.state is HoldState.ACTIVE and hold.expired_by(now)
                for hold in holds.of(tenant_id).values()
            )
        )
        return tuple(found)[:limit]

    async def tenants_with_unnumbered_events(
        self, *, after: TenantId | None, limit: int
    ) -> tuple[TenantId, ...]:
        outbox = self._store.outbox
        found = (
            tenant_id
            for tenant_id in outbox.tenants
            if outbox.of(tenant_id) and (after is None or tenant_id > after)
        )
        return tuple(found)[:limit]

    async def make_partitions(self, *, months_ahead: int) -> int:
        return 0
