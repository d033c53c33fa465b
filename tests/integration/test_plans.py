"""How the hot statements reach their rows, planned while the tables are empty.

A connection keeps the plan it made first. What is planned on the first day of a month, or of a
deployment, must therefore be what a year of rows needs: one row by its key, never a range of them.
The planner is that of the newest server; older ones come to the same once a table was analyzed.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import asyncpg
import pytest

from adapters.postgres.accounts import FIND
from adapters.postgres.connection import SESSION
from adapters.postgres.intents import FINISH, LEASE
from adapters.postgres.journal_writes import CHANGED_HOLD, MOVE
from adapters.postgres.quotes import OFFER
from adapters.postgres.trading_sql import KEEP_OPEN, REJECT, RESERVE, SETTLE
from tests.fixtures.postgres_servers import Database

STATEMENTS: Final = {
    "offer": OFFER,
    "reserve": RESERVE,
    "settle": SETTLE,
    "reject": REJECT,
    "keep_open": KEEP_OPEN,
    "find_accounts": FIND,
    "move": MOVE,
    "change_hold": CHANGED_HOLD,
    "lease_intents": LEASE,
    "finish_intent": FINISH,
}
# What names one object within its tenant; a condition on the tenant alone reads all of them.
OBJECT: Final = re.compile(r"\b(id|account_id|order_id|subject|owner|transaction_id) =")


@pytest.mark.parametrize("name", STATEMENTS)
async def test_rows_are_reached_by_the_id_of_their_object(
    name: str, module_database_18: Database
) -> None:
    plan = await generic_plan(module_database_18, STATEMENTS[name])
    scans = [
        each for each in nodes(plan) if "Relation Name" in each and "Scan" in each["Node Type"]
    ]
    wrong = [
        (node["Node Type"], node["Relation Name"], node.get("Index Cond"))
        for node in scans
        if OBJECT.search(node.get("Index Cond", "")) is None
    ]
    assert not wrong


async def generic_plan(database: Database, statement: str) -> dict[str, Any]:
    parameters = max(int(number) for number in re.findall(r"\$(\d+)", statement))
    connection = await asyncpg.connect(database.api_url, server_settings=dict(SESSION))
    try:
        await connection.execute(f"PREPARE planned AS {statement}")
        nulls = ", ".join(["NULL"] * parameters)
        text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE planned({nulls})")
    finally:
        await connection.close()
    root: dict[str, Any] = json.loads(text)[0]["Plan"]
    return root


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)
