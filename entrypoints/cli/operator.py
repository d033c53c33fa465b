"""Commands of operators: one process, one container, one answer."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import click
from dishka import AsyncContainer

from application.ports.parties import StoredTenant
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.shared.errors import NotFound
from domain.shared.ids import BreakId, CustomerId, IdPrefix, TenantId, decode_id
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.wiring.crash import arm
from entrypoints.wiring.processes import operator_process, worker_process
from entrypoints.wiring.settings import read_settings

T = TypeVar("T")

# As long as the database keeps, and what HTTP takes.
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f]{1,100}")


def run(work: Callable[[AsyncContainer], Awaitable[T]]) -> T:
    async def main() -> T:
        settings = read_settings()
        arm(settings.crash_point)
        async with operator_process(settings) as container:
            return await work(container)

    return asyncio.run(main())


def run_as_worker(work: Callable[[AsyncContainer], Awaitable[T]]) -> T:
    """For what only the worker's role may do, and with the keys that only workers have."""

    async def main() -> T:
        async with worker_process() as container:
            return await work(container)

    return asyncio.run(main())


def TENANT(text: str) -> TenantId:  # noqa: N802 - it stands where click's types stand
    """The type of a `ten_…` argument. click turns the refusal into a usage error."""
    return TenantId(decode_id(IdPrefix.TENANT, text))


def CUSTOMER(text: str) -> CustomerId:  # noqa: N802 - its name is what --help shows
    return CustomerId(decode_id(IdPrefix.CUSTOMER, text))


def TEXT(text: str) -> str:  # noqa: N802 - its name is what --help shows
    """The type of a name or label that is kept."""
    if _TEXT.fullmatch(text) is None:
        raise click.BadParameter("1 to 100 characters, none of them a control character")
    return text


def BREAK(text: str) -> BreakId:  # noqa: N802 - its name is what --help shows
    return BreakId(decode_id(IdPrefix.BREAK, text))


async def book_of(
    container: AsyncContainer, look: Callable[[Transaction], Awaitable[object]]
) -> TenantId | None:
    """The first book in which `look` does not raise `NotFound`: partners' first, then the house's.

    None when there is no such book.
    """
    uow: UnitOfWork = await container.get(UnitOfWork)
    for tenant_id in (*[each.tenant.id for each in await partners(container)], HOUSE_TENANT_ID):
        async with uow.begin(tenant_id) as tx:
            try:
                await look(tx)
            except NotFound:
                continue
            return tenant_id
    return None


async def partners(container: AsyncContainer) -> tuple[StoredTenant, ...]:
    uow: UnitOfWork = await container.get(UnitOfWork)
    async with uow.begin(HOUSE_TENANT_ID) as tx:
        return await tx.tenants.partners()
