from typing import Final

from application import crash_points
from application.jobs.tenant_by_tenant import tenant_by_tenant
from application.ports.clock import Clock
from application.ports.intents import DueWork
from application.ports.unit_of_work import UnitOfWork
from domain.shared.ids import TenantId

TENANTS_MAX: Final = 500
BATCH_MAX: Final = 500


class ExpireQuotes:
    """- An open quote whose time is up is marked expired. Accepting it was refused already: the
    sweep changes what is shown, not what is possible.
    """

    def __init__(self, *, uow: UnitOfWork, due: DueWork, clock: Clock) -> None:
        self._uow = uow
        self._due = due
        self._clock = clock

    async def execute(self) -> int:
        return await tenant_by_tenant(
            lambda failed: self._due.tenants_with_expired_quotes(besides=failed, limit=TENANTS_MAX),
            self._expire,
            what="expiring quotes",
        )

    async def _expire(self, tenant_id: TenantId) -> int:
        async with self._uow.begin(tenant_id) as tx:
            expired = await tx.quotes.expire_due(now=self._clock.now(), limit=BATCH_MAX)
            if crash_points.armed:
                await crash_points.reach(crash_points.QUOTES_BEFORE_COMMIT)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.QUOTES_EXPIRED)
        return expired
