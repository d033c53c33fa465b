"""The yardstick: TPC-B-like transactions by PostgreSQL's own `pgbench`, on the same server."""

import asyncio
import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

THREADS: Final = 2
_TPS: Final = re.compile(r"^tps = ([0-9.]+) ", re.MULTILINE)
_FAILED: Final = re.compile(r"^number of failed transactions: ([0-9]+) ", re.MULTILINE)
_DONE: Final = re.compile(r"^number of transactions actually processed: ([0-9]+)", re.MULTILINE)
_LATENCY: Final = re.compile(r"^latency average = ([0-9.]+) ms", re.MULTILINE)


class PgbenchFailed(RuntimeError):
    """With what it printed."""


class TpcbRun(msgspec.Struct, frozen=True, kw_only=True):
    tps: float
    transactions: int
    failed: int
    latency_average_ms: float


class Pgbench:
    def __init__(self, programs: Path, url: str) -> None:
        """`url` names a database of its own, on a socket."""
        parts = urlsplit(url)
        self._program = programs / "pgbench"
        self._environment = {
            **os.environ,
            "PGHOST": dict(parse_qsl(parts.query))["host"],
            "PGUSER": parts.username or "",
            "PGDATABASE": parts.path.removeprefix("/"),
        }

    async def fill(self, *, scale: int) -> None:
        await self._run("--initialize", "--quiet", f"--scale={scale}")

    async def run(self, *, clients: int, seconds: int) -> TpcbRun:
        printed = await self._run(
            "--protocol=prepared",
            f"--jobs={THREADS}",
            f"--client={clients}",
            f"--time={seconds}",
        )
        return TpcbRun(
            tps=float(_found(_TPS, printed)),
            transactions=int(_found(_DONE, printed)),
            failed=int(_found(_FAILED, printed)),
            latency_average_ms=float(_found(_LATENCY, printed)),
        )

    async def _run(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            self._program,
            *arguments,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise PgbenchFailed(output.decode(errors="replace"))
        return output.decode()


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if found is None:
        raise PgbenchFailed(text)
    return found[1]
