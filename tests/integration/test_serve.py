"""The HTTP server as it really runs: a worker killed under load, and a stop in the middle of it."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp
import psutil
import pytest

from tests.integration.sandbox_process import Document, Sandbox, running_sandbox

CLIENTS: Final = 8
UNDER_LOAD_SECONDS: Final = 1
PATIENCE_SECONDS: Final = 90
RETRY_SECONDS: Final = 0.1


async def placed(sandbox: Sandbox, path: str, body: object, key: str) -> Document | None:
    """As a careful client does it: the same request with the same key until it is answered.

    None when the quote ran out meanwhile, which leaves nothing behind.
    """
    while True:
        try:
            answer = await sandbox.call("POST", path, body, key=key)
        except (aiohttp.ClientError, TimeoutError, OSError):
            await asyncio.sleep(RETRY_SECONDS)
            continue
        if answer.status in (201, 202):
            made: Document = answer.body
            return made
        if answer.body["code"] == "quote_expired":
            return None
        assert answer.body["retryable"], answer
        await asyncio.sleep(RETRY_SECONDS)


async def trade(sandbox: Sandbox) -> str | None:
    asked = {
        "customer_id": sandbox.describe().tenants[0].customers[0],
        "instrument": "ETH-USDT",
        "side": "sell",
        "base_amount": "0.1",
    }
    quote = await placed(sandbox, "/v1/quotes", asked, os.urandom(12).hex())
    assert quote is not None
    order = await placed(sandbox, "/v1/orders", {"quote_id": quote["id"]}, os.urandom(12).hex())
    return None if order is None else str(order["id"])


async def client(sandbox: Sandbox, enough: asyncio.Event) -> list[str]:
    made = []
    while not enough.is_set():
        made.append(await trade(sandbox))
    return [order for order in made if order is not None]


async def all_final(sandbox: Sandbox) -> None:
    """Asked until the server is there again, and nothing is open any more."""
    while True:
        with suppress(aiohttp.ClientConnectionError):
            pending = await sandbox.call("GET", "/v1/orders?status=pending")
            if pending.body["data"] == []:
                return
        await asyncio.sleep(RETRY_SECONDS)


async def statuses(sandbox: Sandbox) -> dict[str, str]:
    found: dict[str, str] = {}
    page, more = "/v1/orders?limit=100", True
    while more:
        answer = (await sandbox.call("GET", page)).body
        found |= {each["id"]: each["status"] for each in answer["data"]}
        page, more = f"/v1/orders?limit=100&cursor={answer['next_cursor']}", answer["has_more"]
    return found


@pytest.mark.slow
async def test_reader_who_waits_for_events_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path) as sandbox, asyncio.timeout(PATIENCE_SECONDS):
        (worker,) = psutil.Process(sandbox.describe().pids["api"][0]).children()
        path = f"/v1/events?after={2**40}&wait=30"
        waiting = asyncio.create_task(sandbox.call("GET", path))
        await asyncio.sleep(UNDER_LOAD_SECONDS)
        assert not waiting.done()
        worker.terminate()
        answer = await waiting
        assert (answer.status, answer.body["data"]) == (200, [])
        await asyncio.to_thread(worker.wait)


@pytest.mark.slow
async def test_workers_killed_and_stopped_under_load_lose_no_order(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path) as sandbox, asyncio.timeout(PATIENCE_SECONDS):
        enough = asyncio.Event()
        load = [asyncio.create_task(client(sandbox, enough)) for _ in range(CLIENTS)]
        await asyncio.sleep(UNDER_LOAD_SECONDS)
        (worker,) = psutil.Process(sandbox.describe().pids["api"][0]).children()
        worker.kill()
        await asyncio.sleep(UNDER_LOAD_SECONDS)
        os.kill(sandbox.describe().pids["api"][0], signal.SIGTERM)
        await asyncio.sleep(UNDER_LOAD_SECONDS)
        await sandbox.until_ready()
        enough.set()
        made = [order for orders in await asyncio.gather(*load) for order in orders]

        assert len(set(made)) == len(made)
        await all_final(sandbox)
        orders = await statuses(sandbox)
        assert set(made) <= set(orders)
        filled = [order for order, status in orders.items() if status == "filled"]
        executed = await sandbox.executions()
        assert len(filled) == len(executed) == len({each["quote_id"] for each in executed})
        code, output = await sandbox.aksum("ledger", "verify", "--json")
        assert code == 0, output
