"""`aksum lp` as operators use it: the screen, and what they decide on it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from domain.liquidity.health import LOOKUP_FAILURES_TO_OPEN, QUOTE_FAILURES_TO_OPEN
from domain.liquidity.observation import Observation, Operation, Result
from tests.fixtures.postgres_servers import Database
from tests.integration.operator_process import OperatorHere
from tests.integration.stack import PRIMARY, Stack, open_stack


@pytest.fixture
async def stack(database_18: Database) -> AsyncIterator[Stack]:
    async with open_stack(database_18) as opened:
        yield opened


@pytest.fixture
def operator(database_18: Database) -> OperatorHere:
    return OperatorHere(database_18.ops_url)


async def fail(stack: Stack, operation: Operation, times: int) -> None:
    for _ in range(times):
        stack.standings.observe(
            Observation(
                lp=PRIMARY,
                instrument="BTC-USDT",
                operation=operation,
                result=Result.FAILED,
                at=stack.clock.now(),
                cause="timeout",
                latency_ms=900,
            )
        )
    await stack.standings.flush()


async def screen(operator: OperatorHere, *arguments: str) -> str:
    done = await asyncio.to_thread(operator.run, "lp", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_screen_explains_why_a_provider_is_not_used_and_what_was_decided(
    stack: Stack, operator: OperatorHere
) -> None:
    await fail(stack, Operation.QUOTE, QUOTE_FAILURES_TO_OPEN)
    shown = await screen(operator, "health")
    assert "primary (memory, primary 1): active" in shown
    assert "BTC-USDT: no new quotes; those given may be accepted" in shown
    assert "quote breaker open: 5 failures in a row, the last: timeout" in shown
    assert "next probe 20" in shown
    assert "quote 0.0 % ok of " in shown
    assert "last error of quote: timeout" in shown
    assert "backup (memory, backup 1): active" in shown

    await fail(stack, Operation.LOOKUP, LOOKUP_FAILURES_TO_OPEN)
    shown = await screen(operator, "health", "primary")
    assert "every instrument: NOT USED" in shown
    assert "closed → open" in shown
    assert "backup" not in shown

    reset = await asyncio.to_thread(operator.ask, "lp", "reset", "primary", "--reason", "asked")
    assert reset == {"name": "primary", "breakers_closed": 2}
    assert "BTC-USDT: used" in await screen(operator, "health", "primary")

    for command, state in (("reduce", "reducing"), ("halt", "halted"), ("resume", "active")):
        reason = f"they wanted us to {command}"
        done = await asyncio.to_thread(operator.ask, "lp", command, "primary", "--reason", reason)
        assert done == {"name": "primary", "state": state, "reason": reason}
    (told,) = (await asyncio.to_thread(operator.ask, "lp", "health", "primary"))["data"]
    assert [each["after"] for each in told["events"][:3]] == ["active", "halted", "reducing"]
    assert {each["by"] for each in told["events"]} == {"aksum"}
    assert told["instruments"][0]["may_quote"] is True


async def test_provider_that_is_not_listed_is_refused(stack: Stack, operator: OperatorHere) -> None:
    for arguments in (("health", "nobody"), ("halt", "nobody", "--reason", "r")):
        said = await asyncio.to_thread(operator.refused, "lp", *arguments)
        assert "no such liquidity provider" in said
    said = await asyncio.to_thread(operator.refused, "lp", "halt", "primary")
    assert "--reason" in said
