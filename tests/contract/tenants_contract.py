from datetime import timedelta

import pytest
from msgspec.structs import replace

from application.errors import VersionConflict
from application.ports.parties import StoredTenant
from domain.shared.errors import NotFound
from domain.shared.ids import TenantId
from domain.tenants.tenant import HOUSE_TENANT_ID, PricingPolicy, TenantStatus
from tests.contract.world import World


class TenantsContract:
    async def test_added_tenant_is_read_back(self, world: World) -> None:
        stored = await read(world, await world.tenant())
        assert stored.tenant.status is TenantStatus.ACTIVE
        assert stored.version == 1
        assert await world.ports.platform.tenant(stored.tenant.id) == stored.tenant

    async def test_unknown_tenant_is_not_found(self, world: World) -> None:
        unknown = TenantId(world.id())
        with pytest.raises(NotFound):
            await read(world, unknown)
        with pytest.raises(NotFound):
            await world.ports.platform.tenant(unknown)

    async def test_adding_again_changes_nothing(self, world: World) -> None:
        stored = await read(world, await world.tenant())
        other = replace(stored, tenant=replace(stored.tenant, name="another name"))
        async with world.ports.uow.begin(stored.tenant.id) as tx:
            await tx.tenants.add(other)
            await tx.commit()
        assert await read(world, stored.tenant.id) == stored

    async def test_update_of_the_version_read_is_kept(self, world: World) -> None:
        stored = await read(world, await world.tenant())
        changed = suspended(stored)
        await update(world, changed)
        assert await read(world, stored.tenant.id) == changed

    async def test_update_of_an_older_version_is_refused(self, world: World) -> None:
        stored = await read(world, await world.tenant())
        await update(world, suspended(stored))
        with pytest.raises(VersionConflict):
            await update(world, suspended(stored))

    async def test_update_changes_neither_name_nor_pricing(self, world: World) -> None:
        stored = await read(world, await world.tenant())
        changed = suspended(stored)
        pricing = PricingPolicy(platform_spread_ppm=1, tenant_spread_ppm=2, fee_ppm=3)
        await update(
            world, replace(changed, tenant=replace(changed.tenant, name="other", pricing=pricing))
        )
        assert await read(world, stored.tenant.id) == changed

    async def test_house_lists_partners_oldest_first_and_not_itself(self, world: World) -> None:
        made = [await world.tenant(), await world.tenant()]
        async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
            partners = [stored.tenant.id for stored in await tx.tenants.partners()]
        assert [each for each in partners if each in made] == made
        assert HOUSE_TENANT_ID not in partners


async def read(world: World, tenant_id: TenantId) -> StoredTenant:
    async with world.ports.uow.begin(tenant_id) as tx:
        return await tx.tenants.get()


async def update(world: World, stored: StoredTenant) -> None:
    async with world.ports.uow.begin(stored.tenant.id) as tx:
        await tx.tenants.update(stored)
        await tx.commit()


def suspended(stored: StoredTenant) -> StoredTenant:
    return replace(
        stored,
        tenant=replace(stored.tenant, status=TenantStatus.SUSPENDED),
        updated_at=stored.updated_at + timedelta(seconds=1),
        version=stored.version + 1,
    )
