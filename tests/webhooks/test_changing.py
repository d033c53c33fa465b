"""Endpoints that are changed while events are on their way to them."""

from datetime import timedelta

import pytest

from application.webhooks.manage_endpoints import (
    OVERLAP_MAX,
    SIGNING_KEYS_MAX,
    UpdateEndpointCommand,
)
from domain.shared.errors import Conflict
from domain.shared.ids import TenantId
from domain.webhooks.answer import Answered, Cause, NoAnswer, Verdict
from domain.webhooks.endpoint import FAILING_MAX, EndpointStatus
from domain.webhooks.schedule import PAUSES_S
from tests.webhooks.stage import URL, Stage
from tests.webhooks.verifying import verifies_hmac

DOWN = NoAnswer(cause=Cause.UNREACHABLE, detail="no connection could be made")


async def test_answer_of_the_former_url_does_not_disable_the_endpoint_that_has_moved(
    stage: Stage, tenant: TenantId
) -> None:
    shown = await stage.proven(tenant)
    await stage.tell(tenant)
    await stage.fan_out.execute()
    (waiting,) = await stage.due.waiting(troubled=False, limit=9)
    (prepared,) = await stage.deliver.claim(waiting, 1)
    moved = f"{URL}/v2"
    await stage.manage.update(
        UpdateEndpointCommand(tenant_id=tenant, endpoint_id=shown.endpoint.id, url=moved)
    )
    stage.receiver.answers = [Answered(status=410)]
    assert await stage.deliver.attempt(prepared) is Verdict.GONE
    endpoint = await stage.read(tenant, shown)
    assert (endpoint.status, endpoint.failing_since) == (EndpointStatus.ACTIVE, None)
    stage.clock.advance(timedelta(seconds=PAUSES_S[0]))
    assert await stage.run() == [Verdict.DELIVERED]
    assert [each.url for each in stage.receiver.sent] == [URL, moved]


async def test_failures_of_the_former_url_are_not_held_against_the_new_one(
    stage: Stage, tenant: TenantId
) -> None:
    shown = await stage.proven(tenant)
    await stage.tell(tenant)
    stage.receiver.answers = [DOWN] * 2
    await stage.run()
    stage.clock.advance(FAILING_MAX - timedelta(seconds=1))
    change = UpdateEndpointCommand(tenant_id=tenant, endpoint_id=shown.endpoint.id, url=f"{URL}/v2")
    moved = (await stage.manage.update(change)).endpoint
    assert (moved.failing_since, moved.is_troubled) == (None, True)
    stage.clock.advance(timedelta(seconds=1))
    await stage.run()
    assert (await stage.read(tenant, shown)).status is EndpointStatus.ACTIVE


async def test_change_that_changes_nothing_makes_no_version(stage: Stage, tenant: TenantId) -> None:
    shown = await stage.proven(tenant)
    before = await stage.read(tenant, shown)
    for change in (
        UpdateEndpointCommand(tenant_id=tenant, endpoint_id=before.id),
        UpdateEndpointCommand(
            tenant_id=tenant,
            endpoint_id=before.id,
            url=before.url,
            event_types=before.event_types,
            status=EndpointStatus.ACTIVE,
        ),
    ):
        assert (await stage.manage.update(change)).endpoint == before
    assert await stage.read(tenant, shown) == before


async def test_secret_that_leaked_is_replaced_at_once_however_many_sign_already(
    stage: Stage, tenant: TenantId
) -> None:
    shown = await stage.proven(tenant)
    endpoint_id = shown.endpoint.id
    for _ in range(SIGNING_KEYS_MAX - 1):
        await stage.manage.rotate(tenant, endpoint_id, stage.world.request(), overlap=OVERLAP_MAX)
    with pytest.raises(Conflict):
        await stage.manage.rotate(tenant, endpoint_id, stage.world.request())
    rotated = await stage.manage.rotate(
        tenant, endpoint_id, stage.world.request(), overlap=timedelta(0)
    )
    assert len(rotated.public_keys) == 1
    await stage.tell(tenant)
    await stage.run()
    (sent,) = stage.receiver.sent
    assert len(sent.headers["webhook-signature"].split()) == 2
    assert verifies_hmac(sent, rotated.secret)
