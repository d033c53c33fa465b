import logging
from typing import Final

from application import crash_points
from application.errors import Overloaded
from application.ports.events import NUMBER_MAX
from application.ports.intents import DueWork
from application.ports.unit_of_work import UnitOfWork
from domain.shared.ids import TenantId

TENANTS_MAX: Final = 500

_log = logging.getLogger(__name__)


class RelayEvents:
    """- What was announced and committed gets its tenant's next numbers, in order of recording.
    - One tenant in a transaction, a bounded number of events in each: neither a large backlog nor a
      writer that holds its transaction open delays anybody else's.
    - A tenant that another relay is at is left to it.
    """

    def __init__(self, *, uow: UnitOfWork, due: DueWork) -> None:
        self._uow = uow
        self._due = due

    async def execute(self) -> int:
        """One pass over all tenants that have something to number; how many events got theirs."""
        numbered = 0
        after: TenantId | None = None
        while True:
            found = await self._due.tenants_with_unnumbered_events(after=after, limit=TENANTS_MAX)
            for tenant_id in found:
                numbered += await self._try(tenant_id)
            if len(found) < TENANTS_MAX:
                return numbered
            after = found[-1]

    async def _try(self, tenant_id: TenantId) -> int:
        try:
            return await self._number(tenant_id)
        except Overloaded:
            raise
        except Exception:  # noqa: BLE001 - one tenant must not stop the others
            _log.exception("numbering events of tenant %s failed", tenant_id)
            return 0

    async def _number(self, tenant_id: TenantId) -> int:
        if crash_points.armed:
            await crash_points.reach(crash_points.RELAY_TENANT_FOUND)
        async with self._uow.begin(tenant_id) as tx:
            numbered = await tx.outbox.number(limit=NUMBER_MAX)
            if not numbered:
                return 0
            if crash_points.armed:
                await crash_points.reach(crash_points.RELAY_BEFORE_COMMIT)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.RELAY_COMMITTED)
        return numbered
