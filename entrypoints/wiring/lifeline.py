"""Ending when the parent ends, however that happened: no orphan goes on holding a port or a lease.

SIGKILL, because a process must survive being killed at any instant anyway, and this way nobody who
waits for the port has to be patient.
"""

import ctypes
import os
import signal
import sys
import threading
from typing import Final

PR_SET_PDEATHSIG: Final = 1
WATCH_SECONDS: Final = 1
SUPERVISOR: Final = "AKSUM_SUPERVISOR_PID"


def follow(parent: int) -> None:
    """Call from the main thread of a process that `parent` started from its own main thread."""
    if not _die_with_parent():
        threading.Thread(target=_watch, args=(parent,), daemon=True, name="lifeline").start()
    if os.getppid() != parent:  # it ended before we asked the kernel
        os.kill(os.getpid(), signal.SIGKILL)


def follow_supervisor() -> None:
    """Follows whoever left its pid in the environment, and keeps that from our own children."""
    supervisor = os.environ.pop(SUPERVISOR, "")
    if supervisor.isdecimal():
        follow(int(supervisor))


def _die_with_parent() -> bool:
    """True where the kernel does it."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0)


def _watch(parent: int) -> None:
    never = threading.Event()
    while os.getppid() == parent:
        never.wait(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
