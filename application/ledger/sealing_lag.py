from datetime import UTC, datetime, timedelta
from typing import Final

from application.ledger.books import all_books
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.seal import GENESIS, end_of_quiet, sealed_until
from domain.shared.ids import TenantId

# A pass every ten seconds, and some for a transaction that is open long: then something is wrong.
LAG_MAX: Final = timedelta(minutes=5)
# What is booked further ahead of the clock than that is in no block for as long.
AHEAD_MAX: Final = timedelta(minutes=1)
END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)


class SealingLag:
    """- What was booked longer ago than `LAG_MAX` must be sealed, in everybody's books.
    - So must the quiet since, when a chain's end is that much older than `QUIET_MAX`.
    - Nothing may be booked so far ahead that it would not be.
    """

    def __init__(self, *, uow: UnitOfWork, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def execute(self) -> tuple[TenantId, ...]:
        """Whose books are behind."""
        return tuple([each for each in await all_books(self._uow) if await self._is_behind(each)])

    async def _is_behind(self, tenant_id: TenantId) -> bool:
        now = self._clock.now()
        until = now - LAG_MAX
        async with self._uow.begin(tenant_id) as tx:
            ahead = await tx.seals.end_of_block(now + AHEAD_MAX, END_OF_TIME, transactions_max=1)
            if ahead is not None:
                return True
            head = await tx.seals.head()
            begin = sealed_until(head)
            since = None if begin == GENESIS else begin
            if until <= begin:
                return False
            if end_of_quiet(head, until) is not None:
                return True
            return await tx.seals.end_of_block(since, until, transactions_max=1) is not None
