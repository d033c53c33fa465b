"""How long it takes until everything that a crash left behind is finished."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import msgspec

from adapters.system.clock import SystemClock
from tests.soak.crash.stage import Stage
from tests.soak.crash.stimuli import POISON

RECOVERY_SECONDS: Final = 60
LOOK_SECONDS: Final = 0.25
ORDERS: Final = "SELECT tenant_id, id FROM aksum.orders WHERE status = 'pending'"
INTENTS: Final = f"""
SELECT tenant_id, subject AS id FROM aksum.intents
WHERE payload IS DISTINCT FROM '{POISON.decode()}'::jsonb
"""
HOLDS: Final = "SELECT tenant_id, id FROM aksum.ledger_holds WHERE state = 'active'"
OUTBOX: Final = "SELECT tenant_id, id FROM aksum.outbox"
DELIVERIES: Final = """
SELECT d.tenant_id, d.endpoint_id, d.event_id FROM aksum.webhook_deliveries d
JOIN aksum.webhook_endpoints e ON e.tenant_id = d.tenant_id AND e.id = d.endpoint_id
WHERE d.state = 'due' AND e.status = 'active'
"""
# Rows change with what there is to look at, so that only one who stands still is unfinished.
BEHIND: Final = """
SELECT e.tenant_id, e.id, h.last_seq FROM aksum.webhook_endpoints e
JOIN aksum.event_heads h ON h.tenant_id = e.tenant_id
WHERE e.status = 'active' AND e.last_seq < h.last_seq
"""
UNFINISHED: Final = {
    "orders": ORDERS,
    "intents": INTENTS,
    "holds": HOLDS,
    "events without a number": OUTBOX,
    "deliveries": DELIVERIES,
    "endpoints behind": BEHIND,
}
SEALED: Final = "SELECT max(sealed_at) FROM aksum.ledger_seals"
CLOSED: Final = "SELECT closed_until FROM aksum.ledger_clock"

clock: Final = SystemClock()

Rows = set[tuple[Any, ...]]


class Recovery(msgspec.Struct, frozen=True):
    """`last` is what was finished last, `missing` what was not finished in time."""

    seconds: float
    last: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


async def unfinished(stage: Stage) -> dict[str, Rows]:
    found = {}
    for name, query in UNFINISHED.items():
        found[name] = {tuple(row) for row in await stage.admin.fetch(query)}
    return found


class Watch:
    """Of many kills: whoever is killed on the way to recovery begins the others' anew."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._killed_at = datetime.min.replace(tzinfo=UTC)

    async def recovered(self, at: datetime) -> Recovery:
        """With the load going on: what was unfinished at `at` has to be finished.

        And the API answers, booking time is closed further, and something was sealed. Counts from
        `at`, or from the last kill that came before all that.
        """
        self._killed_at = max(self._killed_at, at)
        begun = await unfinished(self._stage)
        last: list[str] = []
        while True:
            left = await _left(self._stage, begun, at)
            seconds = (clock.now() - self._killed_at).total_seconds()
            if not left:
                return Recovery(seconds, tuple(last))
            if seconds > RECOVERY_SECONDS:
                return Recovery(seconds, missing=tuple(left))
            last = left
            await asyncio.sleep(LOOK_SECONDS)


async def at_rest(stage: Stage) -> Recovery:
    """With the load held: nothing at all is unfinished any more."""
    since = clock.now()
    while True:
        found = await unfinished(stage)
        left = [f"{len(rows)} {name}" for name, rows in found.items() if rows]
        seconds = (clock.now() - since).total_seconds()
        if not left or seconds > RECOVERY_SECONDS:
            return Recovery(seconds, missing=tuple(left))
        await asyncio.sleep(LOOK_SECONDS)


async def _left(stage: Stage, begun: dict[str, Rows], moment: datetime) -> list[str]:
    now = await unfinished(stage)
    left = [
        f"{len(rows & now[name])} {name} of before"
        for name, rows in begun.items()
        if rows & now[name]
    ]
    if (await stage.admin.fetchval(SEALED) or datetime.min.replace(tzinfo=UTC)) <= moment:
        left.append("seals")
    if await stage.admin.fetchval(CLOSED) <= moment:
        left.append("closed booking time")
    if not await _answers(stage):
        left.append("the API")
    return left


async def _answers(stage: Stage) -> bool:
    url = stage.sandbox.describe().api_url + "/readyz"
    try:
        async with stage.sandbox.session.get(url) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False
