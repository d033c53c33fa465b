"""`./dev demo` as a newcomer runs it: a process, its output, and nothing left behind."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Final

import psutil
import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
FINISHES_WITHIN: Final = 120
STOPS_WITHIN: Final = 20
WIDTH_MAX: Final = 88

# One line of each chapter. What the numbers in between are is the demo's own to check.
TOLD: Final = (
    "✓ the parts add up to the unit",
    "✓ filled and final, in one answer",
    "✓ each step told once, in its order",
    "tenant_clearing · Adulis Pay",
    "lp_inventory · binance_primary",
    "✓ both legs at the provider are booked as it has them on record",
    "✓ pending, outcome unknown, with a place to look again",
    "✓ binance_primary has exactly one execution of it, the one named here",
    "✓ traded with binance_backup, once, and not with binance_primary",
    "✓ the order of the first time, marked Idempotent-Replayed: true",
    "✓ all 14 clearing pairs net to zero",
    "0 findings",
    "./dev demo --keep",
)


async def start(folder: Path, *options: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "entrypoints.cli", "demo", *options),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder), "PYTHONIOENCODING": "utf-8"},
        stdout=PIPE,
        stderr=PIPE,
    )


async def end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def left_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


@pytest.mark.slow
async def test_demo_tells_every_chapter_and_leaves_nothing_behind(tmp_path: Path) -> None:
    process = await start(tmp_path)
    try:
        async with asyncio.timeout(FINISHES_WITHIN):
            output, errors = await process.communicate()
    finally:
        await end(process)
    told = output.decode()
    assert (process.returncode, errors.decode()) == (0, ""), told
    assert [line for line in TOLD if line not in told] == []
    assert re.search(r"^   \d\d claims checked in \d+ s\.$", told, re.MULTILINE)
    assert [line for line in told.splitlines() if len(line) > WIDTH_MAX] == []
    assert "\x1b" not in told
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_demo_takes_everything_down(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = await start(tmp_path)
    try:
        below = await until_ready(process)
        process.send_signal(number)
        async with asyncio.timeout(STOPS_WITHIN):
            _, errors = await process.communicate()
    finally:
        await end(process)
    assert (process.returncode, "taken down" in errors.decode()) == (130, True)
    assert [each for each in below if each.is_running()] == []
    assert left_in(tmp_path) == []


async def test_demo_that_fails_says_so_and_keeps_the_logs(tmp_path: Path) -> None:
    process = await start(tmp_path)
    try:
        (sandbox,) = (each for each in await until_ready(process) if "sandbox" in each.cmdline())
        sandbox.kill()
        async with asyncio.timeout(FINISHES_WITHIN):
            _, errors = await process.communicate()
    finally:
        await end(process)
    (name,) = (each for each in left_in(tmp_path) if each.startswith("aksum-demo-"))
    folder = tmp_path / name
    assert process.returncode == 1
    assert f"logs: {folder}/sandbox.log and {folder}/data/logs" in errors.decode()
    assert (folder / "data" / "logs" / "api.log").exists()


async def until_ready(process: Process) -> list[psutil.Process]:
    """All processes that the demo started, once the story begins."""
    assert process.stdout is not None
    async with asyncio.timeout(FINISHES_WITHIN):
        while b"Ready after" not in (line := await process.stdout.readline()):
            assert line or not process.stdout.at_eof(), "it ended before it was ready"
    below: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    assert below
    return below
