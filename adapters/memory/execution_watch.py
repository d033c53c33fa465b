from collections import defaultdict
from datetime import datetime

from adapters.memory.store import Store
from application.ports.execution_watch import ExecutionCounts, OpenAttempts, OpenIncidents
from domain.liquidity.resolution import OPEN


class MemoryExecutionWatch:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def counts(self) -> ExecutionCounts:
        attempts: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
        incidents: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
        for tenant_id in self._store.attempts.tenants:
            for attempt in self._store.attempts.of(tenant_id).values():
                if attempt.status in OPEN:
                    attempts[attempt.lp, attempt.status.value].append(attempt.created_at)
        for tenant_id in self._store.incidents.tenants:
            for incident in self._store.incidents.of(tenant_id).values():
                if incident.is_open:
                    incidents[incident.lp, incident.kind.value].append(incident.opened_at)
        return ExecutionCounts(
            tuple(OpenAttempts(*key, len(at), min(at)) for key, at in sorted(attempts.items())),
            tuple(OpenIncidents(*key, len(at), min(at)) for key, at in sorted(incidents.items())),
        )
