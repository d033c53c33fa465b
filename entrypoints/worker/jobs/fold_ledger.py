from dishka import AsyncContainer

from application.ledger.fold_ledger import FoldLedger
from application.ports.bell import JobKind
from entrypoints.worker.job import job


@job(JobKind.FOLD_LEDGER)
async def fold_ledger(scope: AsyncContainer) -> int:
    """Goes on while somebody has more to fold than one pass does."""
    return await (await scope.get(FoldLedger)).execute()
