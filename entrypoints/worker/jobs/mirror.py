from dishka import AsyncContainer

from application.ledger.mirror_to_house import MirrorToHouse
from application.ports.bell import JobKind
from application.ports.intents import CLAIM_MAX, DueWork, IntentKind
from entrypoints.worker.job import job


@job(JobKind.MIRROR, full=CLAIM_MAX)
async def mirror(scope: AsyncContainer) -> int:
    due = await (await scope.get(DueWork)).due_intents(IntentKind.MIRROR, limit=CLAIM_MAX)
    if not due:
        return 0
    return await (await scope.get(MirrorToHouse)).execute(due)
