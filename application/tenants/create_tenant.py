import msgspec

from application.idempotency import Answer, claim
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
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
        return await self._add(_partner(TenantId(self._ids.new()), command))

    async def execute_once(
        self, command: CreateTenantCommand, request: IdempotentRequest
    ) -> Answer[StoredTenant]:
        """For operators, who belong to the house: it keeps the record of the request.

        The record commits before the tenant, in books of its own. A copy of the request finishes
        what a crash in between left undone.
        """
        tenant_id = TenantId(self._ids.new())
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            earlier = await claim(tx, request, resource="tenant", resource_id=tenant_id)
            if earlier is None:
                await tx.commit()
        tenant_id = tenant_id if earlier is None else TenantId(earlier)
        await self._add(_partner(tenant_id, command))
        async with self._uow.begin(tenant_id) as tx:
            return Answer(await tx.tenants.get(), replayed=earlier is not None)

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


def _partner(tenant_id: TenantId, command: CreateTenantCommand) -> Tenant:
    return Tenant(
        id=tenant_id, name=command.name, status=TenantStatus.ACTIVE, pricing=command.pricing
    )
