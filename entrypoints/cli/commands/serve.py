import asyncio
from typing import Final

import click
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from entrypoints.wiring import asgi  # imported before the server forks, so once for all workers
from entrypoints.wiring.logs import configure_logging
from entrypoints.wiring.processes import check_api
from entrypoints.wiring.settings import read_settings

TARGET: Final = f"{asgi.__name__}:{asgi.create.__name__}"
STOP_SECONDS: Final = 6  # then the server kills its worker: the resolver finishes its orders
BACKLOG: Final = 2048


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
def serve(host: str, port: int, workers: int) -> None:
    """Serve the API until SIGTERM. A worker process that dies is replaced."""
    configure_logging()
    asyncio.run(check_api(read_settings()))
    Granian(
        TARGET,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        loop=Loops.uvloop,
        backlog=BACKLOG,
        # A limit here would count connections, not requests (docs/adr/0016).
        backpressure=BACKLOG,
        log_access=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        factory=True,
    ).serve()
