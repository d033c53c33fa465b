"""Places for what is due: who gets one, who is set aside, and how it all ends."""

import asyncio
from collections.abc import Mapping

import pytest
from typing_extensions import override

from adapters.memory.secret_box import MemorySecretBox
from application.errors import Overloaded
from application.ports.webhooks import SecretBoxUnavailable
from domain.webhooks.answer import Answer, Answered
from domain.webhooks.fairness import Bounds
from entrypoints.worker.webhooks import WebhookDispatcher
from tests.webhooks.stage import Receiver, Stage

BOUNDS = Bounds(per_endpoint=2, per_troubled_endpoint=1, per_tenant=3, healthy=4, troubled=2)


class Hanging(Receiver):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived, self.answer_now = asyncio.Event(), asyncio.Event()

    @override
    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        answer = await super().send(url, headers, body)
        self.arrived.set()
        await self.answer_now.wait()
        return answer


class Failing(Receiver):
    @override
    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        await super().send(url, headers, body)
        return Answered(status=500)


class Unavailable(MemorySecretBox):
    @override
    async def open(self, boxed: bytes, *, context: bytes) -> bytes:
        raise SecretBoxUnavailable("no key")


class Overtaxed(MemorySecretBox):
    @override
    async def open(self, boxed: bytes, *, context: bytes) -> bytes:
        raise Overloaded("no connection is free")


def dispatcher(stage: Stage) -> WebhookDispatcher:
    return WebhookDispatcher(
        due=stage.due,
        fan_out=stage.fan_out,
        deliver=stage.deliver,
        stopping=asyncio.Event(),
        bounds=BOUNDS,
    )


async def settle() -> None:
    """Tasks that were started get to where they wait."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_endpoint_has_no_more_under_way_than_it_may(stage: Stage) -> None:
    tenant = await stage.world.tenant()
    await stage.proven(tenant)
    for _ in range(5):
        await stage.tell(tenant)
    await stage.fan_out.execute()
    stage.deliver._sender = receiver = Hanging()
    sending = dispatcher(stage)
    assert await sending.send_what_is_due() == 2
    await settle()
    assert await sending.send_what_is_due() == 0
    assert len(receiver.sent) == 2
    receiver.answer_now.set()
    await settle()
    assert await sending.send_what_is_due() == 2


async def test_unproven_endpoints_together_leave_the_healthy_their_places(stage: Stage) -> None:
    mine, theirs = await stage.world.tenant(), await stage.world.tenant()
    await stage.proven(mine)
    for _ in range(4):
        await stage.endpoint(theirs)
    await stage.number(theirs)
    await stage.tell(mine)
    await stage.fan_out.execute()
    stage.deliver._sender = receiver = Hanging()
    assert await dispatcher(stage).send_what_is_due() == 2 + 1
    await settle()
    assert sorted(each.type for each in receiver.sent) == [
        "order.filled.v1",
        *["webhook_endpoint.ping.v1"] * 2,
    ]
    receiver.answer_now.set()
    await settle()


async def test_old_backlogs_of_dead_endpoints_do_not_keep_a_new_endpoint_waiting(
    stage: Stage,
) -> None:
    dead = [await stage.world.tenant() for _ in range(3)]
    for tenant in dead:
        await stage.endpoint(tenant)
        for _ in range(5):
            await stage.tell(tenant)
    fresh = await stage.world.tenant()
    shown = await stage.endpoint(fresh)
    await stage.number(fresh)
    await stage.fan_out.execute()
    stage.deliver._sender = Failing()
    sending = dispatcher(stage)
    for _ in range(3):
        assert await sending.send_what_is_due() == 2
        await settle()
    assert len(await stage.attempts(fresh, shown)) == 1


async def test_endpoint_that_cannot_be_claimed_is_set_aside(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = await stage.world.tenant()
    await stage.proven(tenant)
    await stage.tell(tenant)
    await stage.fan_out.execute()
    stage.deliver._keys._box = Unavailable()  # type: ignore[attr-defined]
    sending = dispatcher(stage)
    for _ in range(3):
        assert await sending.send_what_is_due() == 0
    assert len([each for each in caplog.records if "claiming" in each.message]) == 1


async def test_endpoint_is_not_set_aside_for_our_own_overload(stage: Stage) -> None:
    tenant = await stage.world.tenant()
    await stage.proven(tenant)
    await stage.tell(tenant)
    await stage.fan_out.execute()
    box = stage.deliver._keys._box  # type: ignore[attr-defined]
    stage.deliver._keys._box = Overtaxed()  # type: ignore[attr-defined]
    sending = dispatcher(stage)
    assert await sending.send_what_is_due() == 0
    stage.deliver._keys._box = box  # type: ignore[attr-defined]
    assert await sending.send_what_is_due() == 1


async def test_what_is_cut_short_at_the_end_is_made_again_later(stage: Stage) -> None:
    tenant = await stage.world.tenant()
    shown = await stage.proven(tenant)
    await stage.tell(tenant)
    stage.deliver._sender = receiver = Hanging()
    sending = dispatcher(stage)
    running = asyncio.create_task(sending.run())
    await receiver.arrived.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert sending._under_way == {}
    (attempt, _) = await stage.attempts(tenant, shown)
    assert attempt.outcome is None
