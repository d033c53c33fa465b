"""A sandbox of the demo's own: its own folder, its own ports, and gone when the demo is."""

import asyncio
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from entrypoints.cli.demo.operator import aksum, clean_environment
from entrypoints.cli.sandbox.files import SandboxFile
from entrypoints.wiring.errors import StartRefused
from entrypoints.wiring.lifeline import SUPERVISOR

START_WITHIN: Final = timedelta(seconds=120)
STOP_WITHIN: Final = timedelta(seconds=15)
SHOWN_LINES: Final = 12


class DemoFolder:
    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="aksum-demo-"))
        self.data = self.root / "data"
        self.log = self.root / "sandbox.log"

    @property
    def description(self) -> Path:
        """Keys, URLs and everything else one needs."""
        return self.data / "sandbox.json"

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


class OwnSandbox:
    def __init__(self, described: SandboxFile, process: Process) -> None:
        self.described = described
        self._process = process

    async def ended(self) -> None:
        """Returns when it is no more, which it is not meant to be by itself."""
        await self._process.wait()


@asynccontextmanager
async def own_sandbox(folder: DemoFolder) -> AsyncIterator[OwnSandbox]:
    """Raises `StartRefused` with the end of its log when it does not come up."""
    with folder.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *aksum("sandbox", "up", "--port", "0", "--data-dir", str(folder.data)),
            env={**clean_environment(), SUPERVISOR: str(os.getpid())},
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is ours to handle, and then it is told
        )
    try:
        await _until_ready(process, folder)
        described = msgspec.json.decode(folder.description.read_bytes(), type=SandboxFile)
        yield OwnSandbox(described, process)
    finally:
        await _stop(process)


async def _until_ready(process: Process, folder: DemoFolder) -> None:
    line = b""
    if process.stdout is not None:
        try:
            async with asyncio.timeout(START_WITHIN.total_seconds()):
                line = await process.stdout.readline()
        except TimeoutError:
            raise StartRefused(f"the sandbox was not ready after {START_WITHIN}") from None
    if not line.startswith(b"ready "):
        lines = folder.log.read_text(errors="replace").splitlines()[-SHOWN_LINES:]
        raise StartRefused("\n".join(("the sandbox did not start:", *lines)))


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_WITHIN.total_seconds()):
            await process.wait()
    except TimeoutError:
        process.kill()  # what it started ends with it
        await process.wait()
