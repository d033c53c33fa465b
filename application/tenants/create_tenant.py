import msgspec

from application.ports.clock import Clock, IdGenerator
from application.ports.parties import StoredTenant
from application.ports.unit_of_work import UnitOfWork
from domain.shared.ids import TenantId
from domain.tenants.tenant import HOUSE_TENANT_ID, PricingPolicy, Tenant, TenantStatus


class CreateTenantCommand(msgspec.Struct, frozen=True):
    name: str
    pricing: PricingPolicy


class CreateTenant:
    """- A partner starts active, with its own books and nothing in them.
    - The house, in whose books every tenant's clearing is mirrored, is made on first use.
    """

    def __init__(self, *, uow: UnitOfWork, clock: Clock, ids: IdGenerator) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids

    async def execute(self, command: CreateTenantCommand) -> StoredTenant:
        await self._ensure_house()
        return await self._add(
            Tenant(
                id=TenantId(self._ids.new()),
                name=command.name,
                status=TenantStatus.ACTIVE,
                pricing=command.pricing,
            )
        )

    async def _ensure_house(self) -> None:
        free = PricingPolicy(platform_spread_ppm=0, tenant_spread_ppm=0, fee_ppm=0)
        await self._add(
            Tenant(id=HOUSE_TENANT_ID, name="house", status=TenantStatus.ACTIVE, pricing=free)
        )

    async def _add(self, tenant: Tenant) -> StoredTenant:
        now = self._clock.now()
        stored = StoredTenant(tenant=tenant, created_at=now, updated_at=now)
        async with self._uow.begin(tenant.id) as tx:
            await tx.tenants.add(stored)
            await tx.commit()
        return stored
