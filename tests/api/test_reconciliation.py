"""Operators over HTTP: a run, what it found, and how that ends."""

import httpx

from tests.api.examples import trade_by_hand
from tests.api.world import LP, Caller, Json, Partner, World, made, problem

RUNS, BREAKS = "/admin/v1/reconciliation/runs", "/admin/v1/reconciliation/breaks"


async def found_breaks(world: World, operator: Caller) -> list[Json]:
    """Of one execution past us: what we got and what we gave."""
    await trade_by_hand(world)
    await operator.make(RUNS, {"source": LP})
    breaks: list[Json] = (await operator.read(BREAKS))["data"]
    return breaks


async def test_run_shows_gates_and_what_is_open(
    world: World, operator: Caller, partner: Partner
) -> None:
    await trade_by_hand(world)
    run = await operator.make(RUNS, {"source": LP})
    assert run["source"] == LP
    assert [each["asset"] for each in run["positions"]] == ["BTC", "USDT"]
    assert all(each["passed"] for each in run["positions"])
    assert [(each["type"], each["age"], each["count"]) for each in run["breaks"]] == [
        ("missing_internal", "0-1", 1),
        ("missing_internal", "0-1", 1),
    ]
    assert run["breaks"][0]["net"] == "0.00010000"
    assert await operator.read(f"{RUNS}/{run['id']}") == run
    assert (await operator.read(RUNS, source=LP))["data"] == [run]


async def test_source_that_no_run_can_read_is_not_found(operator: Caller, partner: Partner) -> None:
    problem(await operator.post(RUNS, {"source": "nobody"}), 404, "not_found")


async def test_breaks_are_filtered_and_assigned(
    world: World, operator: Caller, partner: Partner
) -> None:
    one, other = await found_breaks(world, operator)
    for query, expected in (
        ({"type": "missing_internal", "age": "0-1"}, [one, other]),
        ({"age": ">30"}, []),
        ({"state": "closed"}, []),
        ({"source": "bank"}, []),
    ):
        assert (await operator.read(BREAKS, **query))["data"] == expected
    page = await operator.read(BREAKS, limit=1)
    assert (page["data"], page["has_more"]) == ([one], True)
    rest = await operator.read(BREAKS, limit=1, cursor=page["next_cursor"])
    assert (rest["data"], rest["has_more"]) == ([other], False)
    assigned = made(await operator.send("PATCH", f"{BREAKS}/{one['id']}", {"owner": "Zola"}), 200)
    assert (assigned["owner"], assigned["version"]) == ("Zola", 2)


async def test_write_off_needs_a_second_operators_key(
    world: World, operator: Caller, partner: Partner, client: httpx.AsyncClient
) -> None:
    one, _ = await found_breaks(world, operator)
    second = Caller(client, await world.operator("second"))
    path = f"{BREAKS}/{one['id']}/resolutions"
    problem(await second.post(path, {"action": "approve_write_off"}), 409, "write_off_not_proposed")
    asked = {"action": "propose_write_off", "reason": "traded by hand"}
    proposed = await operator.make(path, asked)
    assert (proposed["state"], proposed["proposed_by"]) == ("proposed", "test")
    problem(await operator.post(path, {"action": "adjust"}), 409, "break_not_open")
    refused = await operator.post(path, {"action": "approve_write_off"})
    problem(refused, 403, "second_operator_required")
    closed = await second.make(path, {"action": "approve_write_off"})
    assert (closed["state"], closed["resolution"]) == ("closed", "write_off")
    assert (closed["approved_by"], closed["proposed_by"]) == ("second", "test")
    assert closed["transaction_id"].startswith("txn_")


async def test_withdrawn_write_off_leaves_the_break_open(
    world: World, operator: Caller, partner: Partner
) -> None:
    one, _ = await found_breaks(world, operator)
    path = f"{BREAKS}/{one['id']}/resolutions"
    await operator.make(path, {"action": "propose_write_off", "reason": "lost"})
    withdrawn = await operator.make(path, {"action": "withdraw_write_off"})
    assert (withdrawn["state"], withdrawn["proposed_by"]) == ("open", None)


async def test_breaks_that_do_not_cancel_are_not_matched(
    world: World, operator: Caller, partner: Partner
) -> None:
    one, other = await found_breaks(world, operator)
    path = f"{BREAKS}/{one['id']}/resolutions"
    for breaks in ([other["id"]], [one["id"]]):
        response = await operator.post(path, {"action": "match", "breaks": breaks})
        problem(response, 422, "breaks_do_not_cancel")
    for body in ({"action": "match"}, {"action": "adjust", "reason": "x"}):
        problem(await operator.post(path, body), 400, "validation_failed")
    assert (await operator.read(f"{BREAKS}/{one['id']}"))["version"] == 1


async def test_adjusted_break_is_gone_in_the_next_run(
    world: World, operator: Caller, partner: Partner
) -> None:
    for each in await found_breaks(world, operator):
        await operator.make(f"{BREAKS}/{each['id']}/resolutions", {"action": "adjust"})
    world.pass_cache_age()
    run = await operator.make(RUNS, {"source": LP})
    assert run["breaks"] == []
    assert all(each["passed"] for each in run["positions"])
