"""From what was measured to figures: medians over the repetitions."""

from collections.abc import Mapping
from statistics import median
from typing import Any, Final

from entrypoints.cli.bench.ledger.run import BULK_CALLERS, CLIENTS, MANY, Measured, Repetition
from entrypoints.cli.bench.report import Grid, Report

MS_PER_S: Final = 1_000
TOP: Final = 20
QUERY_WIDTH: Final = 110


def report(measured: Measured) -> Report:
    each = [ratios(repetition) for repetition in measured.repetitions]
    parts = {name: _part(measured, name) for name in measured.repetitions[0].windows}
    return Report(
        bench="ledger",
        # The median of the ratios: what disturbs a repetition disturbs both of its halves.
        ratios={name: round(median(one[name] for one in each), 4) for name in each[0]},
        verified=all(measured.checks.values()),
        figures={
            "tpcb_per_s": {
                str(clients): round(median(r.tpcb[clients].tps for r in measured.repetitions), 1)
                for clients in CLIENTS
            },
            "tpcb_cpu_ms": _tpcb_cpu(measured),
            "parts": parts,
            "ratios_of_repetitions": each,
            "bulk_callers": BULK_CALLERS,
            "seconds": measured.plan.seconds,
            "accounts": measured.plan.accounts,
            "entries_of_long_accounts": measured.plan.entries,
            "pgbench_scale": measured.plan.scale,
            "checks": measured.checks,
            "settings": measured.settings,
        },
        machine=measured.machine,
    )


def ratios(each: Repetition) -> dict[str, float]:
    tpcb, windows = each.tpcb[MANY].tps, each.windows
    hot = windows[f"hot_interactive_{MANY}"].per_s
    return {
        "hot_interactive_32_vs_tpcb": hot / tpcb,
        "hot_vs_random_interactive_32": hot / windows[f"random_interactive_{MANY}"].per_s,
        "bulk_100_vs_tpcb": windows["bulk_100"].per_s / tpcb,
        "bulk_1000_vs_tpcb": windows["bulk_1000"].per_s / tpcb,
        "balance_read_1e6_vs_1e3": _slowdown(each, "balance"),
        "as_of_read_1e6_vs_1e3": _slowdown(each, "as_of"),
    }


def _slowdown(each: Repetition, kind: str) -> float:
    """How many times as long a read takes of the long account: the worse kind of account's."""
    return max(
        each.windows[f"{kind}_{account}_short"].per_s / each.windows[f"{kind}_{account}_long"].per_s
        for account in ("strict", "deferred")
    )


def _part(measured: Measured, name: str) -> dict[str, Any]:
    windows = [repetition.windows[name] for repetition in measured.repetitions]
    return {
        "per_s": round(median(window.per_s for window in windows), 1),
        "p50_ms": round(median(window.p50_ms for window in windows), 3),
        "p99_ms": round(median(window.p99_ms for window in windows), 3),
        "cpu_ms": {
            who: round(median(w.cpu[who] * MS_PER_S / w.commands for w in windows), 4)
            for who in ("postgres", "load", "fold")
        },
    }


def _tpcb_cpu(measured: Measured) -> Mapping[str, float]:
    return {
        who: round(
            median(
                r.tpcb_cpu[MANY][who] * MS_PER_S / max(r.tpcb[MANY].transactions, 1)
                for r in measured.repetitions
            ),
            4,
        )
        for who in ("postgres", "bench")
    }


def grids(measured: Measured, told: Report) -> list[Grid]:
    figures: Mapping[str, Any] = told.figures
    rows = [
        (name, part["per_s"], part["p50_ms"], part["p99_ms"], *part["cpu_ms"].values())
        for name, part in figures["parts"].items()
    ]
    tpcb = [(f"tpcb_{clients}", per_s) for clients, per_s in figures["tpcb_per_s"].items()]
    columns = ("", "per second", "p50 ms", "p99 ms", "CPU ms: postgres", "load", "fold")
    statements = [
        (" ".join(one.query.split())[:QUERY_WIDTH], one.role, one.calls, one.total_ms)
        for one in measured.statements[:TOP]
    ]
    return [
        Grid("yardstick", ("", "per second"), tpcb),
        Grid("posts and reads", columns, rows),
        Grid("ratios", ("", "median"), list(told.ratios.items())),
        Grid("checks", ("", ""), [(k, "yes" if so else "NO") for k, so in measured.checks.items()]),
        *(
            [Grid("statements", ("", "role", "calls", "ms in all"), statements)]
            if statements
            else []
        ),
    ]
