import asyncio
from typing import Final

from dishka import AsyncContainer

from application.orders.resolve_execution import ResolveExecution
from application.ports.bell import JobKind
from application.ports.intents import DueIntent, DueWork, IntentKind
from domain.shared.ids import IdPrefix, encode_id
from entrypoints.worker.endurance import survives
from entrypoints.worker.job import job

# Each may wait for an LP's answer; below the main pool's size, so that all can write it down.
AT_ONCE: Final = 8
BATCH: Final = 4 * AT_ONCE


@job(JobKind.SETTLE_EXECUTION)
async def settle_execution(scope: AsyncContainer) -> int:
    due = await (await scope.get(DueWork)).due_intents(IntentKind.SETTLE_EXECUTION, limit=BATCH)
    if not due:
        return 0
    resolve = await scope.get(ResolveExecution)
    room = asyncio.Semaphore(AT_ONCE)

    async def settle(intent: DueIntent) -> bool:
        async with room:
            # One order that cannot be settled must not stop the others.
            name = f"resolving {encode_id(IdPrefix.ORDER, intent.subject)}"
            return await survives(name, resolve.execute(intent))

    return sum(await asyncio.gather(*(settle(intent) for intent in due)))
