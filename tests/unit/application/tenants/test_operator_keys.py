"""Keys come and go; the operator whose they are stays who they are."""

from datetime import timedelta
from uuid import UUID

import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.store import Store
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.system.ids import SystemIds
from adapters.system.secrets import SystemSecrets
from application.ports.parties import ApiKey
from application.tenants.api_keys import ManageApiKeys
from application.tenants.key_text import Environment
from domain.shared.ids import TenantId
from domain.tenants.operator import OperatorHasKey
from domain.tenants.permissions import Scope
from domain.tenants.tenant import HOUSE_TENANT_ID

DAY = timedelta(days=1)
OPERATOR = frozenset({Scope.OPERATOR})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def keys(clock: ManualClock) -> ManageApiKeys:
    return ManageApiKeys(
        uow=MemoryUnitOfWork(Store(clock=clock, ids=SystemIds())),
        clock=clock,
        ids=SystemIds(),
        secrets=SystemSecrets(),
        environment=Environment.TEST,
    )


async def made(keys: ManageApiKeys, name: str) -> ApiKey:
    return (await keys.create(HOUSE_TENANT_ID, scopes=OPERATOR, label=name)).key


async def test_second_key_of_a_name_is_refused_while_the_first_lives(keys: ManageApiKeys) -> None:
    await made(keys, "Abena")
    for name in ("Abena", "abena ", "ＡBENA"):
        with pytest.raises(OperatorHasKey):
            await made(keys, name)
    assert (await made(keys, "Kwame")).operator_id is not None


async def test_rotated_key_is_the_same_persons_and_rotates_once_at_a_time(
    keys: ManageApiKeys, clock: ManualClock
) -> None:
    first = await made(keys, "Abena")
    second = (await keys.rotate(HOUSE_TENANT_ID, first.id)).key
    assert (second.operator_id, second.label) == (first.operator_id, "Abena")
    with pytest.raises(OperatorHasKey):
        await keys.rotate(HOUSE_TENANT_ID, first.id)
    with pytest.raises(OperatorHasKey):
        await made(keys, "Abena")
    clock.advance(2 * DAY)
    third = (await keys.rotate(HOUSE_TENANT_ID, second.id)).key
    assert third.operator_id == first.operator_id


async def test_name_stays_its_persons_after_the_key_was_revoked(keys: ManageApiKeys) -> None:
    first = await made(keys, "Abena")
    await keys.revoke(HOUSE_TENANT_ID, first.id)
    again = await made(keys, "ABENA")
    assert (again.operator_id, again.label) == (first.operator_id, "Abena")
    assert again.id != first.id


async def test_keys_of_partners_belong_to_nobody(keys: ManageApiKeys) -> None:
    tenant_id = TenantId(UUID(int=7))
    for _ in range(2):
        new = await keys.create(tenant_id, scopes=frozenset({Scope.READ}), label="backend")
        assert new.key.operator_id is None
