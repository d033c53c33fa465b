"""The alerts of the runbook, rehearsed: each fires when its age is over, and not before."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.memory.liquidity_faults import Armed, Fault
from application.orders.watch_executions import AGE_MAX
from tests.api.world import Caller, Partner, World, made

RUNBOOK: Final = Path(__file__).parents[2] / "docs" / "runbooks" / "pending-orders.md"
RULE: Final = re.compile(
    r"- alert: (?P<name>\w+)\n\s+expr: (?P<metric>\w+)(?:\{outcome=\"(?P<outcome>\w+)\"\})?"
    r" (?P<sign>>|==) (?P<limit>\d+)\n"
)
RULES: Final = {rule["name"]: rule for rule in RULE.finditer(RUNBOOK.read_text(encoding="utf-8"))}
TICK: Final = timedelta(milliseconds=1)


async def firing(world: World, caller: Caller) -> set[str]:
    text = (await caller.get("/metrics")).text
    samples = [
        sample for family in text_string_to_metric_families(text) for sample in family.samples
    ]
    return {
        name
        for name, rule in RULES.items()
        for sample in samples
        if sample.name == rule["metric"]
        and rule["outcome"] in (None, sample.labels.get("outcome"))
        and (
            sample.value > int(rule["limit"])
            if rule["sign"] == ">"
            else sample.value == int(rule["limit"])
        )
    }


async def order(world: World, caller: Caller, partner: Partner, fault: Fault, status: int) -> None:
    world.lp.arm(Armed(fault=fault))
    quote = await caller.quote(partner.customer_id)
    made(await caller.post("/v1/orders", {"quote_id": quote["id"]}), status)


def test_every_alert_of_the_runbook_is_read() -> None:
    assert set(RULES) == {
        "OutcomeUnknown",
        "OrderNotAnswered",
        "LpStillAtWork",
        "OrderInReview",
        "IncidentOpen",
        "ExecutionsNotCounted",
    }


async def test_unknown_outcome_pages_after_a_minute_and_is_in_review_after_fifteen(
    world: World, caller: Caller, partner: Partner
) -> None:
    assert await firing(world, caller) == set()
    world.later(AGE_MAX)
    await order(world, caller, partner, Fault.EXECUTE_TIMEOUT_BEFORE_COMMIT, 202)
    world.later(timedelta(seconds=60))
    assert await firing(world, caller) == set()
    world.later(AGE_MAX)
    assert await firing(world, caller) == {"OutcomeUnknown"}
    world.later(timedelta(minutes=15))
    assert await firing(world, caller) == {"OutcomeUnknown", "OrderInReview"}


async def test_incident_asks_for_a_person_within_the_hour(
    world: World, caller: Caller, partner: Partner
) -> None:
    await order(world, caller, partner, Fault.AMOUNTS_DIFFER_FROM_QUOTE, 201)
    world.later(timedelta(hours=1) - TICK)
    assert await firing(world, caller) == set()
    world.later(AGE_MAX + TICK)
    assert await firing(world, caller) == {"IncidentOpen"}


@pytest.mark.parametrize(
    ("fault", "status", "result"),
    [
        (Fault.EXECUTE_TIMEOUT_BEFORE_COMMIT, 202, "unknown"),
        (Fault.LAST_LOOK_REJECT, 201, "rejected"),
        (Fault.AMOUNTS_DIFFER_FROM_QUOTE, 201, "filled"),
    ],
)
async def test_attempts_are_counted_by_what_was_known_of_them(
    world: World, caller: Caller, partner: Partner, fault: Fault, status: int, result: str
) -> None:
    await order(world, caller, partner, fault, status)
    text = (await caller.get("/metrics")).text
    assert f'aksum_lp_attempts_total{{attempt="1",lp="lp_a",result="{result}"}} 1.0' in text
