"""What an earlier server on the same data directory may have left: processes and lock files.

Used while the directory's lock is held, so whatever still runs has lost its supervisor: it is
ending (PostgreSQL takes up to five seconds), or somebody started it by hand.
"""

import asyncio
import os
import signal
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Final

from adapters.postgres.embedded_errors import DataDirectoryInUse, EmbeddedPostgresError
from adapters.postgres.embedded_files import ServerFiles

ENDING: Final = timedelta(seconds=7)
TOLD_TO_END: Final = timedelta(seconds=1)  # from its supervisor's death to status 'stopping'
POLL_MILLISECONDS: Final = 50
PROC: Final = Path("/proc")
STATUS_FROM: Final = 5  # lines of postmaster.pid among which the status is, after the paths


async def clear_leftovers(files: ServerFiles) -> None:
    """Wait for an ending server, kill orphaned backends, refuse a living server.

    Orphans matter: a backend whose postmaster was killed goes on with its statement, and PostgreSQL
    does not start beside it.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    while left := server_processes(files):
        pid = postmaster_pid(files)
        if pid not in left:
            _kill(left)
        elif clock() - began > (ENDING if _is_ending(files) else TOLD_TO_END).total_seconds():
            raise _in_use(files, pid)
        if clock() - began > ENDING.total_seconds():
            raise EmbeddedPostgresError(
                f"processes {sorted(left)} hold {files.cluster} and do not end"
            )
        await asyncio.sleep(POLL_MILLISECONDS / 1000)
    _forget_reused_pid(files)


def postmaster_pid(files: ServerFiles) -> int | None:
    first = postmaster_lines(files)[:1]
    return int(first[0]) if first and first[0].isdecimal() else None


def postmaster_lines(files: ServerFiles) -> list[str]:
    """Lines of postmaster.pid: pid, data directory, start, port, socket directory, ..., status."""
    try:
        text = (files.cluster / "postmaster.pid").read_text(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [line.strip() for line in text.splitlines()]


def server_processes(files: ServerFiles) -> set[int]:
    """Pids of the postmaster and every backend of this cluster."""
    cluster = files.cluster.resolve()
    backend = f"postgres: {files.label}: "
    found: set[int] = set()
    for pid, title in _titles():
        program, option, _ = f"{title} ".partition(f" -D {cluster} ")
        by_us = bool(option) and program.startswith("/") and program.endswith("/postgres")
        if title.startswith(backend) or (by_us and Path(program).exists()):
            found.add(pid)
    recorded = postmaster_pid(files)
    if recorded is not None and _working_directory(recorded) == cluster:
        found.add(recorded)
    return found


def _is_ending(files: ServerFiles) -> bool:
    return "stopping" in postmaster_lines(files)[STATUS_FROM:]


def _kill(pids: set[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _titles() -> list[tuple[int, str]]:
    if not PROC.joinpath("self/cmdline").exists():
        return _titles_by_ps()
    titles: list[tuple[int, str]] = []
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                raw = (entry / "cmdline").read_bytes()
            except OSError:  # it ended meanwhile
                continue
            title = raw.replace(b"\0", b" ").decode(errors="replace").strip()
            titles.append((int(entry.name), title))
    return titles


def _titles_by_ps() -> list[tuple[int, str]]:
    listed = subprocess.run(
        ["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    )
    rows = (line.strip().partition(" ") for line in listed.stdout.splitlines())
    return [(int(pid), title.strip()) for pid, _, title in rows]


def _working_directory(pid: int) -> Path | None:
    """A postmaster works inside its cluster. None where the system does not say."""
    try:
        return PROC.joinpath(str(pid), "cwd").readlink()
    except OSError:
        return None


def _forget_reused_pid(files: ServerFiles) -> None:
    """Remove postmaster.pid if its pid is now another program's.

    In a container pids start again at 1, so the old server's often belongs to a stranger, and
    PostgreSQL would take the stranger for a server. Otherwise the file stays: PostgreSQL finds by
    it the shared memory it must check and free.
    """
    pid = postmaster_pid(files)
    title = next((title for each, title in _titles() if each == pid), None)
    if pid is None or title is None:
        return
    if "postgres" in title and _working_directory(pid) is None:
        raise _in_use(files, pid)  # cannot be told apart from a server started by hand
    (files.cluster / "postmaster.pid").unlink(missing_ok=True)


def _in_use(files: ServerFiles, pid: int) -> DataDirectoryInUse:
    return DataDirectoryInUse(
        f"a PostgreSQL server (process {pid}) that Aksum did not start runs on {files.cluster}: "
        f"stop it with 'kill -INT {pid}'",
        pid,
    )
