"""A process below the supervisor: started, watched, started again, stopped, never left behind."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from entrypoints.wiring.errors import StartRefused
from entrypoints.wiring.lifeline import SUPERVISOR

BACKOFF_FIRST: Final = timedelta(milliseconds=100)
BACKOFF_MAX: Final = timedelta(seconds=5)
# Whoever lived this long did not die of how it was started.
SOUND_AFTER: Final = timedelta(seconds=10)
ASK_EVERY: Final = timedelta(milliseconds=50)
LOG_TAIL_LINES: Final = 8
ROOT: Final = Path(__file__).resolve().parents[3]

Ready = Callable[[int], Awaitable[bool]]


class Child:
    """`arguments` are those of `aksum`; `environment` is asked at every start, as URLs change."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        environment: Callable[[], Mapping[str, str]],
        log: Callable[[], Path],
        ready: Ready,
    ) -> None:
        self.name = name
        self._arguments = tuple(arguments)
        self._environment = environment
        self._log = log
        self._ready = ready
        self._process: Process | None = None
        self._told = asyncio.Event()

    @property
    def pid(self) -> int:
        if self._process is None:
            raise StartRefused(f"{self.name} was not started")
        return self._process.pid

    async def start(self) -> None:
        # -P: the code comes from this checkout, whatever the folder we were called in.
        path = self._log()
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "entrypoints.cli", *self._arguments),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                env={
                    **self._environment(),
                    "PYTHONPATH": str(ROOT),
                    SUPERVISOR: str(os.getpid()),
                },
                start_new_session=True,  # Ctrl-C is the supervisor's to handle
            )
        finally:
            os.close(log)

    async def until_ready(self, patience: timedelta) -> None:
        """Raises `StartRefused` when it ends instead, or takes too long."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience.total_seconds()
        while not await self._ready(self.pid):
            if self._process is None or self._process.returncode is not None:
                raise StartRefused(f"{self.name} ended instead of starting:\n{self._tail()}")
            if clock() > deadline:
                raise StartRefused(f"{self.name} is not ready after {patience}:\n{self._tail()}")
            await asyncio.sleep(ASK_EVERY.total_seconds())

    async def keep(self, started_again: Callable[[], None]) -> None:
        """Starts it again whenever it ends, until `stop`; later each time if it ends at once."""
        clock = asyncio.get_running_loop().time
        pause = BACKOFF_FIRST
        while self._process is not None:
            began = clock()
            await self._process.wait()
            if self._told.is_set():
                return
            if clock() - began > SOUND_AFTER.total_seconds():
                pause = BACKOFF_FIRST
            await asyncio.sleep(pause.total_seconds())
            pause = min(2 * pause, BACKOFF_MAX)
            if self._told.is_set():
                return
            await self.start()
            started_again()

    def restart(self) -> None:
        """Ends it, and `keep` starts it with the environment of now."""
        self._signal(signal.SIGTERM)

    async def stop(self, patience: timedelta) -> None:
        """SIGTERM, and SIGKILL when patience ends: every process here survives that anyway."""
        self._told.set()
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await self._process.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    def _tail(self) -> str:
        lines = self._log().read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return "\n".join(f"  {line}" for line in lines)
