from typing import Final

from application.ports.clock import Clock
from application.ports.intents import DueWork
from application.ports.unit_of_work import UnitOfWork

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
        expired = 0
        for tenant_id in await self._due.tenants_with_expired_quotes(limit=TENANTS_MAX):
            async with self._uow.begin(tenant_id) as tx:
                expired += await tx.quotes.expire_due(now=self._clock.now(), limit=BATCH_MAX)
                await tx.commit()
        return expired
