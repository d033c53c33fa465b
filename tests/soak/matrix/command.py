"""Play the matrix: every adapter, every fault of its vendor, a kill wherever a process waits.

    ./dev soak matrix --minutes 30

Goes on with the cells that no run has played yet, and prints the table of all runs. Ends with an
error when anything is not as it must be. `--fresh` forgets what was played; `--again` plays what
was unmet or broken once more.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.fixtures.postgres_servers import EMBEDDED, Database, Server
from tests.integration.sandbox_process import ROOT
from tests.soak.matrix.cells import Cell, factors, load_paths, planned, save_paths
from tests.soak.matrix.checks import book_findings
from tests.soak.matrix.covering import covering
from tests.soak.matrix.play import clock
from tests.soak.matrix.progress import Progress, other_ways
from tests.soak.matrix.runner import Result, Verdict, run
from tests.soak.matrix.stage import staged

PROGRESS: Final = ROOT / ".soak" / "matrix.jsonl"
# Of each dialect, side by side: most of a cell is waiting.
LANES_EACH: Final = 2
TOLD_EVERY: Final = 100


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="./dev soak matrix",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=None, help="then no more is begun")
    parser.add_argument("--only", default="", help="cells whose name has this in it")
    parser.add_argument("--seed", default="1", help="of the order in which cells are played")
    parser.add_argument("--lanes", type=int, default=LANES_EACH, help="of each dialect at once")
    parser.add_argument("--progress", type=Path, default=PROGRESS)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--table", action="store_true", help="print the table and end")
    parser.add_argument(
        "--ways", action="store_true", help="play without kills and write down what is passed"
    )
    given = parser.parse_args(arguments)
    if given.fresh:
        given.progress.unlink(missing_ok=True)
    progress = Progress(given.progress)
    wrong = [] if given.table else _played(progress, given)
    print(progress.table(planned(load_paths())))
    if wrong:
        sys.exit("\n".join(("not as it must be:", *wrong)))


def _played(progress: Progress, given: argparse.Namespace) -> list[str]:
    cells = [
        cell
        for cell in planned(load_paths()).cells
        if given.only in str(cell)
        and (cell.shows_the_way or not given.ways)
        and _is_due(progress, cell, again=given.again)
    ]
    random.Random(given.seed).shuffle(cells)
    # All pairs first: a run that ends early has met them.
    first = dict.fromkeys(covering(cells, factors))
    ordered = [*first, *(cell for cell in cells if cell not in first)]
    wrong = _soak(progress, ordered, lanes=given.lanes, minutes=given.minutes)
    if given.ways:
        save_paths(progress.paths(load_paths()))
    return wrong


def _is_due(progress: Progress, cell: Cell, *, again: bool) -> bool:
    verdict = progress.verdicts.get(cell)
    return verdict is None or (again and verdict.result in (Result.UNMET, Result.BROKEN))


def _soak(
    progress: Progress, cells: Sequence[Cell], *, lanes: int, minutes: float | None
) -> list[str]:
    print(f"{len(cells)} cells to play", flush=True)
    with tempfile.TemporaryDirectory(prefix="aksum-soak-") as folder:
        server = Server(EMBEDDED, Path(folder) / "postgres")
        database = server.create_database()
        try:
            return asyncio.run(soak(database, progress, cells, lanes=lanes, minutes=minutes))
        finally:
            server.stop()


async def soak(
    database: Database,
    progress: Progress,
    cells: Sequence[Cell],
    *,
    lanes: int,
    minutes: float | None,
) -> list[str]:
    """Everything that is wrong, which is also told at once."""
    # Of vendors who were told to say what no document knows.
    logging.getLogger("adapters.liquidity.alerts").disabled = True
    played: dict[Cell, Verdict] = {}

    def tell(verdict: Verdict) -> None:
        progress.add(verdict)
        played[verdict.cell] = verdict
        if verdict.result in (Result.UNMET, Result.BROKEN):
            print(f"{verdict.result}: {verdict.cell} {'; '.join(verdict.findings)}", flush=True)
        elif len(played) % TOLD_EVERY == 0:
            print(f"{len(played)} of {len(cells)}", flush=True)

    async with staged(database, lanes_each=lanes) as stage:
        until = None if minutes is None else clock.now() + timedelta(minutes=minutes)
        await run(stage, cells, tell, until=until)
        left_open = sum(each.result is Result.OPERATOR for each in played.values())
        wrong = await book_findings(stage, left_open=left_open)
    wrong += other_ways(played, load_paths())
    return [str(each.cell) for each in played.values() if each.result is Result.BROKEN] + wrong
