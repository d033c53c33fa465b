"""Kill processes at every crash point, under load, until the time is over.

    ./dev soak --minutes 30 crash

Goes on where the last run ended, with the points that were visited least. Prints a table of all
runs. Ends with an error, and leaves its folder, when anything is not as it must be.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
from collections.abc import Collection, Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from adapters.system.clock import SystemClock
from application import crash_points
from tests.integration.sandbox_process import ROOT
from tests.soak.crash.load import Load
from tests.soak.crash.progress import Progress
from tests.soak.crash.rounds import Round, play
from tests.soak.crash.stage import staged

PROGRESS: Final = ROOT / ".soak" / "crash.json"
TOGETHER: Final = 6
# Then all processes are left in peace until what they left behind is finished, and checked.
KILLING: Final = timedelta(seconds=90)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="./dev soak crash", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--together", type=int, default=TOGETHER, help="points armed at once")
    parser.add_argument("--points", nargs="*", default=None, help="only these")
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)))
    parser.add_argument("--progress", type=Path, default=PROGRESS)
    parser.add_argument("--table", action="store_true", help="print the table and end")
    given = parser.parse_args(arguments)
    progress = Progress(given.progress)
    if given.table:
        print(progress.table())
        return
    folder = Path(tempfile.mkdtemp(prefix="aksum-crash-"))
    print(f"in {folder}, seed {given.seed}", flush=True)
    clean = asyncio.run(
        soak(
            folder,
            progress,
            seconds=given.minutes * 60,
            together=given.together,
            points=tuple(given.points or crash_points.ALL),
            seed=given.seed,
        )
    )
    print(progress.table())
    if not clean:
        sys.exit(f"not as it must be: everything is left in {folder}")
    shutil.rmtree(folder)


async def soak(
    folder: Path,
    progress: Progress,
    *,
    seconds: float,
    together: int,
    points: tuple[str, ...],
    seed: str,
) -> bool:
    """False at the first round that left anything wrong."""
    chosen, clock = random.Random(seed), SystemClock()
    until = clock.now() + timedelta(seconds=seconds)

    def choose(count: int, but: Collection[str]) -> list[str]:
        rest = [point for point in points if point not in but]
        return progress.least_visited(chosen.sample(rest, len(rest)), count)

    async with staged(folder) as stage:
        load = Load(stage, seed=seed)
        running = asyncio.create_task(load.run())
        try:
            while (now := clock.now()) < until:
                playing = play(
                    stage, load, choose, chosen, together=together, until=min(until, now + KILLING)
                )
                played = await _either(playing, running)
                progress.add(played)
                _tell(played)
                if not played.findings.clean:
                    return False
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    return True


async def _either(playing: Coroutine[Any, Any, Round], running: asyncio.Task[None]) -> Round:
    """The round, unless the load fails first: then its error."""
    task = asyncio.create_task(playing)
    await asyncio.wait({task, running}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        task.cancel()
        running.result()
    return await task


def _tell(played: Round) -> None:
    for kill in played.kills:
        recovery = kill.recovery
        print(f"{kill.point}: {recovery.seconds:.1f} s, last {', '.join(recovery.last)}")
    print(f"{len(played.kills)} killed; unmet: {', '.join(played.unmet) or 'none'}", flush=True)
    for note in played.findings.notes:
        print(f"  {note}", flush=True)
