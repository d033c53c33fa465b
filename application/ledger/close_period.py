import asyncio
from datetime import date, timedelta
from typing import Final

import msgspec

from application import crash_points
from application.ports.clock import Clock
from application.ports.ledger import ClosedPeriod
from application.ports.ledger_clock import LedgerClock
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.period import require_over
from domain.shared.errors import Conflict, InvariantViolation
from domain.shared.ids import TenantId
from domain.tenants.operator import Operator

# Booking time is closed by passes of the worker four times a second, or by our own.
LOOK_EVERY: Final = timedelta(milliseconds=250)
LOOKS_MAX: Final = 240


class PeriodNotFinal(Conflict):
    """The period is closed; somebody who began before that still has a transaction open."""

    code = "period_not_final"


class ClosePeriodCommand(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    through: date
    by: Operator


class ShownPeriod(msgspec.Struct, frozen=True):
    """`final` when every posting that is effective in it can be seen. It then stays so."""

    period: ClosedPeriod
    final: bool


class ClosePeriod:
    """- Closes one tenant's books through a day, for good; all days before it with it.
    - Not before a whole day has passed since, so that what was begun on the day has arrived.
    - Waits for whoever is just posting into the period: nothing of it is booked at its time of
      closing or later.
    - It is final once booking time is closed beyond that time: then all of it can be seen too.
    """

    def __init__(self, *, uow: UnitOfWork, ledger_clock: LedgerClock, clock: Clock) -> None:
        self._uow = uow
        self._ledger_clock = ledger_clock
        self._clock = clock

    async def execute(self, command: ClosePeriodCommand) -> ShownPeriod:
        """Closing again what is closed answers with what closed it.

        Raises `NotFound` for the tenant, `PeriodNotOver`, and `Overloaded` when somebody posts into
        the period for longer than a lock is waited for.
        """
        require_over(command.through, today=self._clock.now().date())
        async with self._uow.begin(command.tenant_id) as tx:
            await tx.tenants.get()
            if await tx.journal.close_period(command.through, by=command.by.name):
                if crash_points.armed:
                    await crash_points.reach(crash_points.PERIOD_BEFORE_COMMIT)
                await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.PERIOD_CLOSED)
        periods = await self.periods(command.tenant_id)
        reaching = [each for each in periods if each.period.closed_through >= command.through]
        if not reaching:
            raise InvariantViolation("a period was closed and is not there")
        return reaching[-1]

    async def periods(self, tenant_id: TenantId) -> tuple[ShownPeriod, ...]:
        """The latest first."""
        async with self._uow.begin(tenant_id) as tx:
            found = await tx.journal.periods()
        closed_until = await self._ledger_clock.advance()
        return tuple(
            ShownPeriod(each, closed_until is not None and closed_until > each.closed_at)
            for each in found
        )

    async def wait(self, shown: ShownPeriod) -> ShownPeriod:
        """Until it is final. Raises `PeriodNotFinal` after a minute."""
        for _ in range(LOOKS_MAX):
            if shown.final:
                return shown
            closed_until = await self._ledger_clock.advance()
            final = closed_until is not None and closed_until > shown.period.closed_at
            shown = ShownPeriod(shown.period, final)
            if not final:
                await asyncio.sleep(LOOK_EVERY.total_seconds())
        raise PeriodNotFinal("a transaction that began before the closing is still open")
