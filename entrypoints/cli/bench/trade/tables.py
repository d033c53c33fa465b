"""The figures as a person reads them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from entrypoints.cli.bench.report import Cell, Grid, Report
from entrypoints.cli.bench.server import Statement
from entrypoints.cli.bench.trade.figures import PERCENTILES, rates
from entrypoints.cli.bench.trade.run import Measured

TOP: Final = 20
QUERY_WIDTH: Final = 110


def grids(measured: Measured, told: Report) -> list[Grid]:
    figures: Mapping[str, Any] = told.figures
    per_trade, per_tpcb = figures["cpu_ms_per_trade"], figures["cpu_ms_per_tpcb"]
    checks = figures["checks"]
    return [
        _speed(measured, figures),
        Grid(
            "latency, ms",
            ("", *(f"p{percent}" for percent in PERCENTILES)),
            [
                (kind, *(figures["latency_ms"][f"{kind}_p{percent}"] for percent in PERCENTILES))
                for kind in ("quote", "order", "trade")
            ],
        ),
        Grid(
            "CPU, ms",
            ("", "per trade", "per TPC-B"),
            [(name, per_trade[name], per_tpcb[name]) for name in per_trade],
        ),
        Grid(
            "SQL statements per trade",
            ("", "calls"),
            list(figures["statements_per_trade"].items()),
        ),
        Grid(
            "afterwards", ("", ""), [(name, "yes" if so else "NO") for name, so in checks.items()]
        ),
        *([] if measured.profile is None else [_statements(measured.repetitions[-1].statements)]),
    ]


def _verdict(so: bool) -> str:
    return "yes" if so else "NO"


def _speed(measured: Measured, figures: Mapping[str, Any]) -> Grid:
    each = [rates(repetition) for repetition in measured.repetitions]
    return Grid(
        "per second",
        ("", "median", *map(str, range(1, len(each) + 1))),
        [(name.replace("_", " "), figures[name], *(row[name] for row in each)) for name in each[0]],
    )


def _statements(statements: Iterable[Statement]) -> Grid:
    rows: list[list[Cell]] = [
        [
            " ".join(each.query.split())[:QUERY_WIDTH],
            each.role,
            each.calls,
            each.total_ms / max(each.calls, 1),
            each.total_ms,
        ]
        for each in list(statements)[:TOP]
    ]
    return Grid("statements", ("", "role", "calls", "ms each", "ms in all"), rows)
