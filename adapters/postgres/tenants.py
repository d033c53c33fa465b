"""Tenants. A row is visible to its own tenant, to the house, and to operators."""

from adapters.postgres.connection import Connection, Row
from application.errors import VersionConflict
from application.ports.parties import StoredTenant
from domain.shared.errors import NotFound
from domain.shared.ids import TenantId
from domain.tenants.tenant import HOUSE_TENANT_ID, PricingPolicy, Tenant, TenantStatus

COLUMNS = """tenant_id, name, status, platform_spread_ppm, tenant_spread_ppm, fee_ppm,
  version, created_at, updated_at"""


class PostgresTenants:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, stored: StoredTenant) -> None:
        tenant = stored.tenant
        await self._connection.execute(
            f"INSERT INTO tenants (kind, {COLUMNS}) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            "house" if tenant.id == HOUSE_TENANT_ID else "partner",
            tenant.id,
            tenant.name,
            tenant.status.value,
            tenant.pricing.platform_spread_ppm,
            tenant.pricing.tenant_spread_ppm,
            tenant.pricing.fee_ppm,
            stored.version,
            stored.created_at,
            stored.updated_at,
        )

    async def get(self) -> StoredTenant:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM tenants WHERE tenant_id = $1", self._tenant_id
        )
        if row is None:
            raise NotFound("no such tenant")
        return _stored(row)

    async def update(self, stored: StoredTenant) -> None:
        tenant = stored.tenant
        if tenant.id != self._tenant_id:
            raise NotFound("no such tenant")
        changed = await self._connection.fetchval(
            "UPDATE tenants SET status = $2, version = $3, updated_at = $4 "
            "WHERE tenant_id = $1 AND version = $3 - 1 RETURNING 1",
            self._tenant_id,
            tenant.status.value,
            stored.version,
            stored.updated_at,
        )
        if changed is None:
            raise VersionConflict("the tenant changed in the meantime")

    async def partners(self) -> tuple[StoredTenant, ...]:
        rows = await self._connection.fetch(
            f"SELECT {COLUMNS} FROM tenants WHERE kind = 'partner' ORDER BY tenant_id"
        )
        return tuple(_stored(row) for row in rows)


def _stored(row: Row) -> StoredTenant:
    return StoredTenant(
        tenant=Tenant(
            id=TenantId(row["tenant_id"]),
            name=row["name"],
            status=TenantStatus(row["status"]),
            pricing=PricingPolicy(
                platform_spread_ppm=row["platform_spread_ppm"],
                tenant_spread_ppm=row["tenant_spread_ppm"],
                fee_ppm=row["fee_ppm"],
            ),
        ),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )
