import logging

from dishka import AsyncContainer

from application.errors import Overloaded
from application.ports.bell import JobKind
from application.reconciliation.run_reconciliation import RunCommand, RunReconciliation
from entrypoints.worker.job import job

_log = logging.getLogger(__name__)


class NotReconciled(RuntimeError):
    """Names the sources that could not be read; it is tried again."""


@job(JobKind.RECONCILE)
async def reconcile(scope: AsyncContainer) -> int:
    """Every source that is read by itself, from where its last statement ended."""
    reconciliation = await scope.get(RunReconciliation)
    failed = []
    for source in reconciliation.names:
        try:
            report = await reconciliation.execute(RunCommand(source=source))
        except Overloaded:
            raise
        except Exception:  # noqa: BLE001 - one source must not stop the others
            _log.exception("reconciling with %s failed", source)
            failed.append(source)
            continue
        if not report.quiet:
            _log.error("reconciling with %s found what needs a person", source)
    if failed:
        raise NotReconciled(", ".join(failed))
    return 0
