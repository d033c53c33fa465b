from adapters.memory.store import Rows
from application.ports.incidents import OrderEvidence
from domain.orders.incident import ExecutionIncident
from domain.shared.errors import NotFound
from domain.shared.ids import IncidentId, OrderId


class MemoryExecutionIncidents:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def open(self, incident: ExecutionIncident) -> bool:
        key = (incident.order_id, incident.attempt, incident.kind)
        for each in self._rows.incidents.values():
            if (each.order_id, each.attempt, each.kind) == key:
                return False
        self._rows.incidents.add(incident.id, incident)
        return True

    async def get(self, incident_id: IncidentId) -> ExecutionIncident:
        await self._rows.incidents.lock(incident_id)
        found = self._rows.incidents.get(incident_id)
        if found is None:
            raise NotFound("no such incident")
        return found

    async def close(self, incident: ExecutionIncident) -> None:
        self._rows.incidents.put(incident.id, incident)

    async def page(
        self, *, is_open: bool | None = None, before: IncidentId | None = None, limit: int
    ) -> tuple[ExecutionIncident, ...]:
        found = [
            each
            for each in self._rows.incidents.values()
            if (is_open is None or each.is_open is is_open) and (before is None or each.id < before)
        ]
        return tuple(sorted(found, key=lambda each: each.id, reverse=True)[:limit])


class MemoryOrderEvidences:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, evidence: OrderEvidence) -> None:
        self._rows.order_evidence.add(evidence.id, evidence)

    async def of_order(self, order_id: OrderId, *, limit: int) -> tuple[OrderEvidence, ...]:
        rows = [row for row in self._rows.order_evidence.values() if row.order_id == order_id]
        return tuple(sorted(rows, key=lambda row: row.id)[:limit])
