"""What operators do about work that does not get done by itself."""

from typing import Final
from uuid import UUID

from application.ports.intents import IntentKind
from application.ports.unit_of_work import UnitOfWork
from application.ports.work_list import Work, WorkFilter, WorkList, WorkState
from domain.shared.errors import Conflict, NotFound

RETRY_MAX: Final = 1_000
SOMEBODY_IS_AT_IT: Final = "somebody is at it at this moment; ask again"


class AttendToWork:
    """- Parked or waiting work is made due at once, and its failures are counted anew.
    - Work is set aside with a reason. An order behind it stays as it is, and keeps its hold.
    - Whoever is at it at this moment is not disturbed.
    - Nothing is ever marked as done by hand.
    """

    def __init__(self, *, uow: UnitOfWork, work_list: WorkList) -> None:
        self._uow = uow
        self._work_list = work_list

    async def retry(self, kind: IntentKind, subject: UUID) -> Work:
        """Raises `NotFound`, `Conflict`."""
        work = await self._find(kind, subject)
        if not await self._make_due(work, kind):
            raise Conflict(SOMEBODY_IS_AT_IT)
        return await self._find(kind, subject)

    async def retry_parked(self, kind: IntentKind) -> tuple[int, bool]:
        """How many were made due, and whether more are parked than one call takes."""
        parked = await self._work_list.page(
            WorkFilter(kind=kind, state=WorkState.PARKED), limit=RETRY_MAX + 1
        )
        done = [await self._make_due(work, kind) for work in parked[:RETRY_MAX]]
        return sum(done), len(parked) > RETRY_MAX

    async def park(self, kind: IntentKind, subject: UUID, *, reason: str) -> Work:
        """Raises `NotFound`, `Conflict`."""
        work = await self._find(kind, subject)
        if work.state is WorkState.PARKED:
            return work
        async with self._uow.begin(work.tenant_id) as tx:
            if not await tx.intents.set_aside(kind, subject, reason=f"set aside: {reason}"):
                raise Conflict(SOMEBODY_IS_AT_IT)
            await tx.commit()
        return await self._find(kind, subject)

    async def _make_due(self, work: Work, kind: IntentKind) -> bool:
        async with self._uow.begin(work.tenant_id) as tx:
            made = await tx.intents.make_due(kind, work.subject)
            if made:
                await tx.commit()
        return made

    async def _find(self, kind: IntentKind, subject: UUID) -> Work:
        found = await self._work_list.find(kind, subject)
        if found is None:
            raise NotFound("there is no such work; what is done leaves no row")
        return found
