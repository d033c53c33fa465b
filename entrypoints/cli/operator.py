"""Commands of operators: one process, one container, one answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from dishka import AsyncContainer

from application.ports.parties import StoredTenant
from application.ports.unit_of_work import UnitOfWork
from domain.shared.ids import IdPrefix, TenantId, decode_id
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.wiring.processes import operator_process

T = TypeVar("T")


def run(work: Callable[[AsyncContainer], Awaitable[T]]) -> T:
    async def main() -> T:
        async with operator_process() as container:
            return await work(container)

    return asyncio.run(main())


def TENANT(text: str) -> TenantId:  # noqa: N802 - it stands where click's types stand
    """The type of a `ten_…` argument. click turns the refusal into a usage error."""
    return TenantId(decode_id(IdPrefix.TENANT, text))


async def partners(container: AsyncContainer) -> tuple[StoredTenant, ...]:
    uow: UnitOfWork = await container.get(UnitOfWork)
    async with uow.begin(HOUSE_TENANT_ID) as tx:
        return await tx.tenants.partners()
