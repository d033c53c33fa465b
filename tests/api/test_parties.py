"""Customers, API keys and tenants."""

import httpx
import pytest

from domain.shared.ids import IdPrefix, encode_id
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.api.world import Caller, Partner, World, made, problem


async def test_customer_comes_back_as_it_was_made(caller: Caller) -> None:
    made_now = await caller.make("/v1/customers", {"external_id": "x/1", "metadata": {"tier": "1"}})

    customer = await caller.read(f"/v1/customers/{made_now['id']}")

    assert customer == made_now
    assert customer == {
        "id": customer["id"],
        "external_id": "x/1",
        "status": "active",
        "metadata": {"tier": "1"},
        "created_at": "2026-01-05T09:00:00.000000Z",
        "updated_at": "2026-01-05T09:00:00.000000Z",
        "version": 1,
    }


async def test_taken_external_id_names_the_customer(caller: Caller, partner: Partner) -> None:
    response = await caller.post("/v1/customers", {"external_id": "c-1"})
    refused = problem(response, 409, "external_id_taken")
    assert refused["customer_id"] == partner.customer_id


async def test_suspended_customer_trades_no_more(caller: Caller, partner: Partner) -> None:
    mine = partner.customer_id
    changed = await caller.send("PATCH", f"/v1/customers/{mine}", {"status": "suspended"})
    assert made(changed, 200)["version"] == 2
    quote = {"customer_id": mine, "instrument": "BTC-USDT", "side": "buy", "base_amount": "0.1"}
    problem(await caller.post("/v1/quotes", quote), 422, "customer_suspended")


async def test_change_of_another_version_is_refused(caller: Caller, partner: Partner) -> None:
    path = f"/v1/customers/{partner.customer_id}"
    etag = (await caller.get(path)).headers["etag"]
    body = {"metadata": {"a": "b"}}
    first = await caller.send("PATCH", path, body, headers={"If-Match": etag})
    second = await caller.send("PATCH", path, body, headers={"If-Match": etag})
    any_version = await caller.send("PATCH", path, body, headers={"If-Match": "*"})
    malformed = await caller.send("PATCH", path, body, headers={"If-Match": "1"})

    assert (etag, first.headers["etag"]) == ('"1"', '"2"')
    problem(second, 412, "version_conflict")
    made(any_version, 200)
    problem(malformed, 400, "validation_failed")


async def test_key_is_shown_once(caller: Caller, client: httpx.AsyncClient) -> None:
    new = await caller.make("/v1/api-keys", {"label": "batch", "scopes": ["read", "keys"]})

    key = new.pop("key")
    assert key.startswith(f"{new['prefix']}_")
    assert (await Caller(client, key).get("/v1/assets")).status_code == 200
    assert await caller.read(f"/v1/api-keys/{new['id']}") == new
    listed = (await caller.get("/v1/api-keys")).text
    assert new["id"] in listed
    assert key not in listed
    assert new["scopes"] == ["keys", "read"]


async def test_no_key_makes_a_mightier_one(caller: Caller, client: httpx.AsyncClient) -> None:
    weak = Caller(
        client, (await caller.make("/v1/api-keys", {"label": "w", "scopes": ["keys"]}))["key"]
    )
    (strong, *_) = (await weak.read("/v1/api-keys"))["data"]

    grab = await weak.post("/v1/api-keys", {"label": "g", "scopes": ["keys", "money"]})
    rotated = await weak.post(f"/v1/api-keys/{strong['id']}/rotate", {})

    problem(grab, 403, "insufficient_scope")
    problem(rotated, 403, "insufficient_scope")


async def test_no_partner_makes_an_operator(caller: Caller) -> None:
    response = await caller.post("/v1/api-keys", {"label": "o", "scopes": ["operator"]})
    problem(response, 422, "scope_not_grantable")


async def test_rotation_needs_no_body(caller: Caller) -> None:
    first = await caller.make("/v1/api-keys", {"label": "a", "scopes": ["keys"]})
    second = made(await caller.send("POST", f"/v1/api-keys/{first['id']}/rotate"), 201)
    old = await caller.read(f"/v1/api-keys/{first['id']}")
    assert old["expires_at"] == "2026-01-06T09:00:00.000000Z"
    assert (second["label"], second["scopes"]) == ("a", ["keys"])


async def test_revoked_key_is_refused_within_the_cache_age(
    world: World, caller: Caller, client: httpx.AsyncClient
) -> None:
    new = await caller.make("/v1/api-keys", {"label": "a", "scopes": ["keys"]})
    other = Caller(client, new["key"])
    assert (await other.get("/v1/api-keys")).status_code == 200

    for _ in range(2):
        revoked = made(await caller.send("DELETE", f"/v1/api-keys/{new['id']}"), 200)
        assert (revoked["status"], revoked["version"]) == ("revoked", 2)
    world.pass_cache_age()

    problem(await other.get("/v1/api-keys"), 401, "unauthenticated")
    problem(await caller.post(f"/v1/api-keys/{new['id']}/rotate", {}), 409, "conflict")


async def test_operator_makes_suspends_and_lists_tenants(
    operator: Caller, caller: Caller, partner: Partner, world: World
) -> None:
    pricing = {"platform_spread_ppm": 1000, "tenant_spread_ppm": 2000, "fee_ppm": 500}
    new = await operator.make("/admin/v1/tenants", {"name": "Chipper", "pricing": pricing})
    assert (new["name"], new["status"], new["pricing"]) == ("Chipper", "active", pricing)
    listed = await operator.read("/admin/v1/tenants")
    assert [each["name"] for each in listed["data"]] == ["Kuda", "Chipper"]

    mine = encode_id(IdPrefix.TENANT, partner.tenant_id)
    changed = await operator.send("PATCH", f"/admin/v1/tenants/{mine}", {"status": "suspended"})

    assert made(changed, 200)["status"] == "suspended"
    problem(await caller.post("/v1/customers", {"external_id": "n"}), 403, "tenant_suspended")
    await caller.read(f"/v1/customers/{partner.customer_id}")


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_the_house_is_no_tenant_to_manage(operator: Caller, method: str) -> None:
    house = encode_id(IdPrefix.TENANT, HOUSE_TENANT_ID)
    body = {"status": "suspended"} if method == "PATCH" else None
    problem(await operator.send(method, f"/admin/v1/tenants/{house}", body), 404, "not_found")


async def test_prices_above_the_cap_are_refused(operator: Caller) -> None:
    pricing = {"platform_spread_ppm": 250_001, "tenant_spread_ppm": 0, "fee_ppm": 0}
    response = await operator.post("/admin/v1/tenants", {"name": "x", "pricing": pricing})
    refused = problem(response, 400, "validation_failed")
    assert refused["errors"][0]["pointer"] == "/pricing/platform_spread_ppm"
