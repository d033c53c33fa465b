"""From an event to a receipt, in memory: what is sent, when again, and what becomes of it."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from adapters.memory.clock import ManualClock
from adapters.webhooks.client import REQUEST_BYTES_MAX
from application import crash_points
from application.ports.webhooks import SecretBoxUnavailable
from application.webhooks.deliver import BEGIN_WITHIN, LEASE
from application.webhooks.redeliver import ReplayCommand
from domain.shared.events import DATA_BYTES_MAX
from domain.shared.ids import IdPrefix, TenantId, WebhookEndpointId, encode_id
from domain.webhooks.answer import Answer, Answered, Cause, NoAnswer, Verdict
from domain.webhooks.endpoint import DISABLED, FAILING_MAX, PING, DisabledBy, EndpointStatus
from domain.webhooks.schedule import ATTEMPTS_MAX, PAUSES_S
from tests.webhooks.stage import Stage, Told
from tests.webhooks.verifying import verifies_ed25519, verifies_hmac

DOWN = NoAnswer(cause=Cause.UNREACHABLE, detail="no connection could be made")
DAY = timedelta(days=1)


class Killed(Exception):
    """Stands for the end of a process: nothing after it happens."""


@pytest.fixture
def killed_at() -> Iterator[list[str]]:
    """Names of the points at which a process ends."""
    points: list[str] = []

    async def reach(point: str) -> None:
        if point in points:
            raise Killed(point)

    crash_points.install(reach)
    yield points
    crash_points.install(None)


async def test_new_endpoint_gets_its_ping_and_nobody_else_does(
    stage: Stage, tenant: TenantId
) -> None:
    other = await stage.proven(tenant)
    shown = await stage.endpoint(tenant, "transfer.*")
    await stage.number(tenant)
    assert await stage.run() == [Verdict.DELIVERED]
    (sent,) = stage.receiver.sent
    assert sent.type == PING
    assert [each.event_type for each in await stage.attempts(tenant, shown)] == [PING]
    assert len(await stage.attempts(tenant, other)) == 1


async def test_delivery_is_the_event_signed_as_the_standard_says(
    stage: Stage, tenant: TenantId
) -> None:
    shown = await stage.proven(tenant)
    event_id = await stage.tell(tenant, payload=Told(note="é"))
    await stage.run()
    (sent,) = stage.receiver.sent
    assert sent.id == encode_id(IdPrefix.EVENT, event_id)
    assert verifies_hmac(sent, shown.secret)
    assert verifies_ed25519(sent, shown.public_keys[0])
    body = msgspec.json.decode(sent.body)
    assert (body["id"], body["type"], body["seq"]) == (sent.id, "order.filled.v1", body["seq"])
    assert (body["resource_version"], body["data"]) == (1, {"note": "é"})
    assert {"occurred_at", "recorded_at"} <= body.keys()


async def test_secret_is_printed_nowhere(
    stage: Stage, tenant: TenantId, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    shown = await stage.proven(tenant)
    rotated = await stage.manage.rotate(tenant, shown.endpoint.id, stage.world.request())
    await stage.tell(tenant)
    await stage.run()
    for each in (shown, rotated):
        assert each.secret is not None
        assert each.secret not in repr(each) + caplog.text + repr(stage.receiver.sent)


async def test_both_secrets_sign_while_one_is_rotated(stage: Stage, tenant: TenantId) -> None:
    shown = await stage.proven(tenant)
    rotated = await stage.manage.rotate(tenant, shown.endpoint.id, stage.world.request())
    await stage.tell(tenant)
    await stage.run()
    (sent,) = stage.receiver.sent
    assert len(sent.headers["webhook-signature"].split()) == 4
    assert verifies_hmac(sent, shown.secret)
    assert verifies_hmac(sent, rotated.secret)
    assert all(verifies_ed25519(sent, each) for each in rotated.public_keys)


async def test_old_secret_no_longer_signs_when_its_day_is_over(
    stage: Stage, tenant: TenantId
) -> None:
    shown = await stage.proven(tenant)
    await stage.manage.rotate(tenant, shown.endpoint.id, stage.world.request())
    stage.clock.advance(DAY)
    await stage.tell(tenant)
    await stage.run()
    (sent,) = stage.receiver.sent
    assert len(sent.headers["webhook-signature"].split()) == 2
    assert not verifies_ed25519(sent, shown.public_keys[0])


async def test_endpoint_is_told_what_it_asked_for_in_order(stage: Stage, tenant: TenantId) -> None:
    party = await stage.world.party(tenant)
    everything = await stage.proven(tenant)
    mine = await stage.endpoint(tenant, "order.*", customer_id=party.customer.id)
    await stage.tell(tenant, party.customer.id)
    await stage.tell(tenant)
    await stage.run()
    of_mine = await stage.attempts(tenant, mine)
    assert [each.event_type for each in reversed(of_mine)] == [PING, "order.filled.v1"]
    numbers = [each.seq for each in reversed(await stage.attempts(tenant, everything))]
    assert numbers == sorted(numbers)
    assert len(numbers) == 3


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answered(status=500, body="oh no"), "http_500"),
        (Answered(status=302), "redirected"),
        (DOWN, "unreachable"),
        (NoAnswer(cause=Cause.ADDRESS_REFUSED, detail="not public"), "address_refused"),
    ],
)
async def test_failure_is_tried_again_by_the_schedule_with_the_same_id_and_body(
    stage: Stage, tenant: TenantId, answer: Answer, outcome: str
) -> None:
    shown = await stage.proven(tenant)
    await stage.tell(tenant)
    stage.receiver.answers = [answer]
    assert await stage.run() == [Verdict.FAILED]
    stage.clock.advance(timedelta(seconds=PAUSES_S[0], milliseconds=-1))
    assert await stage.run() == []
    stage.clock.advance(timedelta(milliseconds=1))
    assert await stage.run() == [Verdict.DELIVERED]
    first, second = stage.receiver.sent
    assert (first.id, first.body) == (second.id, second.body)
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    newest, failed, _ = await stage.attempts(tenant, shown)
    assert (failed.outcome, failed.number) == (outcome, 1)
    assert failed.next_at == failed.started_at + timedelta(seconds=PAUSES_S[0])
    assert (newest.outcome, newest.number, newest.next_at) == ("delivered", 2, None)
    assert failed.response == ("oh no" if outcome == "http_500" else "")


async def test_worker_whose_clock_is_wrong_pauses_as_long_as_any(
    stage: Stage, tenant: TenantId
) -> None:
    """With a clock that is behind, the ten attempts would be made without a pause."""
    await stage.proven(tenant)
    await stage.tell(tenant)
    stage.receiver.answers = [DOWN]
    stage.deliver._clock = ManualClock(stage.clock.now() - timedelta(hours=1))
    assert await stage.run() == [Verdict.FAILED]
    assert await stage.run() == []
    stage.clock.advance(timedelta(seconds=PAUSES_S[0]))
    assert await stage.run() == [Verdict.DELIVERED]


async def test_receiver_that_asks_for_time_gets_it(stage: Stage, tenant: TenantId) -> None:
    await stage.proven(tenant)
    await stage.tell(tenant)
    stage.receiver.answers = [Answered(status=429, retry_after="60")]
    await stage.run()
    stage.clock.advance(timedelta(seconds=59))
    assert await stage.run() == []
    stage.clock.advance(timedelta(seconds=1))
    assert await stage.run() == [Verdict.DELIVERED]


async def test_delivery_fails_for_good_after_ten_attempts_and_can_be_asked_for_again(
    stage: Stage, tenant: TenantId
) -> None:
    shown = await stage.proven(tenant)
    event_id = await stage.tell(tenant)
    stage.receiver.answers = [DOWN] * ATTEMPTS_MAX
    for pause in (*PAUSES_S, PAUSES_S[-1]):
        assert await stage.run() == [Verdict.FAILED]
        stage.clock.advance(timedelta(seconds=pause))
    assert await stage.run() == []
    async with stage.uow.begin(tenant) as tx:
        assert (await tx.webhook_deliveries.backlog(shown.endpoint.id)).failed == 1
    await stage.redeliver.one(tenant, event_id, endpoint_id=None)
    assert await stage.run() == [Verdict.DELIVERED]
    assert len({each.id for each in stage.receiver.sent}) == 1
    assert (await stage.attempts(tenant, shown))[0].number == ATTEMPTS_MAX + 1
    assert (await stage.read(tenant, shown)).failing_since is None


async def test_gone_disables_at_once_and_the_tenant_is_told(stage: Stage, tenant: TenantId) -> None:
    other = await stage.proven(tenant)
    shown = await stage.endpoint(tenant)
    await stage.number(tenant)
    stage.receiver.answers = [Answered(status=410)]
    await stage.run()
    endpoint = await stage.read(tenant, shown)
    assert (endpoint.status, endpoint.disabled_by) == (EndpointStatus.DISABLED, DisabledBy.GONE)
    await stage.number(tenant)
    await stage.run()
    assert (await stage.attempts(tenant, other))[0].event_type == DISABLED
    assert len(await stage.attempts(tenant, shown)) == 1


async def test_days_of_failures_disable_and_nothing_is_lost_by_that(
    stage: Stage, tenant: TenantId
) -> None:
    shown = await stage.proven(tenant)
    await stage.tell(tenant)
    stage.receiver.answers = [DOWN] * 20
    await stage.run()
    stage.clock.advance(FAILING_MAX)
    await stage.tell(tenant)
    await stage.run()
    disabled = await stage.read(tenant, shown)
    assert disabled.disabled_by is DisabledBy.FAILING
    await stage.tell(tenant)
    assert await stage.run() == []
    stage.receiver.answers.clear()
    await stage.manage.switch(tenant, shown.endpoint.id, EndpointStatus.ACTIVE)
    stage.clock.advance(DAY)
    await stage.number(tenant)
    verdicts = await stage.run()
    # The three orders, and the notice of its own disabling.
    assert verdicts == [Verdict.DELIVERED] * 4
    assert len({each.id for each in stage.receiver.sent}) == 4


async def test_worker_killed_after_sending_sends_again_with_the_same_id(
    stage: Stage, tenant: TenantId, killed_at: list[str]
) -> None:
    shown = await stage.proven(tenant)
    await stage.tell(tenant)
    killed_at.append(crash_points.WEBHOOK_SENT)
    with pytest.raises(Killed):
        await stage.run()
    killed_at.clear()
    assert await stage.run() == []
    stage.clock.advance(LEASE)
    assert await stage.run() == [Verdict.DELIVERED]
    first, second = stage.receiver.sent
    assert first.id == second.id
    newest, cut_short, _ = await stage.attempts(tenant, shown)
    assert (cut_short.outcome, cut_short.number) == (None, 1)
    assert (newest.outcome, newest.number) == ("delivered", 2)


async def test_attempt_that_comes_too_late_is_not_made(stage: Stage, tenant: TenantId) -> None:
    """Another worker may hold the lease by the time it would end."""
    await stage.proven(tenant)
    await stage.tell(tenant)
    await stage.fan_out.execute()
    (waiting,) = await stage.due.waiting(troubled=False, limit=9)
    (prepared,) = await stage.deliver.claim(waiting, 1)
    stage.clock.advance(BEGIN_WITHIN + timedelta(milliseconds=1))
    assert await stage.deliver.attempt(prepared) is None
    assert stage.receiver.sent == []


async def test_lost_lease_records_the_attempt_and_nothing_else(
    stage: Stage, tenant: TenantId
) -> None:
    shown = await stage.proven(tenant)
    await stage.tell(tenant)
    await stage.fan_out.execute()
    (waiting,) = await stage.due.waiting(troubled=False, limit=9)
    (lost,) = await stage.deliver.claim(waiting, 1)
    stage.clock.advance(LEASE)
    (current,) = await stage.deliver.claim(waiting, 1)
    late = msgspec.structs.replace(lost, claimed_at=stage.clock.now())
    stage.receiver.answers = [Answered(status=500)]
    assert await stage.deliver.attempt(late) is None
    assert (await stage.read(tenant, shown)).failing_since is None
    assert await stage.deliver.attempt(current) is Verdict.DELIVERED
    newest, oldest, _ = await stage.attempts(tenant, shown)
    assert (oldest.outcome, newest.outcome) == ("http_500", "delivered")


async def test_endpoint_removed_on_the_way_is_no_trouble(stage: Stage, tenant: TenantId) -> None:
    shown = await stage.proven(tenant)
    await stage.tell(tenant)
    await stage.fan_out.execute()
    (waiting,) = await stage.due.waiting(troubled=False, limit=9)
    (prepared,) = await stage.deliver.claim(waiting, 1)
    await stage.manage.remove(tenant, shown.endpoint.id)
    assert await stage.deliver.attempt(prepared) is Verdict.DELIVERED
    assert await stage.deliver.claim(waiting, 1) == ()
    assert await stage.run() == []


async def test_without_the_key_of_the_boxes_nothing_is_claimed(
    stage: Stage, tenant: TenantId
) -> None:
    shown = await stage.proven(tenant)
    await stage.tell(tenant)
    secrets, stage.box._secrets = stage.box._secrets, {}
    with pytest.raises(SecretBoxUnavailable):
        await stage.run()
    assert len(await stage.attempts(tenant, shown)) == 1
    stage.box._secrets = secrets
    assert await stage.run() == [Verdict.DELIVERED]


async def test_range_goes_out_again_and_only_to_the_endpoint_named(
    stage: Stage, tenant: TenantId
) -> None:
    shown, other = await stage.proven(tenant), await stage.proven(tenant)
    for _ in range(3):
        await stage.tell(tenant)
    await stage.run()
    before = len(await stage.attempts(tenant, other))
    stage.receiver.sent.clear()
    command = ReplayCommand(tenant_id=tenant, endpoint_id=shown.endpoint.id, after=2, until=4)
    done = await stage.redeliver.page(command)
    assert (done.value.deliveries, done.value.looked_until, done.value.more) == (2, 4, False)
    assert await stage.run() == [Verdict.DELIVERED] * 2
    seqs = [msgspec.json.decode(each.body)["seq"] for each in stage.receiver.sent]
    assert seqs == [3, 4]
    assert len(await stage.attempts(tenant, other)) == before


async def test_range_beyond_the_last_event_comes_to_an_end(stage: Stage, tenant: TenantId) -> None:
    shown = await stage.proven(tenant)
    command = ReplayCommand(tenant_id=tenant, endpoint_id=shown.endpoint.id, after=0, until=10**6)
    done = (await stage.redeliver.page(command)).value
    assert (done.looked_until, done.more) == (1, False)


async def test_largest_event_fits_into_a_request(stage: Stage, tenant: TenantId) -> None:
    await stage.proven(tenant)
    note = "x" * (DATA_BYTES_MAX - len('{"note":""}'))
    await stage.tell(tenant, payload=Told(note=note))
    await stage.run()
    (sent,) = stage.receiver.sent
    assert len(sent.body) < REQUEST_BYTES_MAX


async def test_endpoint_that_cannot_be_looked_after_keeps_no_other_waiting(
    stage: Stage, tenant: TenantId, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = await stage.proven(tenant), await stage.proven(tenant)
    await stage.tell(tenant)
    advance = stage.fan_out._advance

    async def fails(tenant_id: TenantId, endpoint_id: WebhookEndpointId) -> int:
        if endpoint_id == broken.endpoint.id:
            raise RuntimeError("of this one endpoint")
        return await advance(tenant_id, endpoint_id)

    monkeypatch.setattr(stage.fan_out, "_advance", fails)
    assert await stage.run() == [Verdict.DELIVERED]
    assert len(await stage.attempts(tenant, fine)) == 2
    monkeypatch.undo()
    assert Verdict.DELIVERED in await stage.run()
    assert (await stage.attempts(tenant, broken))[0].event_type == Told.event_type


async def test_unproven_endpoint_has_one_attempt_under_way_among_all_workers(
    stage: Stage, tenant: TenantId
) -> None:
    await stage.endpoint(tenant)
    for _ in range(3):
        await stage.tell(tenant)
    await stage.fan_out.execute()
    (waiting,) = await stage.due.waiting(troubled=True, limit=9)
    assert len(await stage.deliver.claim(waiting, 4)) == 1
    assert await stage.deliver.claim(waiting, 4) == ()
