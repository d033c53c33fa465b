"""One key, one effect: for every operation that creates or moves something."""

import asyncio
from typing import Final

import pytest

from domain.tenants.permissions import Scope
from tests.api.examples import OPERATIONS, Example, requests_of
from tests.api.world import Caller, Json, Partner, World, made, problem

IDEMPOTENT = sorted(name for name, each in OPERATIONS.items() if each.idempotent)
# A body that is as good as the example's, and another.
OTHER: dict[str, Json] = {
    "create_customer": {"external_id": "another"},
    "create_quote": {"base_amount": "0.2"},
    "create_order": {"client_order_id": "another"},
    "create_transfer": {"amount": "1.6"},
    "create_transfer_batch": {"atomic": False},
    "create_sandbox_deposit": {"amount": "1.6"},
    "create_api_key": {"label": "another"},
    "rotate_api_key": {"overlap_seconds": 61},
    "create_tenant": {"name": "another"},
    "create_reconciliation_run": {"from": "2026-01-01T00:00:00Z"},
    "resolve_break": {"action": "withdraw_write_off"},
    "create_change_request": {"credit_line": "2"},
    "create_webhook_endpoint": {"description": "another"},
    "rotate_webhook_secret": {"overlap_seconds": 61},
    "redeliver_events": {"after": 1},
    # Their bodies say no more than whose request it is, or to whom.
    "redeliver_event": {},
    "approve_change_request": {},
    "reject_change_request": {},
    "create_resolution": {"reason": "another"},
    "take_settlement_step": {"action": "dispute", "reason": "another"},
}
# They say how something is to be, so that saying it again changes nothing.
SET_A_STATE: Final = {
    "halt_liquidity_provider",
    "reduce_liquidity_provider",
    "resume_liquidity_provider",
    "reset_liquidity_provider",
    "close_incident",
}


def test_every_post_is_idempotent() -> None:
    assert sorted(OTHER) == IDEMPOTENT
    assert {each.method for each in OPERATIONS.values() if each.idempotent} == {"POST"}
    assert {
        name for name, each in OPERATIONS.items() if each.method == "POST" and not each.idempotent
    } == SET_A_STATE


async def _prepared(
    world: World, caller: Caller, partner: Partner, operator: Caller, name: str
) -> tuple[Caller, Example]:
    examples = await requests_of(world, caller, partner)
    example = next(each for each in examples if each.operation.name == name)
    return operator if example.operation.scope is Scope.OPERATOR else caller, example


@pytest.mark.parametrize("name", IDEMPOTENT)
async def test_second_request_answers_with_the_first_effect(
    world: World, caller: Caller, partner: Partner, operator: Caller, name: str
) -> None:
    sender, example = await _prepared(world, caller, partner, operator, name)
    first = await sender.post(example.url, example.body, key="k-1")
    after = world.state()

    second = await sender.post(example.url, example.body, key="k-1")
    quoted = await sender.post(example.url, example.body, key='"k-1"')
    other = await sender.post(example.url, (example.body or {}) | OTHER[name], key="k-1")

    assert "idempotent-replayed" not in first.headers
    expected = made(first, 201)
    if "key" in expected:
        assert expected["key"].startswith("ak_test_")
        expected["key"] = None  # the text of a key is shown once
    if "secret" in expected:
        assert expected["secret"].startswith("whsec_")
        expected["secret"] = None
    for replay in (second, quoted):
        assert made(replay, 201) == expected
        assert replay.headers["idempotent-replayed"] == "true"
        assert replay.headers["location"] == first.headers["location"]
    if OTHER[name]:
        problem(other, 422, "idempotency_key_reused")
    assert world.state() == after


@pytest.mark.parametrize("name", IDEMPOTENT)
async def test_key_is_required_and_must_be_one(
    world: World, caller: Caller, partner: Partner, operator: Caller, name: str
) -> None:
    sender, example = await _prepared(world, caller, partner, operator, name)
    before = world.state()
    for key in (None, ""):
        response = await sender.post(example.url, example.body, headers={"Idempotency-Key": key})
        problem(response, 400, "idempotency_key_required")
    for key in ("a b", "a.b", '"', '""', '"a', "k" * 256, "a,b", "\x01"):
        response = await sender.post(example.url, example.body, headers={"Idempotency-Key": key})
        problem(response, 400, "validation_failed")
    assert world.state() == before


async def test_copies_at_the_same_time_have_one_effect(
    world: World, caller: Caller, partner: Partner
) -> None:
    quote = await caller.quote(partner.customer_id)

    responses = await asyncio.gather(
        *(caller.post("/v1/orders", {"quote_id": quote["id"]}, key="same") for _ in range(50))
    )

    # A copy finds the order final or still open, or no order yet.
    orders = {each.json()["id"] for each in responses if each.status_code in {201, 202}}
    assert len(orders) == 1
    assert len(world.lp.executions) == 1
    for each in responses:
        if each.status_code not in {201, 202}:
            problem(each, 409, "idempotency_in_progress")
            assert each.headers["retry-after"] == "1"


async def test_key_of_one_operation_is_taken_for_all(caller: Caller, partner: Partner) -> None:
    await caller.make("/v1/customers", {"external_id": "a"}, key="k")
    deposit = {"customer_id": partner.customer_id, "asset": "USDT", "amount": "1"}

    problem(
        await caller.post("/v1/sandbox/deposits", deposit, key="k"), 422, "idempotency_key_reused"
    )


async def test_tenants_do_not_share_keys(caller: Caller, stranger: Partner) -> None:
    body = {"external_id": "a"}
    first = await caller.make("/v1/customers", body, key="k")
    second = await caller.with_key(stranger.key).make("/v1/customers", body, key="k")
    assert first["id"] != second["id"]


async def test_invalid_request_leaves_the_key_free(caller: Caller) -> None:
    problem(
        await caller.post("/v1/customers", {"external_id": 1}, key="k"), 400, "validation_failed"
    )
    await caller.make("/v1/customers", {"external_id": "a"}, key="k")


async def test_white_space_and_order_do_not_make_another_request(
    caller: Caller, partner: Partner
) -> None:
    first = await caller.send("POST", "/v1/customers", raw=b'{"external_id":"a"}', key="k")
    body = b'{ "metadata" : {}, "external_id" : "a" }'
    second = await caller.send("POST", "/v1/customers", raw=body, key="k")
    assert made(first, 201) == made(second, 201)


async def test_replay_shows_the_resource_as_it_is_now(caller: Caller) -> None:
    body = {"external_id": "a"}
    customer = await caller.make("/v1/customers", body, key="k")
    await caller.send("PATCH", f"/v1/customers/{customer['id']}", {"status": "suspended"})

    replay = await caller.make("/v1/customers", body, key="k")

    assert (replay["id"], replay["status"], replay["version"]) == (customer["id"], "suspended", 2)
