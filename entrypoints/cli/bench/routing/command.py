import statistics
import tempfile
from pathlib import Path

import click
import uvloop

from entrypoints.cli.bench.machine import describe_machine
from entrypoints.cli.bench.report import Grid, Report, publish
from entrypoints.cli.bench.routing.run import Measured, Plan, measure

GOAL = 1.05


@click.command()
@click.option("--turns", type=click.IntRange(1, 200), default=40, show_default=True)
@click.option("--quotes", type=click.IntRange(1, 10_000), default=200, show_default=True)
@click.option("--clients", type=click.IntRange(1, 200), default=8, show_default=True)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="On which disk: a folder is made in it, and removed.  [default: that for temporary files]",
)
def routing(turns: int, quotes: int, clients: int, directory: Path | None) -> None:
    """CPU per quote with routing over several providers, against one asked straight.

    Both sides make whole quotes: the provider over HTTP, the price, the offer in the database. They
    take turns in one process, and what is compared is that process' CPU time.
    """
    with tempfile.TemporaryDirectory(prefix="aksum-bench-", dir=directory) as folder:
        plan = Plan(folder=Path(folder), turns=turns, quotes=quotes, clients=clients)
        measured = uvloop.run(measure(plan))
        machine = describe_machine(Path(folder))
    publish(
        Report(
            bench="routing",
            ratios={"routing_cpu_vs_single_lp": round(measured.ratio, 4)},
            verified=all(measured.checks.values()),
            figures=_figures(measured),
            machine=machine,
        ),
        [_grid(measured)],
    )


def _figures(measured: Measured) -> dict[str, object]:
    ratios = sorted(turn.ratio for turn in measured.turns)
    return {
        "goal": GOAL,
        "providers": measured.lps,
        "turns": len(ratios),
        "quotes_per_turn": measured.plan.quotes,
        "cpu_us_per_quote": {
            "routed": round(statistics.median(turn.routed_us for turn in measured.turns)),
            "single": round(statistics.median(turn.single_us for turn in measured.turns)),
        },
        "ratio_quartiles": [
            round(ratios[len(ratios) * part // 4 - (part == 4)], 4) for part in range(5)
        ],
        "checks": measured.checks,
    }


def _grid(measured: Measured) -> Grid:
    routed = statistics.median(turn.routed_us for turn in measured.turns)
    single = statistics.median(turn.single_us for turn in measured.turns)
    return Grid(
        "CPU of the quoting process, microseconds per quote",
        ("", "median", "against one"),
        [
            (f"routed over {measured.lps} providers", routed, measured.ratio),
            ("one provider, asked straight", single, 1.0),
        ],
    )
