from typing import Final

from dishka import AsyncContainer

from application.ledger.expire_holds import ExpireHolds
from application.ports.bell import JobKind
from application.ports.intents import DueWork
from application.quotes.expire_quotes import ExpireQuotes
from application.webhooks.forget_attempts import ForgetAttempts
from entrypoints.worker.job import job

MONTHS_AHEAD: Final = 24


@job(JobKind.EXPIRE_QUOTES)
async def expire_quotes(scope: AsyncContainer) -> int:
    return await (await scope.get(ExpireQuotes)).execute()


@job(JobKind.EXPIRE_HOLDS)
async def expire_holds(scope: AsyncContainer) -> int:
    return await (await scope.get(ExpireHolds)).execute()


@job(JobKind.MAKE_PARTITIONS)
async def make_partitions(scope: AsyncContainer) -> int:
    due: DueWork = await scope.get(DueWork)
    return await due.make_partitions(months_ahead=MONTHS_AHEAD)


@job(JobKind.FORGET_WEBHOOKS)
async def forget_webhooks(scope: AsyncContainer) -> int:
    await (await scope.get(ForgetAttempts)).execute()
    return 0
