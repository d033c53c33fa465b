"""One Binance Convert simulator over real HTTP, with a clock that only tests move."""

from collections.abc import AsyncIterator

import pytest

from entrypoints.simulator.clock import ManualClock
from entrypoints.simulator.server import create_simulator, serve
from tests.simulation.harness import CREDENTIALS, START_MS, VendorClient


@pytest.fixture
async def vendor() -> AsyncIterator[VendorClient]:
    """BTC-USDT stands at 64,000: bid 63,987.20, ask 64,012.80."""
    clock = ManualClock(START_MS)
    app = create_simulator("binance_convert", seed=7, credentials=CREDENTIALS, clock=clock)
    running = await serve(app)
    try:
        async with VendorClient(running, clock) as client:
            await client.control("POST", "prices", {"instrument": "BTC-USDT", "price": "64000"})
            yield client
    finally:
        await running.close()
