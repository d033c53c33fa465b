"""The sandbox as a user starts it, on a given database server, for as long as a measurement."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from entrypoints.cli.sandbox.child import ROOT
from entrypoints.cli.sandbox.files import SandboxFile, SandboxFiles
from entrypoints.wiring.bench import DATABASE_URL
from entrypoints.wiring.errors import StartRefused
from entrypoints.wiring.lifeline import SUPERVISOR

START_SECONDS: Final = 90
STOP_SECONDS: Final = 15
LOG_TAIL_LINES: Final = 12


@asynccontextmanager
async def running_sandbox(
    data_dir: Path, *, database_url: str, environment: Mapping[str, str]
) -> AsyncIterator[SandboxFile]:
    """Simulators without rate limits. Raises `StartRefused`, with the end of what it printed."""
    log = _log(data_dir)
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "entrypoints.cli", "sandbox", "up"),
            *("--port", "0", "--data-dir", str(data_dir), "--no-rate-limits"),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={
                **os.environ,
                **environment,
                "PYTHONPATH": str(ROOT),
                DATABASE_URL: database_url,
                SUPERVISOR: str(os.getpid()),
            },
            start_new_session=True,
        )
    try:
        await _until_ready(process, log)
        described = SandboxFiles(data_dir).read_sandbox()
        if described is None:
            raise StartRefused("the sandbox is ready and has not said where")
        yield described
    finally:
        await _stop(process)


async def _until_ready(process: asyncio.subprocess.Process, log: Path) -> None:
    if process.stdout is None:
        raise StartRefused("the sandbox has no output")
    try:
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError:
        line = b""
    if not line.startswith(b"ready "):
        raise StartRefused(f"the sandbox did not start:\n{_tail(log)}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _log(data_dir: Path) -> Path:
    data_dir.mkdir(parents=True, exist_ok=True)
    return data_dir / "supervisor.log"


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
