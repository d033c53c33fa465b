"""`aksum sandbox up`: it trades, what is killed comes back, and nothing is left behind."""

import asyncio
import os
import signal
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import pytest

from tests.integration.sandbox_process import Document, Sandbox, running_sandbox

READY_SECONDS_MAX: Final = 30  # alone on two cores it takes four; tests are never alone
STOP_SECONDS_MAX: Final = 10
BACK_SECONDS_MAX: Final = 30
ORPHAN_SECONDS_MAX: Final = 10
PROCESSES: Final = ("postgres", "api", "worker", "simulator")


async def trade(sandbox: Sandbox, *, tenant: int = 0, **terms: str) -> Document:
    quote = await sandbox.quote(tenant=tenant, **terms)
    answer = await sandbox.call(
        "POST", "/v1/orders", {"quote_id": quote["id"]}, key=os.urandom(12).hex(), tenant=tenant
    )
    assert answer.status == 201, answer
    made: Document = answer.body
    assert made["status"] == "filled", made
    return made


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: int) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - it comes true in other processes
            await asyncio.sleep(0.05)


async def verified(sandbox: Sandbox) -> bool:
    code, output = await sandbox.aksum("ledger", "verify", "--json")
    if code != 0:
        return False
    result = msgspec.json.decode(output, type=dict[str, Any])
    return bool(result["passed"]) and result["open_mirrors"] == 0


def pids(sandbox: Sandbox) -> dict[str, list[int]]:
    found = sandbox.describe().pids
    return {name: [found[name]] if name == "postgres" else found[name] for name in PROCESSES}


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.slow
async def test_both_tenants_trade_and_a_second_start_goes_on_with_the_same_keys(
    tmp_path: Path,
) -> None:
    clock = asyncio.get_running_loop().time
    began = clock()
    async with running_sandbox(tmp_path) as sandbox:
        assert clock() - began < READY_SECONDS_MAX
        first = sandbox.describe()
        processes = [pid for each in pids(sandbox).values() for pid in each]
        assert [(await trade(sandbox, tenant=tenant))["final"] for tenant in (0, 1)] == [True, True]
        await until(lambda: verified(sandbox), seconds=BACK_SECONDS_MAX)
        for name in ("sandbox.json", "liquidity.json"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        code, output = await sandbox.aksum("doctor")
        assert code == 0, output
        ended = clock()
    assert clock() - ended < STOP_SECONDS_MAX
    assert not [pid for pid in processes if alive(pid)]

    async with running_sandbox(tmp_path) as sandbox:
        second = sandbox.describe()
        assert [(each.id, each.api_key, each.customers) for each in second.tenants] == [
            (each.id, each.api_key, each.customers) for each in first.tenants
        ]
        await trade(sandbox)
        orders = await sandbox.call("GET", "/v1/orders")
        assert len(orders.body["data"]) == 2
        assert len(await sandbox.executions()) == 3


@pytest.mark.slow
async def test_african_pairs_trade_both_ways_with_the_providers_that_list_them(
    tmp_path: Path,
) -> None:
    async with running_sandbox(tmp_path) as sandbox:
        for side in ("buy", "sell"):
            await trade(sandbox, instrument="BTC-ZAR", side=side, amount="0.05")
            await trade(sandbox, instrument="USDT-NGN", side=side, amount="100")
            await trade(sandbox, instrument="USDT-KES", side=side, amount="100")
        assert len(await sandbox.executions("primary")) == 0
        assert len(await sandbox.executions("backup")) == 6
        await until(lambda: verified(sandbox), seconds=BACK_SECONDS_MAX)


@pytest.mark.slow
async def test_whatever_is_killed_comes_back_and_trades(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path) as sandbox:
        await trade(sandbox)
        for name in PROCESSES:
            before = pids(sandbox)[name]
            os.kill(before[0], signal.SIGKILL)
            await until(lambda: answered(pids(sandbox)[name] != before), seconds=BACK_SECONDS_MAX)  # noqa: B023
            await until(lambda: trades(sandbox), seconds=BACK_SECONDS_MAX)
        await empty_the_queue(sandbox)
        await trade(sandbox)
        await until(lambda: verified(sandbox), seconds=BACK_SECONDS_MAX)


async def answered(value: bool) -> bool:
    return value


async def trades(sandbox: Sandbox) -> bool:
    """False while something is still starting; then the next trade works."""
    try:
        await trade(sandbox)
    except (AssertionError, OSError, msgspec.MsgspecError):
        return False
    return True


async def empty_the_queue(sandbox: Sandbox) -> None:
    connection = await asyncpg.connect(sandbox.describe().database_url)
    try:
        await connection.execute("TRUNCATE aksum_queue.saq_jobs")
    finally:
        await connection.close()


async def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path) as sandbox:
        processes = [pid for each in pids(sandbox).values() for pid in each]
        described = msgspec.json.decode((tmp_path / "sandbox.json").read_bytes())
        os.kill(described["supervisor"], signal.SIGKILL)
        await until(
            lambda: answered(not [pid for pid in processes if alive(pid)]),
            seconds=ORPHAN_SECONDS_MAX,
        )
