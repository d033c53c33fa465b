"""All jobs there are. A new one is one function and one name here."""

from typing import Final

from entrypoints.worker.job import Job
from entrypoints.worker.jobs.fold_ledger import fold_ledger
from entrypoints.worker.jobs.housekeeping import (
    expire_holds,
    expire_quotes,
    forget_webhooks,
    make_partitions,
)
from entrypoints.worker.jobs.lp_settlement import open_settlements, refill_quotas
from entrypoints.worker.jobs.mirror import mirror
from entrypoints.worker.jobs.reconcile import reconcile
from entrypoints.worker.jobs.relay_events import relay_events
from entrypoints.worker.jobs.seal_ledger import seal_ledger
from entrypoints.worker.jobs.settle_execution import settle_execution

JOBS: Final[tuple[Job, ...]] = (
    settle_execution,
    mirror,
    relay_events,
    expire_quotes,
    expire_holds,
    fold_ledger,
    seal_ledger,
    make_partitions,
    forget_webhooks,
    reconcile,
    refill_quotas,
    open_settlements,
)
