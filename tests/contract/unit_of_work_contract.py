import asyncio

import pytest

from application.errors import CustomerNotFound
from application.ports.unit_of_work import Lane
from tests.contract.world import World


class UnitOfWorkContract:
    async def test_leaving_without_commit_rolls_back(self, world: World) -> None:
        tenant_id, customer = await world.tenant(), world.new_customer()
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.customers.add(customer)
        async with world.ports.uow.begin(tenant_id) as tx:
            with pytest.raises(CustomerNotFound):
                await tx.customers.get(customer.id)

    async def test_exception_inside_rolls_back_and_passes_through(self, world: World) -> None:
        tenant_id, customer = await world.tenant(), world.new_customer()

        async def add_and_fail() -> None:
            async with world.ports.uow.begin(tenant_id) as tx:
                await tx.customers.add(customer)
                raise RuntimeError("out of the blue")

        with pytest.raises(RuntimeError, match="out of the blue"):
            await add_and_fail()
        async with world.ports.uow.begin(tenant_id) as tx:
            with pytest.raises(CustomerNotFound):
                await tx.customers.get(customer.id)

    async def test_cancelled_task_rolls_back_and_frees_what_it_held(self, world: World) -> None:
        tenant_id, customer = await world.tenant(), world.new_customer()
        added = asyncio.Event()

        async def add_and_linger() -> None:
            async with world.ports.uow.begin(tenant_id) as tx:
                await tx.customers.add(customer)
                added.set()
                await asyncio.Event().wait()

        lingering = asyncio.create_task(add_and_linger())
        await added.wait()
        lingering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await lingering
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.customers.add(customer)
            await tx.commit()

    @pytest.mark.parametrize("lane", Lane)
    async def test_commit_makes_changes_visible(self, world: World, lane: Lane) -> None:
        tenant_id, customer = await world.tenant(), world.new_customer()
        async with world.ports.uow.begin(tenant_id, lane=lane) as tx:
            await tx.customers.add(customer)
            await tx.commit()
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.customers.get(customer.id) == customer

    async def test_own_changes_are_visible_before_commit(self, world: World) -> None:
        tenant_id, customer = await world.tenant(), world.new_customer()
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.customers.add(customer)
            assert await tx.customers.get(customer.id) == customer
            assert await tx.customers.page(external_id=None, before=None, limit=10) == (customer,)

    async def test_uncommitted_changes_are_hidden_from_others(self, world: World) -> None:
        tenant_id, customer = await world.tenant(), world.new_customer()
        async with world.ports.uow.begin(tenant_id) as writer:
            await writer.customers.add(customer)
            async with world.ports.uow.begin(tenant_id) as reader:
                with pytest.raises(CustomerNotFound):
                    await reader.customers.get(customer.id)
                assert await reader.customers.page(external_id=None, before=None, limit=10) == ()

    async def test_what_others_commit_meanwhile_becomes_visible(self, world: World) -> None:
        tenant_id, customer = await world.tenant(), world.new_customer()
        async with world.ports.uow.begin(tenant_id) as reader:
            with pytest.raises(CustomerNotFound):
                await reader.customers.get(customer.id)
            async with world.ports.uow.begin(tenant_id) as writer:
                await writer.customers.add(customer)
                await writer.commit()
            assert await reader.customers.get(customer.id) == customer

    async def test_tenants_do_not_wait_for_one_another(self, world: World) -> None:
        first, second = await world.tenant(), await world.tenant()
        async with world.ports.uow.begin(first) as one:
            await one.customers.add(world.new_customer("the same"))
            async with world.ports.uow.begin(second) as other:
                await other.customers.add(world.new_customer("the same"))
                await other.commit()
            await one.commit()
