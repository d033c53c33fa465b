"""Random quote requests against providers that misbehave: none may leave the guard.

    ./dev soak guard --requests 50000

Every provider of the sandbox is simulated over HTTP, in this process, and one thing after the other
goes wrong with them. What is quoted is compared with the market itself, which the guard does not
know: by whatever path a price came, it may not lie farther from it than the guard's limits allow
together. Ends with an error when one does, or when too few quotes were made to have proven it.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Final

from adapters.system.clock import SystemClock
from tests.liquidity.guard_stage import guard_stage
from tests.soak.guard_run import Counts, Size, run

REQUESTS: Final = 50_000
REQUESTS_A_MINUTE: Final = 8_000


class WallClock(SystemClock):
    """Ours and the vendors'."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="./dev soak guard")
    parser.add_argument("--minutes", type=float, help="about so long, instead of --requests")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--together", type=int, default=8, help="requests at a time")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    requests = int(given.minutes * REQUESTS_A_MINUTE) if given.minutes else given.requests
    size = Size(requests=requests, together=given.together, seed=given.seed)
    counts = asyncio.run(_soak(size))
    print(counts.table())
    if not counts.is_proof():
        sys.exit("not proven: see the table")


async def _soak(size: Size) -> Counts:
    async with guard_stage(WallClock()) as stage:
        return await run(stage, size)
