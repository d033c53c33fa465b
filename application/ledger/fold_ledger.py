import logging
from datetime import datetime, timedelta
from typing import Final

from application import crash_points
from application.errors import Overloaded
from application.ledger.books import all_books
from application.ports.ledger_clock import LedgerClock
from application.ports.unit_of_work import UnitOfWork
from domain.shared.ids import TenantId

# A tail of so many transactions is quick to add up, and a checkpoint for fewer is not worth a row.
FOLD_MIN: Final = 200
# Whoever trades little is folded all the same, now and then.
FOLD_AT_THE_LATEST: Final = timedelta(minutes=1)
FOLD_MAX: Final = 20_000
FOLDS_MAX: Final = 4  # of one tenant in one pass: nobody's backlog keeps the others waiting

_log = logging.getLogger(__name__)


class FoldLedger:
    """- Time that is closed is added up, so that no balance is ever a sum over all entries.
    - Folding changes no balance, only how quickly it is read; two at once fold nothing twice.
    """

    def __init__(self, *, uow: UnitOfWork, ledger_clock: LedgerClock) -> None:
        self._uow = uow
        self._ledger_clock = ledger_clock

    async def execute(self) -> int:
        """How many books have more to fold than one pass does."""
        closed_until = await self._ledger_clock.advance()
        if closed_until is None:
            return 0
        backlog = 0
        for tenant_id in await all_books(self._uow):
            try:
                backlog += await self._fold(tenant_id, closed_until)
            except Overloaded:
                raise
            except Exception:  # noqa: BLE001 - one tenant must not stop the others
                _log.exception("folding the books of tenant %s failed", tenant_id)
        return backlog

    async def _fold(self, tenant_id: TenantId, closed_until: datetime) -> bool:
        """Whether there is more."""
        for _ in range(FOLDS_MAX):
            async with self._uow.begin(tenant_id) as tx:
                since = await tx.folds.folded_until()
                overdue = since is not None and closed_until - since >= FOLD_AT_THE_LATEST
                folded = await tx.folds.fold(
                    closed_until,
                    transactions_min=1 if overdue else FOLD_MIN,
                    transactions_max=FOLD_MAX,
                )
                if folded is None:
                    return False
                if crash_points.armed:
                    await crash_points.reach(crash_points.FOLD_BEFORE_COMMIT)
                await tx.commit()
            if crash_points.armed:
                await crash_points.reach(crash_points.FOLD_COMMITTED)
            if folded.until >= closed_until:
                return False
        return True
