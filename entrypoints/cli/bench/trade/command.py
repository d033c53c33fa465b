import tempfile
from pathlib import Path

import click
import uvloop

from entrypoints.cli.bench.pgbench import PgbenchFailed
from entrypoints.cli.bench.report import publish
from entrypoints.cli.bench.server import NotDurable
from entrypoints.cli.bench.trade.customers import SetUpFailed
from entrypoints.cli.bench.trade.figures import report
from entrypoints.cli.bench.trade.run import Plan, measure
from entrypoints.cli.bench.trade.tables import grids

SCALE = 50


@click.command()
@click.option("--seconds", type=click.IntRange(1, 600), default=20, show_default=True)
@click.option("--repetitions", type=click.IntRange(1, 20), default=3, show_default=True)
@click.option("--clients", type=click.IntRange(1, 200), default=32, show_default=True)
@click.option("--warm-up", type=click.IntRange(0, 60), default=3, show_default=True)
@click.option(
    "--scale",
    type=click.IntRange(1, 1000),
    default=SCALE,
    show_default=True,
    help="pgbench's. With another one the figures do not compare.",
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="On which disk: a folder is made in it, and removed.  [default: that for temporary files]",
)
@click.option("--profile", is_flag=True, help="Where the time goes, at the price of the figures.")
def trade(
    seconds: int,
    repetitions: int,
    clients: int,
    warm_up: int,
    scale: int,
    directory: Path | None,
    profile: bool,
) -> None:
    """Trades per second over HTTP, against TPC-B on the same server.

    A trade is a quote and the order that accepts it, with a durable commit at each of its steps and
    a liquidity provider called over HTTP in between.
    """
    with tempfile.TemporaryDirectory(prefix="aksum-bench-", dir=directory) as folder:
        plan = Plan(
            folder=Path(folder),
            seconds=seconds,
            repetitions=repetitions,
            clients=clients,
            warm_up=warm_up,
            scale=scale,
            profile=profile,
        )
        try:
            measured = uvloop.run(measure(plan))
        except (NotDurable, PgbenchFailed, SetUpFailed) as error:
            raise click.ClickException(str(error)) from None
    if measured.profile is not None:
        click.echo(measured.profile)
    told = report(measured)
    publish(told, grids(measured, told))
