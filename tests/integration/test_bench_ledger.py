"""The benchmark itself, briefly: what it reports is whole, and what it did is right."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.test_bench_trade import bench, left_in

BRIEFLY: Final = (
    *("--seconds", "1", "--warm-up", "0", "--repetitions", "1", "--scale", "1"),
    *("--accounts", "1000", "--entries", "5000"),
)
RATIOS: Final = {
    "hot_interactive_32_vs_tpcb",
    "hot_vs_random_interactive_32",
    "bulk_100_vs_tpcb",
    "bulk_1000_vs_tpcb",
    "balance_read_1e6_vs_1e3",
    "as_of_read_1e6_vs_1e3",
}


@pytest.mark.slow
async def test_short_run_reports_every_ratio_and_verifies_its_work(tmp_path: Path) -> None:
    code, lines, said = await bench("ledger", *BRIEFLY, "--directory", str(tmp_path))

    assert code == 0, said
    report: dict[str, Any] = json.loads(lines[-1])
    assert report["bench"] == "ledger"
    assert report["verified"] is True
    assert report["ratios"].keys() == RATIOS
    assert all(ratio > 0 for ratio in report["ratios"].values())
    figures = report["figures"]
    assert all(figures["checks"].values())
    assert figures["settings"]["fsync"] == figures["settings"]["synchronous_commit"] == "on"
    for part in figures["parts"].values():
        assert part["per_s"] > 0
        assert 0 < part["p50_ms"] <= part["p99_ms"]
        assert part["cpu_ms"]["postgres"] >= 0
    assert report["machine"]["cores"] >= 1
    assert left_in(tmp_path) == []
