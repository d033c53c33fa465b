from application.ports.unit_of_work import UnitOfWork
from domain.shared.ids import TenantId
from domain.tenants.tenant import HOUSE_TENANT_ID


async def all_books(uow: UnitOfWork) -> tuple[TenantId, ...]:
    """Every tenant that has books: the house, and its partners."""
    async with uow.begin(HOUSE_TENANT_ID) as tx:
        partners = await tx.tenants.partners()
    return (HOUSE_TENANT_ID, *(each.tenant.id for each in partners))
