import asyncio

import pytest
from msgspec.structs import replace

from application.errors import CustomerExists, CustomerNotFound, VersionConflict
from application.ports.parties import Customer, CustomerStatus
from domain.shared.ids import CustomerId, TenantId
from tests.contract.world import World


class CustomersContract:
    async def test_added_customer_is_read_back(self, world: World) -> None:
        tenant_id, customer = await world.tenant(), world.new_customer()
        await add(world, tenant_id, customer)
        assert await read(world, tenant_id, customer.id) == customer

    async def test_unknown_customer_is_not_found(self, world: World) -> None:
        with pytest.raises(CustomerNotFound):
            await read(world, await world.tenant(), CustomerId(world.id()))

    async def test_taken_external_id_is_refused(self, world: World) -> None:
        tenant_id, first = await world.tenant(), world.new_customer()
        await add(world, tenant_id, first)
        second = world.new_customer(first.external_id)
        with pytest.raises(CustomerExists):
            await add(world, tenant_id, second)
        with pytest.raises(CustomerNotFound):
            await read(world, tenant_id, second.id)

    async def test_concurrent_adds_of_one_external_id_make_one_customer(self, world: World) -> None:
        tenant_id = await world.tenant()
        copies = [world.new_customer("wanted") for _ in range(3)]
        results = await asyncio.gather(
            *(add(world, tenant_id, each) for each in copies), return_exceptions=True
        )
        refused = [result for result in results if result is not None]
        assert len(refused) == 2
        assert all(isinstance(each, CustomerExists) for each in refused)

    async def test_update_of_the_version_read_is_kept(self, world: World) -> None:
        tenant_id, customer = await world.tenant(), world.new_customer()
        await add(world, tenant_id, customer)
        changed = replace(customer, status=CustomerStatus.SUSPENDED, metadata={"a": "é"}, version=2)
        await update(world, tenant_id, changed)
        assert await read(world, tenant_id, customer.id) == changed

    async def test_update_of_an_older_version_is_refused(self, world: World) -> None:
        tenant_id, customer = await world.tenant(), world.new_customer()
        await add(world, tenant_id, customer)
        first = replace(customer, metadata={"by": "first"}, version=2)
        await update(world, tenant_id, first)
        with pytest.raises(VersionConflict):
            await update(world, tenant_id, replace(customer, metadata={}, version=2))
        assert await read(world, tenant_id, customer.id) == first

    async def test_concurrent_updates_of_one_version_keep_one(self, world: World) -> None:
        tenant_id, customer = await world.tenant(), world.new_customer()
        await add(world, tenant_id, customer)
        changes = [replace(customer, metadata={"by": str(n)}, version=2) for n in range(3)]
        results = await asyncio.gather(
            *(update(world, tenant_id, each) for each in changes), return_exceptions=True
        )
        refused = [result for result in results if result is not None]
        assert len(refused) == 2
        assert all(isinstance(each, VersionConflict) for each in refused)

    async def test_pages_run_from_the_newest_to_the_oldest(self, world: World) -> None:
        tenant_id = await world.tenant()
        made = [world.new_customer() for _ in range(5)]
        for customer in made:
            await add(world, tenant_id, customer)
        async with world.ports.uow.begin(tenant_id) as tx:
            first = await tx.customers.page(external_id=None, before=None, limit=3)
            rest = await tx.customers.page(external_id=None, before=first[-1].id, limit=3)
            wanted = await tx.customers.page(external_id=made[1].external_id, before=None, limit=3)
        assert first + rest == tuple(reversed(made))
        assert wanted == (made[1],)


async def add(world: World, tenant_id: TenantId, customer: Customer) -> None:
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.customers.add(customer)
        await tx.commit()


async def read(world: World, tenant_id: TenantId, customer_id: CustomerId) -> Customer:
    async with world.ports.uow.begin(tenant_id) as tx:
        return await tx.customers.get(customer_id)


async def update(world: World, tenant_id: TenantId, customer: Customer) -> None:
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.customers.update(customer)
        await tx.commit()
