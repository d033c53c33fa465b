import tempfile
from pathlib import Path

import click
import uvloop

from entrypoints.cli.bench.ledger.figures import grids, report
from entrypoints.cli.bench.ledger.processes import LoadFailed
from entrypoints.cli.bench.ledger.run import Plan, measure
from entrypoints.cli.bench.pgbench import PgbenchFailed
from entrypoints.cli.bench.report import publish
from entrypoints.cli.bench.server import NotDurable

SCALE = 50
ACCOUNTS = 10_000
ENTRIES = 1_000_000


@click.command()
@click.option("--seconds", type=click.IntRange(1, 600), default=10, show_default=True)
@click.option("--repetitions", type=click.IntRange(1, 20), default=3, show_default=True)
@click.option("--warm-up", type=click.IntRange(0, 60), default=2, show_default=True)
@click.option("--scale", type=click.IntRange(1, 1000), default=SCALE, show_default=True)
@click.option(
    "--accounts",
    type=click.IntRange(100, 50_000),
    default=ACCOUNTS,
    show_default=True,
    help="Customers' accounts that money moves between.",
)
@click.option(
    "--entries",
    type=click.IntRange(1_000, 10_000_000),
    default=ENTRIES,
    show_default=True,
    help="Of the accounts that are read beside those with a thousand.",
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="On which disk: a folder is made in it, and removed.  [default: that for temporary files]",
)
@click.option("--profile", is_flag=True, help="Statements by time, at the end.")
def ledger(
    seconds: int,
    repetitions: int,
    warm_up: int,
    scale: int,
    accounts: int,
    entries: int,
    directory: Path | None,
    profile: bool,
) -> None:
    """Posts per second, one by one and in bulk, and reads of long accounts, against TPC-B.

    With other scales, accounts or entries than the default ones the figures do not compare.
    """
    with tempfile.TemporaryDirectory(prefix="aksum-bench-", dir=directory) as folder:
        plan = Plan(
            folder=Path(folder),
            seconds=seconds,
            repetitions=repetitions,
            warm_up=warm_up,
            scale=scale,
            accounts=accounts,
            entries=entries,
            profile=profile,
        )
        try:
            measured = uvloop.run(measure(plan))
        except (NotDurable, PgbenchFailed, LoadFailed) as error:
            raise click.ClickException(str(error)) from None
    told = report(measured)
    publish(told, grids(measured, told))
