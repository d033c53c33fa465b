"""The event feed: gap-free, filtered, of one tenant only, and waited for with nothing held."""

import asyncio
from datetime import datetime, timedelta

import pytest

from application.events.feed_watch import LOOK_EVERY, WAITERS_OF_TENANT_MAX
from tests.api.world import Caller, Json, Partner, World, problem


async def test_feed_tells_each_change_once_in_order_without_a_gap(
    world: World, caller: Caller, partner: Partner
) -> None:
    order = await bought(caller, partner)
    await world.relayed()
    feed = await caller.read("/v1/events")
    assert [each["seq"] for each in feed["data"]] == list(range(1, len(feed["data"]) + 1))
    assert [each["type"] for each in feed["data"]] == [
        "api_key.created.v1",
        "customer.created.v1",
        "customer.created.v1",
        "deposit.confirmed.v1",
        "deposit.confirmed.v1",
        "order.pending.v1",
        "order.filled.v1",
    ]
    assert (feed["next"], feed["has_more"]) == (7, False)
    pending, filled = feed["data"][-2:]
    assert pending["data"] == {
        "id": order["id"],
        "quote_id": order["quote_id"],
        "client_order_id": None,
        "outcome": None,
    }
    told = filled["data"]
    shared = ("id", "quote_id", "customer_id", "side", "base_amount", "quote_amount", "fee")
    assert {name: told[name] for name in shared} == {name: order[name] for name in shared}
    assert [each["id"] for each in told["fills"]] == [each["id"] for each in order["fills"]]
    assert (pending["resource_version"], filled["resource_version"]) == (1, order["version"])
    assert filled["customer_ids"] == [partner.customer_id]
    assert datetime.fromisoformat(filled["occurred_at"]) <= datetime.fromisoformat(
        filled["recorded_at"]
    )


async def test_event_is_read_alone_as_it_is_in_the_feed(
    world: World, caller: Caller, partner: Partner
) -> None:
    await world.relayed()
    (event,) = (await caller.read("/v1/events", limit=1))["data"]
    assert await caller.read(f"/v1/events/{event['id']}") == event


async def test_reader_goes_on_from_next_until_there_is_no_more(
    world: World, caller: Caller, partner: Partner
) -> None:
    await bought(caller, partner)
    await world.relayed()
    whole = await caller.read("/v1/events")
    after, pieces = 0, []
    while True:
        page = await caller.read("/v1/events", after=after, limit=2)
        pieces += page["data"]
        after = page["next"]
        if not page["has_more"]:
            break
    assert pieces == whole["data"]
    assert await caller.read("/v1/events", after=after) == {
        "data": [],
        "next": after,
        "has_more": False,
    }


async def test_filters_let_through_what_was_asked_for_and_next_moves_on_all_the_same(
    world: World, caller: Caller, partner: Partner
) -> None:
    await bought(caller, partner)
    mine, other = partner.customer_id, partner.other_customer_id
    transfer = {"from_customer_id": mine, "to_customer_id": other, "asset": "USDT", "amount": "1"}
    await caller.make("/v1/transfers", transfer)
    await world.relayed()
    for parameters, expected in (
        ({"types": "order.*"}, ["order.pending.v1", "order.filled.v1"]),
        ({"types": "order.rejected.v1"}, []),
        ({"types": "deposit.*,order.filled.v1", "limit": 2}, ["deposit.confirmed.v1"] * 2),
        ({"customer_id": other}, ["customer.created.v1", "transfer.completed.v1"]),
        ({"customer_id": mine, "types": "transfer.*"}, ["transfer.completed.v1"]),
    ):
        page = await caller.read("/v1/events", **parameters)
        assert [each["type"] for each in page["data"]] == expected
        assert page["next"] == (5 if "limit" in parameters else 8)
        assert page["has_more"] is ("limit" in parameters)


async def test_feed_is_the_tenants_own(
    world: World, caller: Caller, partner: Partner, stranger: Partner
) -> None:
    await bought(caller, partner)
    await world.relayed()
    theirs = caller.with_key(stranger.key)
    mine, other = [(await each.read("/v1/events"))["data"] for each in (caller, theirs)]
    assert len(mine) == len(other) + 2
    assert not {each["id"] for each in mine} & {each["id"] for each in other}
    assert [each["seq"] for each in other] == list(range(1, len(other) + 1))
    problem(await theirs.get(f"/v1/events/{mine[0]['id']}"), 404, "not_found")
    strange = await theirs.read("/v1/events", customer_id=partner.customer_id)
    assert strange == {"data": [], "next": len(other), "has_more": False}


async def test_what_is_not_numbered_yet_is_not_shown(
    world: World, caller: Caller, partner: Partner
) -> None:
    assert await caller.read("/v1/events") == {"data": [], "next": 0, "has_more": False}


async def test_whoever_waits_gets_the_next_event_as_soon_as_it_is_there(
    world: World, caller: Caller, partner: Partner
) -> None:
    await world.relayed()
    after = (await caller.read("/v1/events"))["next"]
    world.between_looks = lambda: happens_after_two_looks(world, caller)
    page = await caller.read("/v1/events", after=after, wait=30)
    assert [each["type"] for each in page["data"]] == ["customer.created.v1"]
    assert (page["next"], world.pauses) == (after + 1, 3)


async def test_what_a_filter_holds_back_ends_the_wait_with_next_moved_on(
    world: World, caller: Caller, partner: Partner
) -> None:
    await world.relayed()
    after = (await caller.read("/v1/events"))["next"]
    world.between_looks = lambda: happens_after_two_looks(world, caller)
    page = await caller.read("/v1/events", after=after, wait=30, types="order.*")
    assert page == {"data": [], "next": after + 1, "has_more": False}


async def test_whoever_waits_in_vain_gets_an_empty_page_in_time(
    world: World, caller: Caller, partner: Partner
) -> None:
    await world.relayed()
    after = (await caller.read("/v1/events"))["next"]
    began = world.clock.now()
    assert await caller.read("/v1/events", after=after, wait=3) == {
        "data": [],
        "next": after,
        "has_more": False,
    }
    assert world.clock.now() - began == timedelta(seconds=3)
    assert world.pauses == timedelta(seconds=3) // LOOK_EVERY


async def test_nobody_waits_while_there_is_something_to_read(
    world: World, caller: Caller, partner: Partner
) -> None:
    await world.relayed()
    await caller.read("/v1/events", wait=30)
    assert world.pauses == 0


async def test_more_than_a_tenant_may_have_waiting_are_told_to_come_again(
    world: World, caller: Caller, partner: Partner, stranger: Partner
) -> None:
    await world.relayed()
    after = (await caller.read("/v1/events"))["next"]
    arrived, opened = asyncio.Semaphore(0), asyncio.Event()

    async def until_opened() -> None:
        arrived.release()
        await opened.wait()

    world.between_looks = until_opened
    waiting = [
        asyncio.create_task(caller.get("/v1/events", after=after, wait=1))
        for _ in range(WAITERS_OF_TENANT_MAX)
    ]
    for _ in waiting:
        await arrived.acquire()
    refused = problem(await caller.get("/v1/events", after=after, wait=1), 503, "overloaded")
    assert refused["retryable"]
    # Who does not wait is served, and so is another tenant.
    assert (await caller.get("/v1/events", after=after)).status_code == 200
    theirs = asyncio.create_task(caller.with_key(stranger.key).get("/v1/events", after=99, wait=1))
    await arrived.acquire()
    opened.set()
    assert {each.status_code for each in await asyncio.gather(*waiting, theirs)} == {200}
    assert (await caller.get("/v1/events", after=after, wait=1)).status_code == 200


@pytest.mark.parametrize(
    "parameters",
    [
        {"after": -1},
        {"after": 2**63},
        {"wait": 31},
        {"wait": -1},
        {"types": "order.invented.v1"},
        {"types": "invented.*"},
        {"types": "*"},
        {"types": "order.filled.v1,"},
        {"types": "'; DROP TABLE events"},
        {"customer_id": "evt_01h455vb4pex5vsknk084sn02q"},
        {"cursor": "x"},
    ],
)
async def test_parameter_that_makes_no_sense_is_refused(
    caller: Caller, parameters: dict[str, str | int]
) -> None:
    problem(await caller.get("/v1/events", **parameters), 400, "validation_failed")


async def bought(caller: Caller, partner: Partner) -> Json:
    quote = await caller.quote(partner.customer_id)
    return await caller.make("/v1/orders", {"quote_id": quote["id"]})


async def happens_after_two_looks(world: World, caller: Caller) -> None:
    if world.pauses == 3:
        await caller.customer("late")
        await world.relayed()
