"""Why an LP is used or not, told to operators, and what they decide on it."""

from datetime import timedelta
from typing import Any

import httpx

from adapters.memory.standings import MemoryStandings
from domain.liquidity.breaker import PAUSE_FIRST
from domain.liquidity.health import QUOTE_FAILURES_TO_OPEN
from domain.liquidity.observation import Observation, Operation, Result
from tests.api.world import LP, Caller, Partner, World, problem

LPS = "/admin/v1/liquidity-providers"


def fail(world: World, times: int = QUOTE_FAILURES_TO_OPEN) -> None:
    standings = MemoryStandings(world.store)
    for _ in range(times):
        standings.observe(
            Observation(
                lp=LP,
                instrument="BTC-USDT",
                operation=Operation.QUOTE,
                result=Result.FAILED,
                at=world.clock.now(),
                cause="timeout",
                latency_ms=1_000,
            )
        )


async def of_btc(operator: Caller) -> Any:  # noqa: ANN401 - JSON
    shown = (await operator.get(f"{LPS}/{LP}")).json()
    (found,) = [each for each in shown["instruments"] if each["instrument"] == "BTC-USDT"]
    return found


async def test_screen_says_what_stands_against_an_lp(
    world: World, caller: Caller, partner: Partner, operator: Caller
) -> None:
    await caller.quote(partner.customer_id)
    assert (await of_btc(operator))["may_quote"]
    fail(world)
    found = await of_btc(operator)
    assert (found["may_quote"], found["may_execute"], found["probe_due"]) == (False, True, False)
    assert found["reasons"][0] == ("quote breaker open: 5 failures in a row, the last: timeout")
    (quotes,) = [each for each in found["operations"] if each["operation"] == "quote"]
    assert (quotes["breaker"], quotes["failures_in_a_row"]) == ("open", 5)
    assert (quotes["last_error"], quotes["causes"]) == ("timeout", {"timeout": 500})
    assert quotes["samples"] == 600
    assert quotes["ok_ppm"] == 166_667
    world.later(PAUSE_FIRST)
    assert (await of_btc(operator))["probe_due"]


async def test_states_allow_what_they_say_and_keep_who_decided(
    caller: Caller, partner: Partner, operator: Caller
) -> None:
    quotes = [await caller.quote(partner.customer_id) for _ in range(3)]
    no_quote = {"customer_id": partner.customer_id, "instrument": "BTC-USDT", "side": "buy"}
    no_quote["base_amount"] = "0.1"

    done = await operator.post(f"{LPS}/{LP}/reduce", {"reason": "their window"}, key=None)
    assert (done.status_code, done.json()["state"]) == (200, "reducing")
    problem(await caller.post("/v1/quotes", no_quote), 503, "no_liquidity")
    order = await caller.make("/v1/orders", {"quote_id": quotes[0]["id"]})
    assert order["status"] == "filled"

    await operator.post(f"{LPS}/{LP}/halt", {"reason": "better not"})
    problem(await caller.post("/v1/orders", {"quote_id": quotes[1]["id"]}), 503, "no_liquidity")

    await operator.post(f"{LPS}/{LP}/resume", {"reason": "they are back"})
    assert (await caller.make("/v1/orders", {"quote_id": quotes[2]["id"]}))["status"] == "filled"
    shown = (await operator.get(f"{LPS}/{LP}")).json()
    told = [(each["before"], each["after"], each["cause"]) for each in shown["events"]]
    assert told == [
        ("halted", "active", "they are back"),
        ("reducing", "halted", "better not"),
        ("active", "reducing", "their window"),
    ]
    assert {each["by"] for each in shown["events"]} == {"test"}


async def test_reset_closes_breakers(world: World, operator: Caller) -> None:
    fail(world)
    await operator.post(f"{LPS}/{LP}/reset", {"reason": "we asked", "instrument": "ETH-USDT"})
    assert not (await of_btc(operator))["may_quote"]
    await operator.post(f"{LPS}/{LP}/reset", {"reason": "we asked"})
    assert (await of_btc(operator))["may_quote"]


async def test_list_has_every_lp_and_nobody_who_is_not_listed_is_found(operator: Caller) -> None:
    listed = (await operator.get(LPS)).json()
    assert [each["name"] for each in listed["data"]] == [LP]
    for name in ("nobody", "No-Name", "a" * 33):
        problem(await operator.get(f"{LPS}/{name}"), 404, "not_found")
        problem(await operator.post(f"{LPS}/{name}/halt", {"reason": "r"}), 404, "not_found")
    problem(await operator.post(f"{LPS}/{LP}/halt", {"reason": ""}), 400, "validation_failed")


async def test_metrics_show_breakers(world: World, client: httpx.AsyncClient) -> None:
    fail(world)
    text = (await client.get("/metrics")).text
    place = f'instrument="BTC-USDT",lp="{LP}"'
    assert f'aksum_lp_breaker{{{place},operation="quote"}} 2.0' in text
    assert f"aksum_lp_may_quote{{{place}}} 0.0" in text
    assert f"aksum_lp_may_execute{{{place}}} 1.0" in text
    world.later(PAUSE_FIRST + timedelta(hours=1))
    assert "aksum_http_requests_total" in (await client.get("/metrics")).text
