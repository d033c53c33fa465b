from msgspec.structs import replace

from application.ports.clock import Clock
from application.ports.parties import StoredTenant
from application.ports.unit_of_work import UnitOfWork
from domain.shared.ids import TenantId
from domain.tenants.tenant import TenantStatus


class SetTenantStatus:
    """- A suspended tenant makes no quotes, orders or transfers; what is open is finished.
    - Reading stays possible: its customers' money is still theirs.
    """

    def __init__(self, *, uow: UnitOfWork, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def execute(self, tenant_id: TenantId, status: TenantStatus) -> StoredTenant:
        async with self._uow.begin(tenant_id) as tx:
            stored = await tx.tenants.get()
            updated = replace(
                stored,
                tenant=replace(stored.tenant, status=status),
                updated_at=self._clock.now(),
                version=stored.version + 1,
            )
            await tx.tenants.update(updated)
            await tx.commit()
            return updated
