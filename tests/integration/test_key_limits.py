"""How many keys a tenant may have: those that work count, however they came to be."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from adapters.system.secrets import SystemSecrets
from application.ports.clock import Clock
from application.tenants.api_keys import ACTIVE_MAX, ManageApiKeys, TooManyKeys
from application.tenants.key_text import Environment
from domain.shared.errors import Conflict
from domain.tenants.permissions import Scope
from tests.fixtures.postgres_servers import Database
from tests.integration.stack import Stack, open_stack

READ = frozenset({Scope.READ})
AT_ONCE = timedelta(0)


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database) as opened:
        yield opened


class Ticking:
    """No two moments are the same."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now()

    def now(self) -> datetime:
        self._now += timedelta(milliseconds=1)
        return self._now


def keys_of(stack: Stack) -> ManageApiKeys:
    return ManageApiKeys(
        uow=stack.uow,
        clock=Ticking(stack.clock),
        ids=stack.ids,
        secrets=SystemSecrets(),
        environment=Environment.TEST,
    )


async def test_keys_that_rotation_has_ended_take_no_room(stack: Stack) -> None:
    keys, tenant_id = keys_of(stack), await stack.tenant()
    first = new = await keys.create(tenant_id, scopes=READ, label="shop")
    for _ in range(ACTIVE_MAX + 1):
        new = await keys.rotate(tenant_id, new.key.id, overlap=AT_ONCE)
    assert (await keys.create(tenant_id, scopes=READ, label="another")).key.label == "another"
    with pytest.raises(Conflict):
        await keys.rotate(tenant_id, first.key.id)


async def test_rotating_one_key_again_and_again_has_an_end(stack: Stack) -> None:
    keys, tenant_id = keys_of(stack), await stack.tenant()
    one = await keys.create(tenant_id, scopes=READ, label="shop")
    for _ in range(2 * ACTIVE_MAX - 1):
        await keys.rotate(tenant_id, one.key.id)
    with pytest.raises(TooManyKeys):
        await keys.rotate(tenant_id, one.key.id)
    assert len(await keys.list(tenant_id)) == 2 * ACTIVE_MAX
