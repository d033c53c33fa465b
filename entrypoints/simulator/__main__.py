"""`python -m entrypoints.simulator --dialect NAME --port N`: one simulator until a signal."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import msgspec

from entrypoints.simulator.dialects import DIALECTS
from entrypoints.simulator.server import SANDBOX_CREDENTIALS, create_simulator, serve
from entrypoints.simulator.vendor import Credentials


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aksum simulate", description=__doc__)
    parser.add_argument("--dialect", required=True, choices=sorted(DIALECTS))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--api-key", default=SANDBOX_CREDENTIALS.api_key)
    parser.add_argument("--api-secret", default=SANDBOX_CREDENTIALS.api_secret)
    parser.add_argument("--journal", type=Path, help="file that survives a restart")
    parser.add_argument("--no-rate-limits", action="store_true", help="for benchmarks")
    return parser


async def run(chosen: argparse.Namespace) -> None:
    app = create_simulator(
        chosen.dialect,
        seed=chosen.seed,
        credentials=Credentials(chosen.api_key, chosen.api_secret),
        rate_limits=not chosen.no_rate_limits,
        journal=chosen.journal,
    )
    running = await serve(app, host=chosen.host, port=chosen.port)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ready = {"dialect": chosen.dialect, "url": running.url, "control_url": running.control_url}
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()
    await stop.wait()
    await running.close()


if __name__ == "__main__":
    asyncio.run(run(parser().parse_args()))
