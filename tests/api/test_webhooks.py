"""Webhook endpoints over HTTP; what is sent is in tests/webhooks."""

from datetime import timedelta

from adapters.memory.unit_of_work import MemoryUnitOfWork
from application.webhooks.manage_endpoints import ENDPOINTS_MAX, SIGNING_KEYS_MAX
from domain.shared.ids import IdPrefix, WebhookEndpointId, decode_id
from domain.webhooks.endpoint import DisabledBy, disable
from tests.api.world import Caller, Json, Partner, World, made, problem
from tests.unit.domain.webhooks.hostile import HOSTILE_ADDRESSES, HOSTILE_URLS

HOOKS = "/v1/webhook-endpoints"
URL = "https://hooks.partner.com/in"
ENDPOINT: Json = {"url": URL, "event_types": ["order.*"]}


async def test_endpoint_answers_its_secret_once(caller: Caller) -> None:
    created = await caller.make(HOOKS, {**ENDPOINT, "description": "orders"}, key="once")
    assert created["secret"].startswith("whsec_")
    assert created["public_keys"][0].startswith("whpk_")
    again = await caller.post(HOOKS, {**ENDPOINT, "description": "orders"}, key="once")
    assert again.headers["idempotent-replayed"] == "true"
    assert made(again, 201) == {**created, "secret": None}
    del created["secret"]
    assert await caller.read(f"{HOOKS}/{created['id']}") == created
    assert (await caller.read(HOOKS))["data"] == [created]
    assert created == {
        "id": created["id"],
        "url": URL,
        "event_types": ["order.*"],
        "customer_id": None,
        "description": "orders",
        "status": "active",
        "disabled_by": None,
        "failing_since": None,
        "public_keys": created["public_keys"],
        "created_at": "2026-01-05T09:00:00.000000Z",
        "updated_at": "2026-01-05T09:00:00.000000Z",
        "version": 1,
    }


async def test_every_hostile_url_is_refused_at_registration(caller: Caller, world: World) -> None:
    before = world.state()
    for reason, url in HOSTILE_URLS:
        response = await caller.post(HOOKS, {**ENDPOINT, "url": url})
        if reason == "too_long":
            problem(response, 400, "validation_failed")
        else:
            assert problem(response, 422, "webhook_url_refused")["reason"] == reason
    assert world.state() == before
    assert world.names.asked == []


async def test_name_that_leads_to_any_hostile_address_is_refused_at_registration(
    caller: Caller, world: World
) -> None:
    before = world.state()
    for _, address in HOSTILE_ADDRESSES:
        world.names.leads("hooks.partner.com", ("93.184.215.14", address))
        response = await caller.post(HOOKS, ENDPOINT)
        assert problem(response, 422, "webhook_url_refused")["reason"] == "address"
    assert world.state() == before


async def test_url_is_refused_when_it_is_changed_too(caller: Caller, world: World) -> None:
    endpoint = await caller.make(HOOKS, ENDPOINT)
    place = f"{HOOKS}/{endpoint['id']}"
    world.names.leads("inside.partner.com", ("10.0.0.1",))
    for url in ("https://127.0.0.1/", "https://inside.partner.com/", "http://a.partner.com/"):
        problem(await caller.send("PATCH", place, {"url": url}), 422, "webhook_url_refused")
    changed = await caller.send("PATCH", place, {"url": "https://Hooks.partner.com:8443"})
    assert made(changed, 200)["url"] == "https://hooks.partner.com:8443/"


async def test_new_endpoint_is_announced_a_ping_of_its_own(
    caller: Caller, world: World, partner: Partner
) -> None:
    endpoint = await caller.make(HOOKS, ENDPOINT)
    await world.relayed()
    (told,) = (await caller.read("/v1/events", types="webhook_endpoint.ping.v1"))["data"]
    assert told["data"] == {"id": endpoint["id"], "url": URL}


async def test_change_of_what_was_read_is_kept(caller: Caller) -> None:
    place = f"{HOOKS}/{(await caller.make(HOOKS, ENDPOINT))['id']}"
    wanted = {"event_types": ["*", "order.filled.v1", "*"], "description": "all"}
    changed = await caller.send("PATCH", place, wanted, headers={"If-Match": '"1"'})
    assert changed.headers["etag"] == '"2"'
    body = made(changed, 200)
    assert (body["event_types"], body["description"]) == (["*", "order.filled.v1"], "all")
    stale = await caller.send("PATCH", place, wanted, headers={"If-Match": '"1"'})
    problem(stale, 412, "version_conflict")


async def test_disabled_endpoint_is_enabled_again_and_that_is_told(
    caller: Caller, world: World, partner: Partner
) -> None:
    endpoint = await caller.make(HOOKS, ENDPOINT)
    place = f"{HOOKS}/{endpoint['id']}"
    disabled = made(await caller.send("PATCH", place, {"status": "disabled"}), 200)
    assert (disabled["status"], disabled["disabled_by"]) == ("disabled", "partner")
    enabled = made(await caller.send("PATCH", place, {"status": "active"}), 200)
    assert (enabled["status"], enabled["disabled_by"], enabled["version"]) == ("active", None, 3)
    await world.relayed()
    (told,) = (await caller.read("/v1/events", types="webhook_endpoint.disabled.v1"))["data"]
    assert told["data"] == {"id": endpoint["id"], "url": URL, "disabled_by": "partner"}


async def test_what_an_operator_disabled_a_partner_does_not_enable(
    caller: Caller, world: World, partner: Partner
) -> None:
    place = f"{HOOKS}/{(await caller.make(HOOKS, ENDPOINT))['id']}"
    endpoint_id = WebhookEndpointId(decode_id(IdPrefix.WEBHOOK_ENDPOINT, place[len(HOOKS) + 1 :]))
    async with MemoryUnitOfWork(world.store).begin(partner.tenant_id) as tx:
        endpoint = await tx.webhook_endpoints.get(endpoint_id)
        stopped = disable(endpoint, by=DisabledBy.OPERATOR, at=world.clock.now())
        await tx.webhook_endpoints.update(stopped)
        await tx.commit()
    problem(await caller.send("PATCH", place, {"status": "active"}), 409, "conflict")


async def test_removed_endpoint_is_gone(caller: Caller) -> None:
    place = f"{HOOKS}/{(await caller.make(HOOKS, ENDPOINT))['id']}"
    assert made(await caller.send("DELETE", place), 200)["public_keys"] == []
    for method, path in (("GET", place), ("DELETE", place), ("GET", f"{place}/attempts")):
        problem(await caller.send(method, path), 404, "not_found")
    assert (await caller.read(HOOKS))["data"] == []


async def test_rotated_secret_is_another_and_both_keys_sign_for_a_day(
    caller: Caller, world: World
) -> None:
    endpoint = await caller.make(HOOKS, ENDPOINT)
    place = f"{HOOKS}/{endpoint['id']}"
    rotated = await caller.make(f"{place}/rotate", {}, key="rotation")
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != endpoint["secret"]
    assert len(rotated["public_keys"]) == 2
    assert rotated["public_keys"][1] == endpoint["public_keys"][0]
    assert (await caller.make(f"{place}/rotate", {}, key="rotation"))["secret"] is None
    world.later(timedelta(days=1))
    assert (await caller.read(place))["public_keys"] == rotated["public_keys"][:1]


async def test_leaked_secret_is_replaced_without_overlap(caller: Caller) -> None:
    place = f"{HOOKS}/{(await caller.make(HOOKS, ENDPOINT))['id']}"
    rotated = await caller.make(f"{place}/rotate", {"overlap_seconds": 0})
    assert len(rotated["public_keys"]) == 1


async def test_secrets_and_endpoints_have_a_bounded_number(caller: Caller) -> None:
    place = f"{HOOKS}/{(await caller.make(HOOKS, ENDPOINT))['id']}"
    for _ in range(SIGNING_KEYS_MAX - 1):
        await caller.make(f"{place}/rotate", {})
    problem(await caller.post(f"{place}/rotate", {}), 409, "conflict")
    for _ in range(ENDPOINTS_MAX - 1):
        await caller.make(HOOKS, ENDPOINT)
    problem(await caller.post(HOOKS, ENDPOINT), 409, "too_many_webhook_endpoints")


async def test_malformed_endpoint_is_refused(caller: Caller) -> None:
    malformed: list[Json] = [
        {"event_types": []},
        {"event_types": ["Order.*"]},
        {"event_types": ["*.v1"]},
        {"event_types": "order.*"},
        {"customer_id": "c-1"},
        {"description": ""},
        {"secret": "whsec_x"},
        {"url": None},
    ]
    for wrong in malformed:
        problem(await caller.post(HOOKS, {**ENDPOINT, **wrong}), 400, "validation_failed")


async def test_customer_of_a_filter_has_to_exist(caller: Caller, stranger: Partner) -> None:
    wanted = {**ENDPOINT, "customer_id": stranger.customer_id}
    problem(await caller.post(HOOKS, wanted), 404, "not_found")


async def test_one_event_is_sent_again_to_those_who_ask_for_it(
    caller: Caller, world: World, partner: Partner
) -> None:
    orders = await caller.make(HOOKS, ENDPOINT)
    customers = await caller.make(HOOKS, {"url": URL, "event_types": ["customer.*"]})
    await world.relayed()
    event = (await caller.read("/v1/events", types="customer.*"))["data"][0]["id"]
    done = await caller.make(f"/v1/events/{event}/redeliver", {}, key="again")
    assert done == {"event_id": event, "webhook_endpoint_ids": [customers["id"]]}
    assert await caller.make(f"/v1/events/{event}/redeliver", {}, key="again") == done
    named = {"webhook_endpoint_id": orders["id"]}
    done = await caller.make(f"/v1/events/{event}/redeliver", named)
    assert done["webhook_endpoint_ids"] == [orders["id"]]
    assert len(world.store.webhook_deliveries.of(partner.tenant_id)) == 2


async def test_range_is_sent_again_page_by_page(
    caller: Caller, world: World, partner: Partner
) -> None:
    endpoint = await caller.make(HOOKS, {"url": URL, "event_types": ["*"]})
    await world.relayed()
    place = f"{HOOKS}/{endpoint['id']}/redeliver"
    some = await caller.make(place, {"after": 1, "until": 3})
    assert some == {
        "webhook_endpoint_id": endpoint["id"],
        "deliveries": 2,
        "looked_until": 3,
        "has_more": False,
    }
    everything = await caller.make(place, {"after": 0}, key="all")
    assert everything["deliveries"] == everything["looked_until"] > 3
    assert await caller.make(place, {"after": 0}, key="all") == everything
    beyond = await caller.make(place, {"after": 1_000_000})
    assert (beyond["deliveries"], beyond["looked_until"]) == (0, 1_000_000)
