"""A process of the load, or the one that folds: `python -m entrypoints.cli.bench.ledger.child`."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from application.ledger.fold_ledger import FoldLedger
from application.ports.bell import JobKind
from application.ports.unit_of_work import UnitOfWork
from entrypoints.cli.bench.ledger.load import Load
from entrypoints.cli.bench.ledger.task import Books, Task
from entrypoints.wiring.container import make_api_container
from entrypoints.wiring.lifeline import follow_supervisor
from entrypoints.wiring.processes import worker_process
from entrypoints.wiring.settings import read_settings
from entrypoints.worker.schedule import BY_TIME

FOLD: Final = "fold"


async def fold() -> None:
    """At the worker's pace, until it is killed."""
    async with worker_process() as container:
        ledger: FoldLedger = await container.get(FoldLedger)
        _say(b"ready")
        while True:
            while await ledger.execute():
                pass
            await asyncio.sleep(BY_TIME[JobKind.FOLD_LEDGER].every.total_seconds())


async def serve(books: Books) -> None:
    """Does one task after the other, until there is no more input."""
    container = make_api_container(read_settings())
    try:
        load = Load(container, books)
        await _open_connections(await container.get(UnitOfWork), books)
        await load.prepare()
        gc.freeze()
        _say(b"ready")
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
            done = await load.do(msgspec.json.decode(line, type=Task))
            _say(msgspec.json.encode(done))
    finally:
        await container.close()


async def _open_connections(uow: UnitOfWork, books: Books) -> None:
    """All of them at first: with a new one, what is known of accounts is forgotten."""
    async with AsyncExitStack() as stack:
        for _ in range(books.clients):
            await stack.enter_async_context(uow.begin(books.tenant_id))


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def _work(argument: str) -> Callable[[], Awaitable[None]]:
    if argument == FOLD:
        return fold
    books = msgspec.json.decode(Path(argument).read_bytes(), type=Books)
    return lambda: serve(books)


async def main() -> None:
    await _work(sys.argv[1])()


if __name__ == "__main__":
    follow_supervisor()
    uvloop.run(main())
