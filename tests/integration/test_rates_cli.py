"""`aksum rates` as two operators run it, over one migrated database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.postgres.roles import Role
from adapters.postgres.urls import with_user
from tests.fixtures.postgres_servers import Database
from tests.integration.operator_process import OperatorHere
from tests.integration.stack import Stack, open_stack

pytestmark = pytest.mark.timeout(120)

SHEET = ("--bid", "49990.5", "--ask", "50010.5", "--max-age", "3600", "--reason", "desk")
PPM = ("--at-quote-ppm", "4000", "--at-execute-ppm", "6000", "--reason", "calmer by now")


@pytest.fixture
async def stack(database_18: Database) -> AsyncIterator[Stack]:
    async with open_stack(database_18) as made:
        yield made


@pytest.fixture
def operator(database_18: Database) -> OperatorHere:
    return OperatorHere(with_user(database_18.admin_url, Role.OPS))


async def ask(operator: OperatorHere, *arguments: str) -> dict[str, Any]:
    """In a thread, because a command runs a loop of its own."""
    return await asyncio.to_thread(operator.ask, *arguments)


async def refused(operator: OperatorHere, *arguments: str) -> str:
    return await asyncio.to_thread(operator.refused, *arguments)


async def keys(operator: OperatorHere) -> tuple[str, str]:
    made = [
        await ask(operator, "api-key", "create", "--operator", "--label", name)
        for name in ("Abena", "Kwame")
    ]
    return made[0]["key"], made[1]["key"]


async def test_sheet_and_limits_are_in_force_once_two_have_agreed(
    stack: Stack, operator: OperatorHere
) -> None:
    await stack.tenant()
    maker, checker = await keys(operator)
    proposed = await ask(operator, "rates", "propose", "BTC-USDT", *SHEET, "--operator-key", maker)
    assert (proposed["state"], proposed["kind"]) == ("proposed", "rate_sheet")
    told = await refused(operator, "rates", "approve", proposed["id"], "--operator-key", maker)
    assert "another operator" in told
    applied = await ask(operator, "rates", "approve", proposed["id"], "--operator-key", checker)
    assert (applied["state"], applied["decided_by"]) == ("applied", "Kwame")
    band = ("--band", "1000.5", "2000", "3000")
    limits = await ask(
        operator, "rates", "limits", "BTC-USDT", *PPM, *band, "--operator-key", checker
    )
    await ask(operator, "rates", "approve", limits["id"], "--operator-key", maker)
    (row,) = [
        each
        for each in (await ask(operator, "rates", "show"))["data"]
        if each["instrument"] == "BTC-USDT"
    ]
    assert (row["rate_sheet"], row["fresh"]) == ("49990.5 / 50010.5", True)
    assert row["limits"] == (
        "<= 100050000000 units: 2000/3000 ppm, any: 4000/6000 ppm; 2 references"
    )
    kept = (await ask(operator, "rates", "list", "--state", "applied"))["data"]
    assert [each["kind"] for each in kept] == ["guard_limits", "rate_sheet"]
    (sheet,) = (await ask(operator, "rates", "references"))["data"]
    assert (sheet["source"], sheet["counts"]) == ("rate_sheet", "yes")


async def test_what_makes_no_sense_is_refused_and_not_kept(
    stack: Stack, operator: OperatorHere
) -> None:
    await stack.tenant()
    maker, checker = await keys(operator)
    crossed = ("--bid", "2", "--ask", "1", "--max-age", "60", "--reason", "desk")
    for told in (
        ("propose", "BTC-USDT", *crossed),
        ("propose", "BTC-XYZ", *SHEET),
        ("limits", "BTC-USDT", *PPM, "--references", "1"),
        ("limits", "BTC-USDT", *PPM, "--band", "one", "1", "1"),
    ):
        await refused(operator, "rates", *told, "--operator-key", maker)
    assert (await ask(operator, "rates", "list"))["data"] == []
    proposed = await ask(operator, "rates", "propose", "BTC-USDT", *SHEET, "--operator-key", maker)
    rejected = await ask(operator, "rates", "reject", proposed["id"], "--operator-key", maker)
    assert rejected["state"] == "rejected"
    told_again = await refused(
        operator, "rates", "approve", proposed["id"], "--operator-key", checker
    )
    assert "decided before" in told_again
