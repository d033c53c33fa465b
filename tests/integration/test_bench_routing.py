"""The benchmark itself, briefly: what it reports is whole, and what it did is right."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.test_bench_trade import bench, left_in

BRIEFLY: Final = ("--turns", "2", "--quotes", "16", "--clients", "4")


@pytest.mark.slow
async def test_short_run_compares_and_verifies_its_work(tmp_path: Path) -> None:
    code, lines, said = await bench("routing", *BRIEFLY, "--directory", str(tmp_path))

    assert code == 0, said
    report: dict[str, Any] = json.loads(lines[-1])
    assert report["bench"] == "routing"
    assert report["verified"] is True
    assert report["ratios"].keys() == {"routing_cpu_vs_single_lp"}
    assert report["ratios"]["routing_cpu_vs_single_lp"] > 0
    figures = report["figures"]
    assert all(figures["checks"].values())
    assert figures["providers"] > 1
    assert min(figures["cpu_us_per_quote"].values()) > 0
    assert left_in(tmp_path) == []
