from typing import Final

from application import crash_points
from application.jobs.tenant_by_tenant import tenant_by_tenant
from application.ports.clock import Clock
from application.ports.intents import DueWork
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.commands import ExpireHold
from domain.shared.ids import TenantId

TENANTS_MAX: Final = 500
BATCH_MAX: Final = 200


class ExpireHolds:
    """- A hold with an end is given back once that has passed.
    - Holds behind orders have no end: only proof of what happened releases them.
    """

    def __init__(self, *, uow: UnitOfWork, due: DueWork, clock: Clock) -> None:
        self._uow = uow
        self._due = due
        self._clock = clock

    async def execute(self) -> int:
        return await tenant_by_tenant(
            lambda failed: self._due.tenants_with_expired_holds(besides=failed, limit=TENANTS_MAX),
            self._expire,
            what="expiring holds",
        )

    async def _expire(self, tenant_id: TenantId) -> int:
        async with self._uow.begin(tenant_id) as tx:
            now = self._clock.now()
            holds = await tx.journal.expired_holds(now=now, limit=BATCH_MAX)
            outcomes = await tx.journal.post(tuple(ExpireHold(hold.id, at=now) for hold in holds))
            if crash_points.armed:
                await crash_points.reach(crash_points.HOLDS_BEFORE_COMMIT)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.HOLDS_EXPIRED)
        return sum(outcome.accepted for outcome in outcomes)
