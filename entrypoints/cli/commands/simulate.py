import asyncio
import signal
from pathlib import Path

import click
import uvloop

from entrypoints.cli.output import print_json
from entrypoints.simulator.dialects import DIALECTS
from entrypoints.simulator.server import SANDBOX_CREDENTIALS, create_simulator, serve
from entrypoints.simulator.vendor import Credentials


@click.command()
@click.option("--dialect", type=click.Choice(sorted(DIALECTS)), required=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--seed", type=int, default=1, show_default=True, help="One seed, one market.")
@click.option("--api-key", envvar="AKSUM_SIMULATOR_API_KEY", default=SANDBOX_CREDENTIALS.api_key)
@click.option(
    "--api-secret", envvar="AKSUM_SIMULATOR_API_SECRET", default=SANDBOX_CREDENTIALS.api_secret
)
@click.option("--journal", type=click.Path(path_type=Path), help="File that survives a restart.")
@click.option("--no-rate-limits", is_flag=True, help="For benchmarks.")
def simulate(
    dialect: str,
    host: str,
    port: int,
    seed: int,
    api_key: str,
    api_secret: str,
    journal: Path | None,
    no_rate_limits: bool,
) -> None:
    """Serve a liquidity provider on its own paths, with named faults (docs/simulator.md).

    Prints its URLs as JSON when it listens, and ends on SIGTERM.
    """
    app = create_simulator(
        dialect,
        seed=seed,
        credentials=Credentials(api_key, api_secret),
        rate_limits=not no_rate_limits,
        journal=journal,
    )

    async def run() -> None:
        running = await serve(app, host=host, port=port)
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        print_json({"dialect": dialect, "url": running.url, "control_url": running.control_url})
        await stop.wait()
        await running.close()

    try:
        uvloop.run(run())
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from None
