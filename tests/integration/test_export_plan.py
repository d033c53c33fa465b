"""An export begins with its first row and keeps none, as planned while the tables are empty."""

import json
from datetime import date
from typing import Any, Final

import pytest

from adapters.postgres.connection import create_pool
from adapters.postgres.export_sql import ACCOUNTS, SETTINGS, TRANSACTIONS
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.fixtures.postgres_servers import Database
from tests.integration.test_plans import nodes

# What gathers rows before it gives the first one on.
GATHERING: Final = {"Sort", "Incremental Sort", "Hash", "Hash Join", "Materialize", "Merge Join"}
DAYS: Final = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("statement", "arguments"), [(TRANSACTIONS, DAYS), (ACCOUNTS, ())], ids=["entries", "accounts"]
)
async def test_nothing_is_gathered_before_the_first_row(
    statement: str, arguments: tuple[object, ...], module_database_18: Database
) -> None:
    plan = await planned(module_database_18, statement, HOUSE_TENANT_ID, *arguments)
    kinds = {node["Node Type"] for node in nodes(plan)}
    assert kinds & GATHERING == set()
    assert any("Index" in kind for kind in kinds)


async def planned(database: Database, statement: str, *arguments: object) -> dict[str, Any]:
    pool = await create_pool(database.ops_url, size=1, application_name="test")
    async with pool, pool.acquire() as connection, connection.transaction():
        for setting in SETTINGS:
            await connection.execute(setting)
        text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *arguments)
    root: dict[str, Any] = json.loads(text)[0]["Plan"]
    return root
