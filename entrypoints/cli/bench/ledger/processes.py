"""The load's processes and the one that folds, as the measuring process has them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Self

import msgspec

from entrypoints.cli.bench.ledger.task import Done, Task
from entrypoints.cli.sandbox.child import ROOT
from entrypoints.wiring.lifeline import SUPERVISOR

START_SECONDS: Final = 60
SPARE_SECONDS: Final = 60
MODULE: Final = "entrypoints.cli.bench.ledger.child"


class LoadFailed(RuntimeError):
    """A process of the benchmark's ended before its time."""


class Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def start(cls, argument: str, environment: dict[str, str]) -> Self:
        """Returns when it is ready. Raises `LoadFailed`."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", MODULE, argument),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                **environment,
                "PYTHONPATH": str(ROOT),
                SUPERVISOR: str(os.getpid()),
            },
        )
        child = cls(process)
        if await child._line(START_SECONDS) != b"ready":
            await child.stop()
            raise LoadFailed("a process of the benchmark's did not start")
        return child

    async def do(self, task: Task) -> Done:
        if self._process.stdin is None:
            raise LoadFailed("a load process has no input")
        self._process.stdin.write(msgspec.json.encode(task) + b"\n")
        await self._process.stdin.drain()
        line = await self._line(task.warm_up + task.seconds + SPARE_SECONDS)
        return msgspec.json.decode(line, type=Done)

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def _line(self, seconds: int) -> bytes:
        if self._process.stdout is None:
            raise LoadFailed("a load process has no output")
        async with asyncio.timeout(seconds):
            line = await self._process.stdout.readline()
        if not line:
            raise LoadFailed("a process of the benchmark's has ended")
        return line.rstrip(b"\n")


@asynccontextmanager
async def running(
    arguments: Sequence[str], environment: dict[str, str]
) -> AsyncIterator[list[Child]]:
    children: list[Child] = []
    try:
        for argument in arguments:
            child = await Child.start(argument, environment)
            children.append(child)  # known at once, to be stopped if the next does not start
        yield children
    finally:
        for child in children:
            await child.stop()


def write_books(path: Path, document: msgspec.Struct) -> str:
    path.write_bytes(msgspec.json.encode(document))
    return str(path)
