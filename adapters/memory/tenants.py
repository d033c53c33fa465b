from msgspec.structs import replace

from adapters.memory.store import Rows, Store
from application.errors import VersionConflict
from application.ports.parties import StoredTenant
from domain.shared.errors import NotFound, invariant
from domain.tenants.tenant import HOUSE_TENANT_ID


class MemoryTenants:
    """The only repository that looks beyond its own tenant: the house lists its partners."""

    def __init__(self, rows: Rows, store: Store) -> None:
        self._rows = rows
        self._store = store

    async def add(self, stored: StoredTenant) -> None:
        tenant_id = stored.tenant.id
        invariant(tenant_id == self._rows.session.tenant_id, "a tenant is added as itself")
        await self._rows.tenants.lock(tenant_id)
        if self._rows.tenants.get(tenant_id) is None:
            self._rows.tenants.put(tenant_id, stored)

    async def get(self) -> StoredTenant:
        stored = self._rows.tenants.get(self._rows.session.tenant_id)
        if stored is None:
            raise NotFound("no such tenant")
        return stored

    async def update(self, stored: StoredTenant) -> None:
        tenant_id = stored.tenant.id
        invariant(tenant_id == self._rows.session.tenant_id, "a tenant is changed as itself")
        await self._rows.tenants.lock(tenant_id)
        before = await self.get()
        if before.version != stored.version - 1:
            raise VersionConflict("the tenant has changed")
        tenant = replace(before.tenant, status=stored.tenant.status)
        changed = replace(stored, tenant=tenant, created_at=before.created_at)
        self._rows.tenants.put(tenant_id, changed)

    async def partners(self) -> tuple[StoredTenant, ...]:
        self._rows.session.require_usable()
        invariant(
            self._rows.session.tenant_id == HOUSE_TENANT_ID, "partners are the house's business"
        )
        table = self._store.tenants
        partners = (
            stored
            for tenant_id in table.tenants
            if tenant_id != HOUSE_TENANT_ID
            for stored in table.of(tenant_id).values()
        )
        return tuple(sorted(partners, key=lambda each: (each.created_at, each.tenant.id)))
