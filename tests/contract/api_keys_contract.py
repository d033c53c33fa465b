import pytest
from msgspec.structs import replace

from application.errors import VersionConflict
from application.ports.parties import ApiKey, KeyStatus
from domain.shared.errors import NotFound
from domain.shared.ids import ApiKeyId, OperatorId, TenantId
from domain.tenants.operator import OperatorHasKey
from domain.tenants.permissions import Scope
from tests.contract.isolation_contract import new_key
from tests.contract.world import World


class ApiKeysContract:
    async def test_added_key_is_found_by_its_public_part_and_by_id(self, world: World) -> None:
        tenant_id, key = await world.tenant(), new_key(world)
        await add(world, tenant_id, key)
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.api_keys.find(key.lookup) == key
            assert await tx.api_keys.get(key.id) == key
            assert await tx.api_keys.list() == (key,)

    async def test_unknown_key_is_not_found(self, world: World) -> None:
        async with world.ports.uow.begin(await world.tenant()) as tx:
            assert await tx.api_keys.find("no such key") is None
            with pytest.raises(NotFound):
                await tx.api_keys.get(ApiKeyId(world.id()))

    async def test_directory_leads_from_a_committed_key_to_its_tenant(self, world: World) -> None:
        tenant_id, key, lost = await world.tenant(), new_key(world), new_key(world)
        await add(world, tenant_id, key)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.api_keys.add(lost)
        directory = world.ports.access_directory
        assert await directory.tenant_of_key(key.lookup) == tenant_id
        assert await directory.tenant_of_key(lost.lookup) is None

    async def test_revoked_key_stays_revoked(self, world: World) -> None:
        tenant_id, key = await world.tenant(), new_key(world)
        await add(world, tenant_id, key)
        revoked = replace(key, status=KeyStatus.REVOKED, expires_at=world.now, version=2)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.api_keys.update(revoked)
            await tx.commit()
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.api_keys.get(key.id) == revoked
            with pytest.raises(VersionConflict):
                await tx.api_keys.update(replace(key, version=2))

    async def test_operator_and_their_name_have_one_key_without_an_end(self, world: World) -> None:
        tenant_id = await world.tenant()
        first = operators_key(world, "Abena", OperatorId(world.id()))
        await add(world, tenant_id, first)
        namesake = operators_key(world, "ABENA", OperatorId(world.id()))
        same = replace(first, id=ApiKeyId(world.id()), lookup=new_key(world).lookup, label="Ama")
        for other in (namesake, same):
            with pytest.raises(OperatorHasKey):
                await add(world, tenant_id, other)
        ended = replace(first, expires_at=world.now, version=2)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.api_keys.update(ended)
            await tx.api_keys.add(same)
            await tx.commit()
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.api_keys.list() == tuple(sorted((ended, same), key=lambda key: key.id))


def operators_key(world: World, name: str, operator_id: OperatorId) -> ApiKey:
    scopes = frozenset({Scope.OPERATOR})
    return replace(new_key(world), label=name, scopes=scopes, operator_id=operator_id)


async def add(world: World, tenant_id: TenantId, key: ApiKey) -> None:
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.api_keys.add(key)
        await tx.commit()
