import os
from pathlib import Path
from typing import Final

import click
import uvloop

from entrypoints.wiring.logs import configure_logging
from entrypoints.wiring.processes import worker_process
from entrypoints.worker.app import run_worker

READY_FILE: Final = "AKSUM_READY_FILE"


@click.command()
def worker() -> None:
    """Settle open executions, mirror to the house, expire what is over, until SIGTERM."""
    configure_logging()
    uvloop.run(_work())


async def _work() -> None:
    async with worker_process() as container:
        await run_worker(container, ready=_say_ready)


def _say_ready() -> None:
    """For a supervisor that waits: our pid in the file it named."""
    named = os.environ.get(READY_FILE)
    if named:
        Path(named).write_text(f"{os.getpid()}\n")
