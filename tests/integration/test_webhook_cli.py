"""`aksum webhook` as an operator runs it, over one migrated database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.memory.secret_box import MemorySecretBox
from adapters.postgres.roles import Role
from adapters.postgres.urls import with_user
from domain.shared.ids import IdPrefix, TenantId, WebhookEndpointId, encode_id
from domain.webhooks.endpoint import PING
from tests.fixtures.postgres_servers import Database
from tests.integration.operator_process import OperatorHere
from tests.integration.test_webhooks import TYPE, Hooks, hooks_on

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def operator(database_18: Database) -> OperatorHere:
    return OperatorHere(with_user(database_18.admin_url, Role.OPS))


@pytest.fixture
async def hooks(database_18: Database) -> AsyncIterator[Hooks]:
    async with hooks_on(database_18, MemorySecretBox()) as made:
        yield made


async def ask(operator: OperatorHere, *arguments: str) -> dict[str, Any]:
    """In a thread, because a command runs a loop of its own."""
    return await asyncio.to_thread(operator.ask, *arguments)


async def refused(operator: OperatorHere, *arguments: str) -> str:
    return await asyncio.to_thread(operator.refused, *arguments)


async def delivered(hooks: Hooks) -> tuple[TenantId, WebhookEndpointId]:
    """An endpoint that has had its ping and two events."""
    tenant_id = await hooks.world.tenant()
    shown = await hooks.endpoint(tenant_id, "/fine/1")
    await hooks.tell(tenant_id, 2)
    async with hooks.dispatching():
        await hooks.receiver.until(2, "/fine/1", seconds=30, event_type=TYPE)
        await hooks.receiver.until(1, "/fine/1", seconds=30, event_type=PING)
    return tenant_id, shown.endpoint.id


async def test_operator_sees_what_was_tried_sends_it_again_and_stops_it(
    hooks: Hooks, operator: OperatorHere
) -> None:
    tenant_id, endpoint_id = await delivered(hooks)
    name = encode_id(IdPrefix.WEBHOOK_ENDPOINT, endpoint_id)
    (listed,) = (await ask(operator, "webhook", "list"))["data"]
    assert (listed["id"], listed["status"], listed["waiting"]) == (name, "active", 0)
    assert listed["tenant_id"] == encode_id(IdPrefix.TENANT, tenant_id)
    assert (await ask(operator, "webhook", "list", "--failing"))["data"] == []

    attempts = (await ask(operator, "webhook", "attempts", name))["data"]
    assert [each["outcome"] for each in attempts] == ["delivered"] * 3
    event = attempts[0]["event_id"]
    of_one = await ask(operator, "webhook", "attempts", name, "--event", event)
    assert [each["event_id"] for each in of_one["data"]] == [event]

    assert await ask(operator, "webhook", "replay", name, "--event", event) == {"deliveries": 1}
    again = await ask(operator, "webhook", "replay", name, "--after", "1", "--until", "2")
    assert again == {"deliveries": 1, "looked_until": 2}
    again = await ask(operator, "webhook", "replay", name, "--after", "0")
    assert again == {"deliveries": 3, "looked_until": 3}

    disabled = await ask(operator, "webhook", "disable", name)
    assert (disabled["status"], disabled["disabled_by"]) == ("disabled", "operator")
    (listed,) = (await ask(operator, "webhook", "list", "--failing"))["data"]
    assert (listed["status"], listed["waiting"]) == ("disabled", 3)
    assert (await ask(operator, "webhook", "enable", name))["status"] == "active"
    async with hooks.dispatching():
        await hooks.receiver.until(4, "/fine/1", seconds=30, event_type=TYPE)
    assert len({each.id for each in hooks.receiver.of("/fine/1", TYPE)}) == 2


async def test_wrong_use_is_refused_and_says_how(hooks: Hooks, operator: OperatorHere) -> None:
    unknown = encode_id(IdPrefix.WEBHOOK_ENDPOINT, hooks.world.id())
    assert "no tenant has this endpoint" in await refused(operator, "webhook", "attempts", unknown)
    assert "--event" in await refused(operator, "webhook", "replay", unknown)
    both = ("--after", "1", "--event", encode_id(IdPrefix.EVENT, hooks.world.id()))
    assert "--event" in await refused(operator, "webhook", "replay", unknown, *both)
    assert "whe_" in await refused(operator, "webhook", "disable", "nonsense")
