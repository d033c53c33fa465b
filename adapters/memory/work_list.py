from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from uuid import UUID

from adapters.memory.store import IntentRow, Store
from application.ports.work_list import Backlog, Work, WorkFilter, WorkState


class MemoryWorkList:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, wanted: WorkFilter, *, limit: int) -> tuple[Work, ...]:
        found = [
            work
            for work in self._all()
            if wanted.kind in (None, work.kind)
            and wanted.state in (None, work.state)
            and wanted.tenant_id in (None, work.tenant_id)
        ]
        found.sort(key=lambda work: (work.parked_at or work.next_action_at, work.subject))
        return tuple(found[:limit])

    async def find(self, kind: str, subject: UUID) -> Work | None:
        named = (each for each in self._all() if each.kind == kind and each.subject == subject)
        return next(named, None)

    async def backlogs(self, *, failing_from: int) -> tuple[Backlog, ...]:
        by_kind = groupby(sorted(self._all(), key=lambda each: each.kind), lambda each: each.kind)
        return tuple(_backlog(kind, tuple(works), failing_from) for kind, works in by_kind)

    def _all(self) -> Iterator[Work]:
        now = self._store.clock.now()
        for tenant_id in self._store.intents.tenants:
            for (kind, subject), row in self._store.intents.of(tenant_id).items():
                state = _state(row, now)
                yield Work(
                    tenant_id=tenant_id,
                    kind=kind.value,
                    subject=subject,
                    state=state,
                    attempts=row.attempts,
                    next_action_at=row.next_action_at,
                    lease_until=row.lease_until if state is WorkState.LEASED else None,
                    last_error=row.last_error,
                    created_at=row.created_at,
                    parked_at=row.parked_at,
                    payload=row.payload,
                )


def _state(row: IntentRow, now: datetime) -> WorkState:
    if row.parked:
        return WorkState.PARKED
    if row.lease_until is not None and row.lease_until > now:
        return WorkState.LEASED
    return WorkState.DUE if row.next_action_at <= now else WorkState.WAITING


def _backlog(kind: str, works: tuple[Work, ...], failing_from: int) -> Backlog:
    count = Counter(work.state for work in works)
    alive = [work for work in works if work.state is not WorkState.PARKED]
    due = [work.next_action_at for work in works if work.state is WorkState.DUE]
    return Backlog(
        kind=kind,
        due=count[WorkState.DUE],
        waiting=count[WorkState.WAITING],
        leased=count[WorkState.LEASED],
        parked=count[WorkState.PARKED],
        failing=sum(work.attempts >= failing_from for work in alive),
        oldest_due_at=min(due, default=None),
    )
