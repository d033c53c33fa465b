import asyncio
import logging
import signal
from pathlib import Path

import click
import msgspec

from entrypoints.cli.sandbox.probes import free_port, is_free
from entrypoints.cli.sandbox.supervisor import Plan, Supervisor
from entrypoints.wiring.logs import configure_logging
from entrypoints.wiring.settings import read_settings


@click.group()
def sandbox() -> None:
    """Everything at once on this machine, with sample data and providers that fail on demand."""


@sandbox.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65534),
    default=8080,
    show_default=True,
    help="The API's; 0 takes a free one.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is kept; it goes on where it stopped.  [default: AKSUM_DATA_DIR]",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulated market.")
@click.option("--api-workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--no-rate-limits", is_flag=True, help="Simulators without limits, for benchmarks.")
def up(port: int, data_dir: Path | None, seed: int, api_workers: int, no_rate_limits: bool) -> None:
    """Run PostgreSQL, simulators, worker and API in the foreground until Ctrl-C.

    Prints one line, `ready http://127.0.0.1:PORT`, when all of it answers; how to reach the rest,
    keys included, is then in DIR/sandbox.json. With AKSUM_DATABASE_URL it uses that server instead
    of its own.
    """
    configure_logging(logging.WARNING)
    settings = read_settings()
    if data_dir is not None:
        settings = msgspec.structs.replace(settings, data_dir=data_dir)
    if port and not is_free(port):
        raise click.ClickException(f"port {port} is taken: choose another with --port")
    plan = Plan(
        port=port or free_port(),
        seed=seed,
        api_workers=api_workers,
        rate_limits=not no_rate_limits,
    )
    asyncio.run(_run(Supervisor(plan, settings)))


async def _run(supervisor: Supervisor) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await supervisor.run(stopping)
