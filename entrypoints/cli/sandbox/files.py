"""What the sandbox keeps in its directory. Both files hold secrets and are readable by us alone.

<dir>/sandbox.json     how to reach it; replaced whole whenever a process was started again
<dir>/liquidity.json   the liquidity providers, as AKSUM_LP_CONFIG wants them
<dir>/logs/            one file per process
<dir>/simulators/      what each simulated provider remembers of its executions
<dir>/postgres/        the embedded PostgreSQL, see adapters/postgres/embedded_files.py
"""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from entrypoints.wiring.errors import StartRefused
from entrypoints.wiring.settings import LP_CONFIG_FILE

T = TypeVar("T")

LOG_LIMIT_BYTES: Final = 16 * 1024 * 1024


class SampleTenant(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    api_key: str
    customers: list[str]


class ListedProvider(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    dialect: str
    role: str
    url: str
    control_url: str


class Pids(msgspec.Struct, frozen=True, kw_only=True):
    """The processes the supervisor started; `postgres` is None where the server is not ours."""

    postgres: int | None
    api: list[int]
    worker: list[int]
    market: list[int] = []
    gateway: list[int] = []
    simulator: list[int]


class SandboxFile(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of sandbox.json, part of the public contract."""

    api_url: str
    ws_url: str
    market_ws_url: str
    database_url: str
    operator_keys: list[str]
    tenants: list[SampleTenant]
    liquidity_providers: list[ListedProvider]
    pids: Pids
    supervisor: int
    seed: int


class ProviderRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of liquidity.json. `rate_budget` None lifts the allowance that its dialect has."""

    name: str
    dialect: str
    role: str
    rank: int
    url: str
    api_key: str
    api_secret: str
    sandbox: bool = True
    absence_margin_seconds: int
    rate_budget: msgspec.UnsetType | None = msgspec.UNSET


class SandboxFiles:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.sandbox = root / "sandbox.json"
        self.liquidity = root / LP_CONFIG_FILE
        self.logs = root / "logs"
        self.simulators = root / "simulators"

    def prepare(self) -> int:
        """Makes the folders and holds the directory; the descriptor whose closing lets go of it.

        Raises `StartRefused` when another sandbox has it.
        """
        for folder in (self.root, self.logs, self.simulators):
            folder.mkdir(parents=True, exist_ok=True)
        for secret in (self.logs, self.simulators):
            secret.chmod(0o700)
        lock = os.open(self.root / "sandbox.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise StartRefused(f"another sandbox runs in {self.root}") from None
        return lock

    def log(self, process: str) -> Path:
        path = self.logs / f"{process}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
            path.rename(path.with_suffix(".log.1"))
        return path

    def read_sandbox(self) -> SandboxFile | None:
        return _read(self.sandbox, SandboxFile)

    def read_providers(self) -> list[ProviderRow]:
        return _read(self.liquidity, list[ProviderRow]) or []


def _read(path: Path, shape: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=shape)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise StartRefused(f"{path} is damaged: {error}. Move it away to get new keys") from None


def replace_file(path: Path, document: object) -> None:
    """Nobody ever sees half of it, and nobody but us may read it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:  # mkstemp made it 0600
            file.write(msgspec.json.format(msgspec.json.encode(document), indent=2))
            file.write(b"\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
