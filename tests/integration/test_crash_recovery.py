"""Processes killed, and clients hanging up, in the middle of things: nothing lost, nothing twice.

One sandbox under load for all of it. Each run kills at some of the points (`./dev soak crash` at
all of them); the seed is printed, and AKSUM_CRASH_SEED repeats it.
"""

import asyncio
import os
import random
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Final

import aiohttp

from adapters.system.clock import SystemClock
from application import crash_points
from tests.integration.sandbox_process import Document, Sandbox
from tests.soak.crash.load import Load
from tests.soak.crash.requests import Asked, ask
from tests.soak.crash.rounds import play
from tests.soak.crash.stage import Stage, staged

SEED: Final = "AKSUM_CRASH_SEED"
KILLED_AT: Final = 8
TOGETHER: Final = 5
KILLING: Final = timedelta(seconds=30)
HUNG_UP_AT: Final = (
    crash_points.ACCEPT_BEFORE_RESERVE,
    crash_points.ACCEPT_RESERVED,
    crash_points.ACCEPT_BEFORE_LP,
    crash_points.ACCEPT_LP_ANSWERED,
    crash_points.RECORD_BEFORE_COMMIT,
    crash_points.RECORD_COMMITTED,
)
PAUSE_MS: Final = 500
HANG_UP_SECONDS: Final = 0.2
MET_SECONDS: Final = 30
MET_AT_LEAST: Final = 3


async def test_stopped_in_the_middle_nothing_is_lost_and_nothing_happens_twice(
    tmp_path: Path,
) -> None:
    seed = os.environ.get(SEED) or str(random.SystemRandom().randrange(10**6))
    print(f"{SEED}={seed}")
    chosen = random.Random(seed)
    waiting = chosen.sample(crash_points.ALL, KILLED_AT)

    def choose(count: int, _but: Collection[str]) -> list[str]:
        return [waiting.pop() for _ in range(min(count, len(waiting)))]

    async with staged(tmp_path) as stage:
        for point in HUNG_UP_AT:
            await hung_up(stage, point)
        load = Load(stage, seed=seed)
        running = asyncio.create_task(load.run())
        played = await play(
            stage, load, choose, chosen, together=TOGETHER, until=SystemClock().now() + KILLING
        )
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert played.findings.clean, played.findings.notes
    assert len(played.kills) >= MET_AT_LEAST, played.unmet


async def hung_up(stage: Stage, point: str) -> None:
    """The client goes while its request is at `point`, and then asks again."""
    quote = await quoted(stage)
    asked = Asked(
        key=f"soak-{os.urandom(6).hex()}", caller=0, path="/v1/orders", body={"quote_id": quote}
    )
    stage.arm(point, f"pause={PAUSE_MS}")
    request = asyncio.create_task(order(stage.sandbox, asked))
    await asyncio.sleep(HANG_UP_SECONDS)
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    async with asyncio.timeout(MET_SECONDS):
        while not stage.take_met():  # noqa: ASYNC110 - it is met in another process
            await asyncio.sleep(HANG_UP_SECONDS)
    told, _ = await ask(stage.sandbox, stage.notebook, asked)
    assert told.id is not None, told


async def quoted(stage: Stage) -> str:
    body: Document = {
        "customer_id": stage.sandbox.describe().tenants[0].customers[0],
        "instrument": "BTC-USDT",
        "side": "sell",
        "base_amount": "0.01",
    }
    key = f"soak-{os.urandom(6).hex()}"
    told, _ = await ask(
        stage.sandbox, stage.notebook, Asked(key=key, caller=0, path="/v1/quotes", body=body)
    )
    assert told.id is not None, told
    return told.id


async def order(sandbox: Sandbox, asked: Asked) -> None:
    try:
        await sandbox.call("POST", asked.path, asked.body, key=asked.key)
    except (aiohttp.ClientError, TimeoutError):
        return
