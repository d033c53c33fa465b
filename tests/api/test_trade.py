"""The main story over HTTP: a quote, an order, and what the books say then."""

from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.memory.liquidity_faults import Armed, Fault
from tests.api.world import Caller, Json, Partner, World, made, problem

OBJECT = {"id", "created_at", "updated_at", "version"}


async def test_accepted_quote_fills_and_moves_the_money(caller: Caller, partner: Partner) -> None:
    quote = await caller.quote(partner.customer_id)

    response = await caller.post("/v1/orders", {"quote_id": quote["id"], "client_order_id": "o-1"})

    order = made(response, 201)
    assert response.headers["location"] == f"/v1/orders/{order['id']}"
    assert order.keys() >= OBJECT
    assert (order["type"], order["status"], order["final"]) == ("rfq", "filled", True)
    assert (order["outcome"], order["reject_reason"]) == (None, None)
    assert (order["quote_id"], order["client_order_id"]) == (quote["id"], "o-1")
    for name in ("customer_id", "instrument", "side", "base_amount", "quote_amount", "price"):
        assert order[name] == quote[name]
    (fill,) = order["fills"]
    assert (fill["base_amount"], fill["source"]) == (order["base_amount"], "lp")
    assert "source_ref" not in fill
    paid = Decimal(100_000) - Decimal(quote["quote_amount"])
    assert await caller.balances(partner.customer_id) == {
        "BTC": ("2.10000000", "0.00000000", "2.10000000"),
        "USDT": (f"{paid:.8f}", "0.00000000", f"{paid:.8f}"),
    }
    assert (await caller.read(f"/v1/quotes/{quote['id']}"))["order_id"] == order["id"]
    assert await caller.read(f"/v1/orders/{order['id']}") == order


@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_quote_explains_itself_to_the_unit(
    caller: Caller, partner: Partner, side: str
) -> None:
    quote = await caller.quote(partner.customer_id, side=side)

    assert quote.keys() >= OBJECT
    assert (quote["status"], quote["fixed"], quote["order_id"]) == ("open", "base", None)
    assert quote["base_amount"] == "0.10000000"
    assert quote["expires_at"] == "2026-01-05T09:00:08.000000Z"
    assert quote["fee"]["asset"] == "USDT"
    parts = quote["breakdown"]
    assert "lp" not in parts
    margin = sum(
        Decimal(parts[name]) for name in ("platform_spread", "tenant_spread", "rounding", "fee")
    )
    sign = 1 if side == "buy" else -1
    assert Decimal(parts["lp_amount"]) + sign * margin == Decimal(quote["quote_amount"])
    assert parts["fee"] == quote["fee"]["amount"]


async def test_fixed_quote_amount_stays_exact(caller: Caller, partner: Partner) -> None:
    quote = await caller.make(
        "/v1/quotes",
        {
            "customer_id": partner.customer_id,
            "instrument": "BTC-USDT",
            "side": "buy",
            "quote_amount": "250.5",
        },
    )
    assert (quote["fixed"], quote["quote_amount"]) == ("quote", "250.50000000")


async def test_expired_quote_shows_as_expired_and_is_refused_for_ever(
    caller: Caller, partner: Partner, world: World
) -> None:
    quote = await caller.quote(partner.customer_id)
    world.later(timedelta(seconds=8))

    assert (await caller.read(f"/v1/quotes/{quote['id']}"))["status"] == "expired"
    body = {"quote_id": quote["id"]}
    first = await caller.post("/v1/orders", body, key="late")
    second = await caller.post("/v1/orders", body, key="late")

    problem(first, 409, "quote_expired")
    assert "idempotent-replayed" not in first.headers
    problem(second, 409, "quote_expired")
    assert second.headers["idempotent-replayed"] == "true"


async def test_second_acceptance_names_the_first_order(caller: Caller, partner: Partner) -> None:
    quote = await caller.quote(partner.customer_id)
    order = await caller.make("/v1/orders", {"quote_id": quote["id"]})

    again = problem(
        await caller.post("/v1/orders", {"quote_id": quote["id"]}), 409, "quote_already_accepted"
    )

    assert again["order_id"] == order["id"]
    assert again["existing"] == f"/v1/orders/{order['id']}"


async def test_taken_client_order_id_names_the_order(caller: Caller, partner: Partner) -> None:
    first, second = [await caller.quote(partner.customer_id) for _ in range(2)]
    order = await caller.make("/v1/orders", {"quote_id": first["id"], "client_order_id": "o-1"})

    taken = await caller.post("/v1/orders", {"quote_id": second["id"], "client_order_id": "o-1"})

    assert problem(taken, 409, "client_order_id_taken")["order_id"] == order["id"]


async def test_lp_refusal_is_a_rejected_order_and_no_error(
    caller: Caller, partner: Partner, world: World
) -> None:
    before = await caller.balances(partner.customer_id)
    quote = await caller.quote(partner.customer_id)
    world.lp.arm(Armed(fault=Fault.LAST_LOOK_REJECT))

    order = await caller.make("/v1/orders", {"quote_id": quote["id"]})

    assert (order["status"], order["final"], order["fills"]) == ("rejected", True, [])
    assert order["reject_reason"]
    assert await caller.balances(partner.customer_id) == before


async def test_unknown_outcome_is_accepted_with_funds_held(
    caller: Caller, partner: Partner
) -> None:
    order, quote = await _unknown(caller, partner)

    assert (order["status"], order["final"], order["outcome"]) == ("pending", False, "unknown")
    posted, held, _ = (await caller.balances(partner.customer_id))["USDT"]
    assert (posted, held) == ("100000.00000000", quote["quote_amount"])
    listed = await caller.read("/v1/orders", outcome="unknown", status="pending")
    assert [each["id"] for each in listed["data"]] == [order["id"]]


async def test_replay_of_an_open_order_answers_as_the_first_time(
    caller: Caller, partner: Partner
) -> None:
    order, quote = await _unknown(caller, partner, key="once")

    replay = await caller.post("/v1/orders", {"quote_id": quote["id"]}, key="once")

    assert made(replay, 202) == order
    assert replay.headers["idempotent-replayed"] == "true"
    assert replay.headers["retry-after"] == "1"
    assert replay.headers["location"] == f"/v1/orders/{order['id']}"


async def _unknown(caller: Caller, partner: Partner, key: str | None = None) -> tuple[Json, Json]:
    """An order whose LP did not answer, as partners provoke it, and its quote."""
    quote = await caller.quote(partner.customer_id)
    response = await caller.post(
        "/v1/orders",
        {"quote_id": quote["id"]},
        key=key,
        headers={"X-Aksum-Scenario": "execute_timeout_after_commit"},
    )
    order = made(response, 202)
    assert response.headers["location"] == f"/v1/orders/{order['id']}"
    assert response.headers["retry-after"] == "1"
    return order, quote


async def test_order_beyond_the_balance_is_refused_with_nothing_held(
    caller: Caller, partner: Partner
) -> None:
    quote = await caller.quote(partner.customer_id, base_amount="5")
    before = await caller.balances(partner.customer_id)

    refused = await caller.post("/v1/orders", {"quote_id": quote["id"]})

    problem(refused, 422, "insufficient_funds")
    assert await caller.balances(partner.customer_id) == before


async def test_no_liquidity_may_be_retried_with_the_same_key(
    caller: Caller, partner: Partner, world: World
) -> None:
    body = {
        "customer_id": partner.customer_id,
        "instrument": "BTC-USDT",
        "side": "buy",
        "base_amount": "0.1",
    }
    world.lp.arm(Armed(fault=Fault.QUOTE_5XX))

    refused = await caller.post("/v1/quotes", body, key="k")

    assert problem(refused, 503, "no_liquidity")["retryable"] is True
    assert refused.headers["retry-after"] == "1"
    made(await caller.post("/v1/quotes", body, key="k"), 201)


@pytest.mark.parametrize(
    ("amount", "reason", "limit"),
    [
        ("0.00009999", "amount_below_minimum", ("min", "0.00010000")),
        ("10.000001", "amount_above_maximum", ("max", "10.00000000")),
    ],
)
async def test_amount_outside_the_limits_names_the_limit(
    caller: Caller, partner: Partner, amount: str, reason: str, limit: tuple[str, str]
) -> None:
    response = await caller.post(
        "/v1/quotes",
        {
            "customer_id": partner.customer_id,
            "instrument": "BTC-USDT",
            "side": "buy",
            "base_amount": amount,
        },
    )
    refused = problem(response, 422, "limit_exceeded")
    name, value = limit
    assert (refused["reason"], refused["asset"], refused[name]) == (reason, "BTC", value)


async def test_amount_off_the_lot_is_refused(caller: Caller, partner: Partner) -> None:
    response = await caller.post(
        "/v1/quotes",
        {
            "customer_id": partner.customer_id,
            "instrument": "BTC-USDT",
            "side": "buy",
            "base_amount": "0.12345678",
        },
    )
    problem(response, 422, "amount_not_on_lot")
