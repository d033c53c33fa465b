"""Many transfers in one request: each with its own key, and its own result."""

import os

import httpx
import msgspec
import pytest

from application.ports.transfer_batches import TRANSFERS_MAX
from entrypoints.http.routes.transfer_batches import BODY_BYTES_MAX
from tests.api.world import NOBODY, Caller, Json, Partner, World, made, problem

PATH = "/v1/transfers/batch"


class Items:
    """Of one partner: the first customer pays the second unless it says otherwise."""

    def __init__(self, partner: Partner) -> None:
        self._parties = {
            "from_customer_id": partner.customer_id,
            "to_customer_id": partner.other_customer_id,
        }

    def of(self, amount: str, *, key: str | None = None, **changed: str) -> Json:
        own_key = {"idempotency_key": key or os.urandom(8).hex()}
        return {**own_key, **self._parties, "asset": "USDT", "amount": amount, **changed}

    def back(self, amount: str, *, key: str | None = None) -> Json:
        payer, payee = self._parties.values()
        return self.of(amount, key=key, from_customer_id=payee, to_customer_id=payer)


@pytest.fixture
def items(partner: Partner) -> Items:
    return Items(partner)


async def send(caller: Caller, *transfers: Json, atomic: bool = False) -> list[Json]:
    body = {"transfers": list(transfers), "atomic": atomic}
    data: list[Json] = (await caller.make(PATH, body))["data"]
    return data


def codes(data: list[Json]) -> list[str]:
    return [each["problem"]["code"] if each["problem"] else each["status"] for each in data]


async def test_each_is_done_or_refused_by_itself_and_in_order(
    caller: Caller, partner: Partner, items: Items
) -> None:
    """The second needs what the first brings; the third is too much for what is left."""
    transfers = [items.of("3"), items.back("2"), items.back("1.5"), items.back("1")]
    data = await send(caller, *transfers)

    assert codes(data) == ["completed", "completed", "insufficient_funds", "completed"]
    assert [each["idempotency_key"] for each in data] == [t["idempotency_key"] for t in transfers]
    assert data[2]["transfer"] is None
    assert (await caller.balances(partner.other_customer_id))["USDT"][0] == "0.00000000"
    first = data[0]["transfer"]
    assert (first["amount"], first["status"]) == ("3.00000000", "completed")
    assert await caller.read(f"/v1/transfers/{first['id']}") == first
    transaction = await caller.read(f"/v1/transactions/{first['transaction_id']}")
    assert transaction["reference"] == first["id"]


async def test_what_speaks_against_an_item_alone_refuses_it_alone(
    caller: Caller, partner: Partner, items: Items
) -> None:
    suspended = await caller.customer("c-3")
    await caller.send("PATCH", f"/v1/customers/{suspended}", {"status": "suspended"})
    transfers = [
        items.of("1", asset="XYZ"),
        items.of("0.123456789"),
        items.of("0.00"),
        items.of("1" + "0" * 30),
        items.of("1", to_customer_id=partner.customer_id),
        items.of("1", to_customer_id=NOBODY),
        items.of("1", from_customer_id=NOBODY),
        items.of("1", to_customer_id=suspended),
        items.of("100001"),
        items.of("1", reference="Rent, March"),
    ]
    data = await send(caller, *transfers)

    assert codes(data) == [
        "not_found",
        "validation_failed",
        "validation_failed",
        "validation_failed",
        "transfer_to_self",
        "not_found",
        "not_found",
        "customer_suspended",
        "insufficient_funds",
        "completed",
    ]
    assert all(each["problem"]["detail"] for each in data[:-1])
    assert data[-1]["transfer"]["reference"] == "Rent, March"
    assert (await caller.balances(partner.other_customer_id))["USDT"][0] == "1.00000000"


@pytest.mark.parametrize("wrong", ["7000000", "0.123456789"])
async def test_atomic_batch_is_done_as_a_whole_or_not_at_all(
    caller: Caller, items: Items, world: World, wrong: str
) -> None:
    """Be it the books that speak against one, or the item itself."""
    await send(caller, items.of("1"))
    balances = world.state()[1]
    data = await send(caller, items.of("1"), items.of(wrong), items.of("2"), atomic=True)
    assert codes(data)[0::2] == ["linked_failed", "linked_failed"]
    assert codes(data)[1] in {"insufficient_funds", "validation_failed"}
    assert world.state()[1] == balances
    assert codes(await send(caller, items.of("1"), items.of("2"), atomic=True)) == ["completed"] * 2


async def test_item_is_answered_as_the_first_time_whatever_has_changed(
    caller: Caller, partner: Partner, items: Items
) -> None:
    paid, much, wrong = items.of("1"), items.back("50"), items.of("0.000000001")
    first = await send(caller, paid, much, wrong)
    await caller.deposit(partner.other_customer_id, "USDT", "1000")
    again = await send(caller, wrong, items.of("5"), much, paid)

    assert [each["replayed"] for each in again] == [False, False, True, True]
    for before, after in zip(first[:2], (again[3], again[2]), strict=True):
        assert after == before | {"replayed": True}
    assert again[0] == first[2]
    assert (await caller.balances(partner.customer_id))["USDT"][0] == "99994.00000000"


async def test_item_that_never_came_to_the_books_decides_nothing_about_its_key(
    caller: Caller, partner: Partner, items: Items
) -> None:
    payment = items.of("1")
    path = f"/v1/customers/{partner.other_customer_id}"
    made(await caller.send("PATCH", path, {"status": "suspended"}), 200)
    assert codes(await send(caller, payment)) == ["customer_suspended"]
    whole = await send(caller, items.of("2"), payment, items.of("0"), atomic=True)
    assert codes(whole) == ["customer_suspended", "customer_suspended", "validation_failed"]
    made(await caller.send("PATCH", path, {"status": "active"}), 200)
    (done,) = await send(caller, payment)
    assert (done["status"], done["replayed"]) == ("completed", False)


async def test_key_of_an_item_with_another_body_is_refused_and_the_rest_is_done(
    caller: Caller, items: Items
) -> None:
    first = items.of("1", key="one")
    await send(caller, first)
    for other in ({"amount": "1.0"}, {"reference": "x"}, {"asset": "BTC"}):
        data = await send(caller, first | other, items.of("1"))
        assert codes(data) == ["idempotency_key_reused", "completed"]
        assert not data[0]["replayed"]
    assert codes(await send(caller, first)) == ["completed"]


async def test_atomic_batch_repeats_as_a_whole_only(caller: Caller, items: Items) -> None:
    one, two, three = items.of("1"), items.of("2"), items.of("3")
    first = await send(caller, one, two, atomic=True)
    again = await send(caller, one, two, atomic=True)
    assert again == [each | {"replayed": True} for each in first]

    part = await send(caller, two, three, atomic=True)
    assert codes(part) == ["idempotency_key_reused", "linked_failed"]
    other = await send(caller, one | {"amount": "9"}, two, atomic=True)
    assert codes(other) == ["idempotency_key_reused"] * 2
    # Nothing was decided about it.
    assert codes(await send(caller, three)) == ["completed"]


async def test_refusals_of_an_atomic_batch_are_for_ever_too(caller: Caller, items: Items) -> None:
    good, much = items.of("1"), items.of("7000000")
    first = await send(caller, good, much, atomic=True)
    assert codes(first) == ["linked_failed", "insufficient_funds"]
    assert await send(caller, good) == [first[0] | {"replayed": True}]


async def test_whole_request_repeats_with_the_same_results_later(
    caller: Caller, partner: Partner, items: Items
) -> None:
    """Also those that nothing was decided about at the time, and that were done since."""
    used, new = items.of("1"), items.of("2")
    await send(caller, used)
    body = {"transfers": [used, new], "atomic": True}
    first = await caller.post(PATH, body, key="k")
    assert codes(await send(caller, new)) == ["completed"]
    again = await caller.post(PATH, body, key="k")

    assert made(again, 201) == made(first, 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert await caller.read(again.headers["location"]) == made(first, 201)


async def test_items_and_requests_do_not_share_keys(caller: Caller, items: Items) -> None:
    single = {n: v for n, v in items.of("1").items() if n != "idempotency_key"}
    await caller.make("/v1/transfers", single, key="k")
    assert codes(await send(caller, items.of("1", key="k"))) == ["completed"]
    body = {"transfers": [items.of("1", key="other")]}
    problem(await caller.post(PATH, body, key="k"), 422, "idempotency_key_reused")
    assert codes(await send(caller, items.of("1", key="other"))) == ["completed"]


async def test_tenants_do_not_share_keys_of_items(
    caller: Caller, items: Items, stranger: Partner
) -> None:
    theirs = Items(stranger)
    assert codes(await send(caller, items.of("1", key="k"))) == ["completed"]
    other = caller.with_key(stranger.key)
    assert codes(await send(other, theirs.of("1", key="k"))) == ["completed"]


async def test_malformed_item_refuses_the_request_with_a_pointer(
    caller: Caller, items: Items, world: World
) -> None:
    good = items.of("1", key="good")
    before = world.state()
    for wrong, field in (
        (items.of("1") | {"idempotency_key": "a b"}, "idempotency_key"),
        (items.of("1") | {"idempotency_key": "k" * 201}, "idempotency_key"),
        (items.of("1e3"), "amount"),
        (items.of("1", asset="usdt"), "asset"),
        (items.of("1", to_customer_id="ten_" + "0" * 26), "to_customer_id"),
        (items.of("1") | {"referense": "x"}, "referense"),
        (items.of("1", reference="x\n"), "reference"),
        (items.of("2", key="good"), "idempotency_key"),
    ):
        response = await caller.post(PATH, {"transfers": [good, wrong]})
        refused = problem(response, 400, "validation_failed")
        pointer = refused["errors"][0]["pointer"]
        assert pointer.startswith("/transfers/")
        assert pointer.endswith(f"/{field}")
    missing = {name: value for name, value in good.items() if name != "amount"}
    problem(await caller.post(PATH, {"transfers": [missing]}), 400, "validation_failed")
    assert world.state() == before


async def test_a_thousand_are_taken_and_not_one_more(
    caller: Caller, partner: Partner, items: Items
) -> None:
    """The longest that an item can be, so that the body's bound is never in the way of it."""
    name, amount = "n" * 200, "0.00000001"
    many = [
        items.of(amount, key=f"{number:04}{name}"[:200], reference="ä" * 100)
        for number in range(TRANSFERS_MAX + 1)
    ]
    too_many = await caller.post(PATH, {"transfers": many})
    assert problem(too_many, 400, "validation_failed")["errors"][0]["pointer"] == "/transfers"
    data = await send(caller, *many[:-1])
    assert set(codes(data)) == {"completed"}
    assert (await caller.balances(partner.other_customer_id))["USDT"][0] == "0.00001000"


async def test_body_has_a_bound_of_its_own(caller: Caller, items: Items) -> None:
    raw = msgspec.json.encode({"transfers": [items.of("1")]})
    filled = raw + b" " * (BODY_BYTES_MAX - len(raw))
    assert (await caller.send("POST", PATH, raw=filled)).status_code == 201
    problem(await caller.send("POST", PATH, raw=filled + b" "), 413, "body_too_large")


async def test_batch_that_fails_half_way_leaves_nothing_and_is_done_when_repeated(
    caller: Caller, items: Items, world: World
) -> None:
    body = {"transfers": [items.of("1"), items.back("1"), items.of("3")]}
    before = world.state()
    for good in range(7):
        world.ids.failure, world.ids.good = RuntimeError("killed"), good
        problem(await caller.post(PATH, body, key="k"), 500, "internal_error")
        assert world.state() == before
    world.ids.failure = None
    first = await caller.post(PATH, body, key="k")
    assert codes(made(first, 201)["data"]) == ["completed"] * 3
    assert made(await caller.post(PATH, body, key="k"), 201) == made(first, 201)


async def test_suspended_tenant_sends_no_batch(
    caller: Caller, items: Items, partner: Partner, operator: Caller, client: httpx.AsyncClient
) -> None:
    tenants = (await operator.read("/admin/v1/tenants"))["data"]
    (tenant,) = (each["id"] for each in tenants if each["name"] == "Kuda")
    await operator.send("PATCH", f"/admin/v1/tenants/{tenant}", {"status": "suspended"})
    response = await caller.post(PATH, {"transfers": [items.of("1")]})
    problem(response, 403, "tenant_suspended")


async def test_there_is_nothing_to_get_where_batches_are_sent(caller: Caller) -> None:
    problem(await caller.send("GET", PATH), 405, "method_not_allowed")
