"""The simulator as a process of its own: it says where it listens, and a signal ends it cleanly."""

import asyncio
import signal
import sys

import aiohttp
import msgspec

from tests.architecture.sources import ROOT

SECONDS_MAX = 20


async def test_process_announces_itself_and_stops_on_a_signal() -> None:
    command = ["-m", "entrypoints.simulator", "--dialect", "binance_convert", "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(SECONDS_MAX):
            ready = msgspec.json.decode(await process.stdout.readline(), type=dict[str, str])
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{ready['control_url']}/health") as response,
            ):
                assert response.status == 200
                assert (await response.json())["dialect"] == "binance_convert"
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
