import logging

from dishka import AsyncContainer

from application.ledger.seal_ledger import SealLedger
from application.ports.bell import JobKind
from application.ports.signing import SignerUnavailable
from entrypoints.worker.job import job

_log = logging.getLogger(__name__)


@job(JobKind.SEAL_LEDGER)
async def seal_ledger(scope: AsyncContainer) -> int:
    """Goes on while somebody has more to seal than one pass does."""
    try:
        return (await (await scope.get(SealLedger)).execute()).backlog
    except SignerUnavailable as error:
        # Everything else goes on; what is closed waits to be sealed.
        _log.error("nothing is sealed: %s", error.detail)
        return 0
