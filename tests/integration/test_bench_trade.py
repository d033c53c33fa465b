"""The benchmark itself, for two seconds: what it reports is whole, and what it did is right."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
BRIEFLY: Final = ("--seconds", "2", "--warm-up", "1", "--repetitions", "1", "--scale", "1")
STATEMENTS_MAX: Final = 10


async def bench(*arguments: str) -> tuple[int, list[str], str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "entrypoints.cli", "bench", *arguments),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, said = await process.communicate()
    return process.returncode or 0, printed.decode().splitlines(), said.decode()


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.mark.slow
async def test_short_run_reports_every_figure_and_verifies_its_work(tmp_path: Path) -> None:
    code, lines, said = await bench(
        "trade", *BRIEFLY, "--clients", "4", "--directory", str(tmp_path)
    )

    assert code == 0, said
    report: dict[str, Any] = json.loads(lines[-1])
    assert report["bench"] == "trade"
    assert report["verified"] is True
    assert 0 < report["ratios"]["trade_vs_tpcb_32"] < 1
    figures = report["figures"]
    assert figures["errors"] == {}
    assert figures["trades"] > 0
    assert all(figures["checks"].values())
    statements = figures["statements_per_trade"]
    assert 3 <= statements["api_work"] + statements["worker_work"] <= STATEMENTS_MAX
    assert figures["settings"]["fsync"] == figures["settings"]["synchronous_commit"] == "on"
    for process in ("postgres", "api", "worker", "simulators", "load"):
        assert figures["cpu_ms_per_trade"][process] >= 0
    assert figures["cpu_ms_per_trade"]["api"] > 0
    latency = figures["latency_ms"]
    assert 0 < latency["quote_p50"] < latency["trade_p50"] <= latency["trade_p99"]
    assert report["machine"]["cores"] >= 1
    assert left_in(tmp_path) == []


async def test_bench_lists_what_there_is() -> None:
    code, lines, _ = await bench("--help")
    assert code == 0
    assert any("trade" in line for line in lines)
