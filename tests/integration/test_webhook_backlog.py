"""A long backlog of one endpoint costs those who look for work no more than a short one."""

import json
from collections.abc import Iterator
from typing import Any, Final

import asyncpg
import pytest

from adapters.postgres.connection import SESSION
from adapters.postgres.webhook_deliveries import BEHIND, CLAIM, WAITING
from domain.shared.ids import EventId
from tests.contract.conftest import make_postgres_ports
from tests.contract.webhook_deliveries_contract import add, claim, new
from tests.contract.webhook_endpoints_contract import added, tell
from tests.contract.world import World
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected

BACKLOG: Final = 3_000
ROWS_MAX: Final = 40
TABLE: Final = "webhook_deliveries"


async def test_looking_and_claiming_read_a_few_rows_of_many(database_18: Database) -> None:
    async with (
        make_postgres_ports(database_18) as ports,
        connected(database_18.worker_url) as worker,
    ):
        for name, value in SESSION.items():
            await worker.execute(f"SET {name} = '{value}'")
        # Planned while there is nothing, as on the first day.
        await worker.execute(f"PREPARE waiting (bigint, boolean) AS {WAITING}")
        await worker.execute(f"PREPARE behind (bigint, uuid, uuid) AS {BEHIND}")
        await worker.execute(
            f"PREPARE claim (uuid, uuid, uuid[], bigint, interval, text) AS {CLAIM}"
        )
        world = World(ports)
        await world.prepare()
        tenant_id, endpoint = await added(world)
        await tell(world, tenant_id, 1)
        await add(world, tenant_id, endpoint, *(new(world, seq) for seq in range(BACKLOG)))
        await claim(world, tenant_id, endpoint, 4)
        nobody = "'00000000-0000-0000-0000-000000000000'"
        assert await rows_read(worker, "waiting(100, true)") <= ROWS_MAX
        assert await rows_read(worker, f"behind(100, {nobody}, {nobody})") == 0
        async with worker.transaction():
            await worker.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant_id))
            ids = f"ARRAY['{EventId(world.id())}', '{EventId(world.id())}']::uuid[]"
            of = f"'{tenant_id}', '{endpoint.id}', {ids}, 16, '1 s', 'https://x.io/'"
            assert await rows_read(worker, f"claim({of})") <= ROWS_MAX


async def rows_read(connection: asyncpg.Connection, call: str) -> int:
    """Of the table of deliveries, those that a filter then left out included."""
    explained = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE {call}")
    (plan,) = json.loads(explained)
    scans = [each for each in nodes(plan["Plan"]) if each.get("Relation Name") == TABLE]
    assert scans or "behind" in call, plan
    assert all("Seq" not in each["Node Type"] for each in scans)
    return sum(
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        for each in scans
    )


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


pytestmark = pytest.mark.timeout(120)
