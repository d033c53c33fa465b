"""A sandbox with an empty folder of crash points, who is told of its events, and the way into it
past the API.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from dishka import AsyncContainer

from adapters.postgres.embedded import find_running
from entrypoints.wiring.container import make_api_container
from entrypoints.wiring.crash import MET
from entrypoints.wiring.database import embedded_url
from entrypoints.wiring.settings import CRASH_POINT, POSTGRES_FOLDER, Settings
from tests.integration.sandbox_process import Sandbox, running_sandbox
from tests.integration.webhook_receiver import Receiver, receiving
from tests.soak.crash.requests import Notebook

# The machine may be busy with all else one does there.
START_SECONDS: Final = 180


class Met(msgspec.Struct, frozen=True):
    point: str
    pid: int
    at: datetime


class Stage:
    """`admin` are connections of a superuser, who reads everything, whoever's it is."""

    def __init__(
        self,
        sandbox: Sandbox,
        armory: Path,
        admin_url: str,
        admin: asyncpg.Pool,
        inside: AsyncContainer,
        receiver: Receiver,
        notebook: Notebook,
    ) -> None:
        self.receiver = receiver
        self.notebook = notebook
        self.sandbox = sandbox
        self.admin_url = admin_url
        self.admin = admin
        self.inside = inside
        self._armory = armory

    @property
    def environment(self) -> Mapping[str, str]:
        """For a command that may be stopped as well."""
        return {CRASH_POINT: f"@{self._armory}"}

    def arm(self, point: str, action: str = "kill") -> None:
        whole = self._armory / f".{point}"
        whole.write_text(action)
        whole.rename(self._armory / point)

    def disarm(self, point: str) -> bool:
        """False when somebody met it in this moment."""
        try:
            (self._armory / point).unlink()
        except FileNotFoundError:
            return False
        return True

    def take_met(self) -> list[Met]:
        """Those that were met since this was asked the last time."""
        found = []
        for file in self._armory.glob(f"*{MET}*"):
            point, _, pid = file.name.partition(MET)
            found.append(Met(point, int(pid), datetime.fromtimestamp(file.stat().st_ctime, UTC)))
            file.unlink()
        return sorted(found, key=lambda met: met.at)


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    armory = folder / "crash-points"
    armory.mkdir(parents=True)
    environment = {CRASH_POINT: f"@{armory}"}
    async with (
        receiving() as receiver,
        running_sandbox(
            folder / "data", environment=environment, start_seconds=START_SECONDS
        ) as sandbox,
    ):
        running = find_running(sandbox.data_dir / POSTGRES_FOLDER)
        assert running is not None, "the sandbox has no PostgreSQL of its own"
        url = embedded_url(running)
        inside = make_api_container(
            Settings(data_dir=sandbox.data_dir, sandbox=True, lp_config=None)
        )
        admin = await asyncpg.create_pool(url, min_size=1, max_size=4)
        try:
            notebook = Notebook(folder / "diary")
            yield Stage(sandbox, armory, url, admin, inside, receiver, notebook)
        finally:
            await admin.close()
            await inside.close()


def without_database(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("AKSUM_")}
