"""Afterwards: is everything that was traded booked, once, and nothing else?"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import aiohttp
import msgspec

from entrypoints.cli.bench.server import ServerStatistics
from entrypoints.cli.bench.verify import ledger_verifies
from entrypoints.cli.sandbox.files import ListedProvider

DRAIN_SECONDS: Final = 180
DRAIN_POLL_MS: Final = 100

INTENTS: Final = "SELECT count(*) FROM aksum.intents"
ACTIVE_HOLDS: Final = "SELECT count(*) FROM aksum.ledger_holds WHERE state = 'active'"
HELD: Final = "SELECT coalesce(sum(held), 0)::text FROM aksum.ledger_balances"
UNFILLED: Final = "SELECT count(*) FROM aksum.orders WHERE status <> 'filled'"
FILLED: Final = "SELECT count(*) FROM aksum.orders WHERE status = 'filled'"
BOOKED: Final = """
SELECT a.lp || ' ' || f.source_ref FROM aksum.fills f
JOIN aksum.lp_attempts a ON a.tenant_id = f.tenant_id AND a.order_id = f.order_id
"""


class Execution(msgspec.Struct):
    id: str


class Executions(msgspec.Struct):
    data: list[Execution]


async def drain(server: ServerStatistics) -> int:
    """Waits until the worker has nothing left to do; how much there was."""
    at_first = left = await server.value(INTENTS)
    async with asyncio.timeout(DRAIN_SECONDS):
        while left:
            await asyncio.sleep(DRAIN_POLL_MS / 1000)
            left = await server.value(INTENTS)
    return int(at_first)


async def check(
    server: ServerStatistics,
    *,
    database_url: str,
    providers: Sequence[ListedProvider],
    orders_made: int,
) -> Mapping[str, bool]:
    """By name of what should be so."""
    booked = await server.column(BOOKED)
    executed = [
        f"{provider.name} {execution_id}"
        for provider in providers
        for execution_id in await _executions(provider.control_url)
    ]
    return {
        "every answered order is filled in the database": await server.value(FILLED) == orders_made,
        "no order is anything but filled": await server.value(UNFILLED) == 0,
        "the vendors' executions are the booked fills": sorted(booked) == sorted(executed),
        "no vendor executed twice": len(set(executed)) == len(executed) == orders_made,
        "no hold is left": await server.value(ACTIVE_HOLDS) == 0
        and await server.value(HELD) == "0",
        "the ledger verifies": await ledger_verifies(database_url),
    }


async def _executions(control_url: str) -> list[str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{control_url}/executions") as response,
    ):
        found = msgspec.json.decode(await response.read(), type=Executions)
    return [execution.id for execution in found.data]
