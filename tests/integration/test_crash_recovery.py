"""Processes killed, and clients hanging up, at every step of a trade: nothing lost, nothing twice.

One sandbox for all of it: each step stops a process once, and at the end everything that happened
must add up, at the vendors and in the books.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import aiohttp
import asyncpg

from application import crash_points
from tests.integration.direct import connected
from tests.integration.sandbox_process import Answer, Document, Sandbox, running_sandbox
from tests.soak.event_checks import WAITING, check_events

KILLED_IN_API: Final = (
    crash_points.ACCEPT_BEFORE_RESERVE,
    crash_points.ACCEPT_RESERVED,
    crash_points.ACCEPT_BEFORE_LP,
    crash_points.ACCEPT_LP_ANSWERED,
    crash_points.RECORD_BEFORE_COMMIT,
    crash_points.RECORD_COMMITTED,
)
KILLED_IN_WORKER: Final = (
    crash_points.RESOLVE_LEASED,
    crash_points.RESOLVE_LOOKED,
    crash_points.MIRROR_BEFORE_HOUSE,
    crash_points.MIRROR_HOUSE_POSTED,
    crash_points.RELAY_TENANT_FOUND,
    crash_points.RELAY_BEFORE_COMMIT,
    crash_points.RELAY_COMMITTED,
)
PAUSE_MS: Final = 500
HANG_UP_SECONDS: Final = 0.2
# A lease of 30 s, the LP's 10 s and the margin run side by side; the rest is the machine's.
RECOVERY_SECONDS: Final = 90


class Steps:
    """Arms the next crash and waits until a process has met it."""

    def __init__(self, plan_file: Path) -> None:
        self._plan_file = plan_file

    def arm(self, plan: str) -> None:
        whole = self._plan_file.with_suffix(".new")
        whole.write_text(plan)
        whole.rename(self._plan_file)

    async def met(self) -> None:
        await until(lambda: answered(not self._plan_file.exists()), "a crash point was not met")


async def answered(value: bool) -> bool:
    return value


async def until(condition: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    try:
        async with asyncio.timeout(RECOVERY_SECONDS):
            while not await condition():  # noqa: ASYNC110 - it is met in other processes
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(otherwise) from None


async def order(
    sandbox: Sandbox, quote: Document, key: str, *, patience: int = 30
) -> Answer | None:
    """None when the process died, or the client hung up, before the answer."""
    try:
        return await sandbox.call(
            "POST", "/v1/orders", {"quote_id": quote["id"]}, key=key, patience=patience
        )
    except (aiohttp.ClientError, TimeoutError):
        return None


async def repeated(sandbox: Sandbox, quote: Document, key: str) -> Document | None:
    """The same request until it is answered, as a careful client does."""
    async with asyncio.timeout(RECOVERY_SECONDS):
        while True:
            answer = await order(sandbox, quote, key)
            if answer is not None and answer.status in (201, 202):
                made: Document = answer.body
                return made
            # 409: in progress, or the quote ran out before anything was reserved.
            if answer is not None and answer.body.get("code") == "quote_expired":
                return None
            await asyncio.sleep(0.2)


async def killed_in_api(sandbox: Sandbox, steps: Steps, point: str) -> str | None:
    quote = await sandbox.quote()
    key = os.urandom(12).hex()
    steps.arm(f"{point}:kill")
    assert await order(sandbox, quote, key) is None
    await steps.met()
    await sandbox.until_ready()
    made = await repeated(sandbox, quote, key)
    return None if made is None else str(made["id"])


async def hung_up(sandbox: Sandbox, steps: Steps, point: str) -> str:
    quote = await sandbox.quote(side="sell")
    key = os.urandom(12).hex()
    steps.arm(f"{point}:pause={PAUSE_MS}")
    request = asyncio.create_task(order(sandbox, quote, key))
    await asyncio.sleep(HANG_UP_SECONDS)
    request.cancel()
    await steps.met()
    made = await repeated(sandbox, quote, key)
    assert made is not None
    return str(made["id"])


async def killed_in_worker(sandbox: Sandbox, steps: Steps, point: str) -> str:
    if point in (crash_points.RESOLVE_LEASED, crash_points.RESOLVE_LOOKED):
        await sandbox.arm("primary", "execute_502_after_commit", count=1)
    quote = await sandbox.quote()
    steps.arm(f"{point}:kill")
    made = await repeated(sandbox, quote, os.urandom(12).hex())
    await steps.met()
    assert made is not None
    return str(made["id"])


async def all_final(sandbox: Sandbox) -> bool:
    try:
        answer = await sandbox.call("GET", "/v1/orders?status=pending")
    except aiohttp.ClientError:
        return False
    return answer.status == 200 and answer.body["data"] == []


async def all_told(operator: asyncpg.Connection) -> bool:
    return bool(await operator.fetchval(WAITING) == 0)


async def books_pass(sandbox: Sandbox) -> bool:
    code, output = await sandbox.aksum("ledger", "verify", "--json")
    return code == 0 and '"open_mirrors": 0' in output.replace('":0', '": 0')


async def test_stopped_at_every_step_nothing_is_lost_and_nothing_happens_twice(
    tmp_path: Path,
) -> None:
    plan_file = tmp_path / "crash-plan"
    environment = {"AKSUM_CRASH_POINT": f"@{plan_file}"}
    async with running_sandbox(tmp_path / "data", environment=environment) as sandbox:
        steps = Steps(plan_file)
        made = [await killed_in_api(sandbox, steps, point) for point in KILLED_IN_API]
        made += [await hung_up(sandbox, steps, point) for point in KILLED_IN_API]
        made += [await killed_in_worker(sandbox, steps, point) for point in KILLED_IN_WORKER]

        await until(lambda: all_final(sandbox), "an order is still pending")
        await until(lambda: books_pass(sandbox), "the ledger does not verify")
        await assert_adds_up(sandbox, [order_id for order_id in made if order_id is not None])
        async with connected(sandbox.describe().database_url) as operator:
            await until(lambda: all_told(operator), "something waits for its number")
            assert await check_events(operator) > 2 * len(made)


async def assert_adds_up(sandbox: Sandbox, made: list[str]) -> None:
    page = await sandbox.call("GET", "/v1/orders?limit=100")
    orders = {each["id"]: each for each in page.body["data"]}
    assert set(made) <= set(orders)
    assert len(set(made)) == len(made)
    filled = [each for each in orders.values() if each["status"] == "filled"]
    executed = await sandbox.executions()
    assert len(executed) == len({each["quote_id"] for each in executed})
    assert len(executed) == len(filled)
    assert await sandbox.executions("backup") == []
    customer = sandbox.describe().tenants[0].customers[0]
    accounts = await sandbox.call("GET", f"/v1/accounts?customer_id={customer}")
    assert {account["asset"]: float(account["held"]) for account in accounts.body["data"]} == {
        account["asset"]: 0 for account in accounts.body["data"]
    }
