from application import crash_points
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.reversible import require_reason
from domain.orders.incident import ExecutionIncident, closed
from domain.shared.ids import IncidentId, TenantId
from domain.tenants.operator import Operator


class KeepIncidents:
    """- An incident stays open until an operator closes it, with a note of what was done about it.
    - Closing changes nothing but the incident: what was booked stands.
    """

    def __init__(self, *, uow: UnitOfWork, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def close(
        self, tenant_id: TenantId, incident_id: IncidentId, *, by: Operator, note: str
    ) -> ExecutionIncident:
        """Raises `NotFound`, `IncidentClosed` or `ReasonInvalid`."""
        kept = require_reason(note)
        async with self._uow.begin(tenant_id) as tx:
            found = await tx.incidents.get(incident_id)
            done = closed(found, by=by, note=kept, at=self._clock.now())
            await tx.incidents.close(done)
            if crash_points.armed:
                await crash_points.reach(crash_points.INCIDENT_BEFORE_COMMIT)
            await tx.commit()
        return done
