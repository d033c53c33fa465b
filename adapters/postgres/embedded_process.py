"""Child processes that do not outlive this one, and how they are stopped."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from adapters.postgres.embedded_account import Account

LAUNCHER: Final = Path(__file__).with_name("embedded_launcher.py")
SHORTEST_PAUSE_MS: Final = 5
LONGEST_PAUSE_MS: Final = 200
ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

# Linux sends the parent-death signal when the *thread* that started the child ends. This one lives
# as long as the process, whichever thread or event loop asks for a server.
_STARTER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded-postgres")


class LaunchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What embedded_launcher.py is told, as JSON."""

    argv: tuple[str, ...]
    parent: int
    uid: int | None
    gid: int | None
    capabilities: tuple[int, ...]
    watch_pipe: int | None


class Child:
    """A running program. `lifeline` is the pipe end whose closing ends it where Linux does not."""

    def __init__(self, process: subprocess.Popen[bytes], lifeline: int | None) -> None:
        self._process = process
        self._lifeline = lifeline

    @property
    def pid(self) -> int:
        return self._process.pid

    def ended(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        code = self._process.poll()
        if code is not None and self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
        return code

    async def wait(self) -> int:
        """Looks often at first, when a quick end is likely, then a few times a second."""
        pause = SHORTEST_PAUSE_MS
        while True:
            code = self.ended()
            if code is not None:
                return code
            await asyncio.sleep(pause / 1000)
            pause = min(2 * pause, LONGEST_PAUSE_MS)

    async def stop(self, steps: Sequence[tuple[signal.Signals, timedelta]]) -> int:
        """Send each signal in turn, giving each its time; SIGKILL after the last."""
        for number, patience in steps:
            self._process.send_signal(number)  # a no-op once it has ended
            try:
                return await asyncio.wait_for(self.wait(), patience.total_seconds())
            except TimeoutError:
                continue
        self._process.kill()
        return await self.wait()


def start_child(
    argv: Sequence[str],
    *,
    log: Path,
    account: Account | None,
    capabilities: tuple[int, ...],
    die_by_pipe: bool = sys.platform != "linux",
) -> Child:
    """Start `argv` as `account`, in a session of its own: Ctrl-C is the supervisor's to handle."""
    return _STARTER.submit(_start, tuple(argv), log, account, capabilities, die_by_pipe).result()


def _start(
    argv: tuple[str, ...],
    log: Path,
    account: Account | None,
    capabilities: tuple[int, ...],
    die_by_pipe: bool,
) -> Child:
    watched, lifeline = os.pipe() if die_by_pipe else (None, None)
    plan = LaunchPlan(
        argv=argv,
        parent=os.getpid(),
        uid=account.uid if account else None,
        gid=account.gid if account else None,
        capabilities=capabilities,
        watch_pipe=watched,
    )
    opened = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        process = subprocess.Popen(  # noqa: S603 - argv is ours, and there is no shell
            [sys.executable, "-I", "-S", str(LAUNCHER), msgspec.json.encode(plan).decode()],
            stdin=subprocess.DEVNULL,
            stdout=opened,
            stderr=opened,
            cwd="/",
            env=ENVIRONMENT,
            pass_fds=() if watched is None else (watched,),
            start_new_session=True,
        )
    finally:
        os.close(opened)
        if watched is not None:
            os.close(watched)
    return Child(process, lifeline)
