from dishka import AsyncContainer

from application.liquidity.refill_quotas import RefillQuotas
from application.liquidity.settle_with_lp import SettleWithLp
from application.ports.bell import JobKind
from entrypoints.worker.job import job


@job(JobKind.REFILL_QUOTAS)
async def refill_quotas(scope: AsyncContainer) -> int:
    await (await scope.get(RefillQuotas)).execute()
    return 0


@job(JobKind.OPEN_SETTLEMENTS)
async def open_settlements(scope: AsyncContainer) -> int:
    await (await scope.get(SettleWithLp)).open_missing()
    return 0
