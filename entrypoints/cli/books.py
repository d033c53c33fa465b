"""Reading the books of every tenant, as commands show them."""

from dishka import AsyncContainer

from application.ports.unit_of_work import UnitOfWork
from application.ports.verification import AccountTotal, LedgerAudit
from domain.assets.catalog import Catalog
from domain.shared.ids import TenantId
from domain.shared.money import format_units
from entrypoints.cli import orders


async def totals(
    container: AsyncContainer, tenant_id: TenantId | None = None
) -> tuple[list[AccountTotal], Catalog]:
    """Of one tenant's accounts or all. Raises `NotFound` for a tenant that does not exist."""
    if tenant_id is not None:
        uow: UnitOfWork = await container.get(UnitOfWork)
        async with uow.begin(tenant_id) as tx:
            await tx.tenants.get()
    audit: LedgerAudit = await container.get(LedgerAudit)
    async with audit.snapshot(full=True) as snapshot:
        found = [
            total
            async for total in snapshot.account_totals()
            if tenant_id in (None, total.tenant_id)
        ]
    return found, await orders.catalog(container)


def amount(assets: Catalog, asset: str, units: int) -> str:
    return format_units(units, scale=assets.asset(asset).scale)
