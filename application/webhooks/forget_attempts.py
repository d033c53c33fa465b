from datetime import timedelta
from typing import Final

from application.ledger.books import all_books
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWork
from domain.shared.ids import TenantId

KEPT_FOR: Final = timedelta(days=30)
ROWS_MAX: Final = 1_000
# For one tenant in one run; what is left is for the next.
PAGES_MAX: Final = 50


class ForgetAttempts:
    """- Attempts, and deliveries that ended, are kept for 30 days. Events stay.
    - What was forgotten can be sent again all the same.
    """

    def __init__(self, *, uow: UnitOfWork, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def execute(self) -> int:
        return sum([await self._forget(each) for each in await all_books(self._uow)])

    async def _forget(self, tenant_id: TenantId) -> int:
        forgotten = 0
        before = self._clock.now() - KEPT_FOR
        for _ in range(PAGES_MAX):
            async with self._uow.begin(tenant_id) as tx:
                done = await tx.webhook_deliveries.forget(before=before, limit=ROWS_MAX)
                await tx.commit()
            forgotten += done
            if done < ROWS_MAX:
                break
        return forgotten
