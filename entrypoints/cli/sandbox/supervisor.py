"""Starts everything in order, keeps it running, says where it is, and stops it in reverse."""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import click
import msgspec

from entrypoints.cli.commands.worker import READY_FILE
from entrypoints.cli.sandbox.child import Child, Ready
from entrypoints.cli.sandbox.files import (
    ListedProvider,
    Pids,
    ProviderRow,
    SampleTenant,
    SandboxFile,
    SandboxFiles,
    replace_file,
)
from entrypoints.cli.sandbox.probes import LOOPBACK, answers
from entrypoints.cli.sandbox.providers import control_url, provider_rows, simulator
from entrypoints.cli.sandbox.seed import Seed, list_catalog
from entrypoints.simulator.market import Market
from entrypoints.wiring.errors import StartRefused
from entrypoints.wiring.preparing import prepare
from entrypoints.wiring.processes import operator_process
from entrypoints.wiring.server import Database, DatabaseServer
from entrypoints.wiring.settings import (
    ABSENCE_MARGIN,
    API_DATABASE_URL,
    DATA_DIR,
    LP_CONFIG,
    SANDBOX,
    WORKER_DATABASE_URL,
    Settings,
    without_database_urls,
)

START_PATIENCE: Final = timedelta(seconds=60)
# Together below ten seconds, with what PostgreSQL takes at most in between.
SERVING_STOP: Final = timedelta(seconds=4)
SIMULATOR_STOP: Final = timedelta(seconds=2)
POSTGRES_AGAIN: Final = timedelta(seconds=1)
ABSENCE_MARGIN_SECONDS: Final = 5


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    port: int
    seed: int
    api_workers: int
    rate_limits: bool


class Supervisor:
    def __init__(self, plan: Plan, settings: Settings) -> None:
        self._plan = plan
        self._files = SandboxFiles(settings.data_dir.absolute())
        self._settings = msgspec.structs.replace(
            settings,
            data_dir=self._files.root,
            sandbox=True,
            lp_config=self._files.liquidity,
            absence_margin=timedelta(seconds=ABSENCE_MARGIN_SECONDS),
        )
        self._server = DatabaseServer(self._settings)
        self._database: Database | None = None
        self._tenants: list[SampleTenant] = []
        self._operators: list[str] = []
        self._rows: list[ProviderRow] = []
        self._simulators: list[Child] = []
        self._ready_file = self._files.root / "worker.ready"
        self._worker = self._child(
            "worker", ["worker"], self._worker_is_ready, url=WORKER_DATABASE_URL
        )
        self._api = self._child(
            "api",
            [
                *("serve", "--host", LOOPBACK, "--port", str(plan.port)),
                *("--workers", str(plan.api_workers)),
            ],
            lambda _pid: answers(plan.port, "/readyz"),
            url=API_DATABASE_URL,
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`, which may be set at any time. Raises `StartRefused`."""
        lock = self._files.prepare()
        up = asyncio.create_task(self._up())
        told = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({up, told}, return_when=asyncio.FIRST_COMPLETED)
            if up.done():
                up.result()
                await self._keep(told)
        finally:
            for task in (up, told):
                task.cancel()
            await asyncio.gather(up, told, return_exceptions=True)
            await self._down()
            os.close(lock)

    async def _up(self) -> None:
        self._rows = provider_rows(
            self._files,
            margin_seconds=ABSENCE_MARGIN_SECONDS,
            rate_limits=self._plan.rate_limits,
        )
        for row in self._rows:
            child = simulator(row, self._plan.seed, self._files, rate_limits=self._plan.rate_limits)
            self._simulators.append(child)
            await child.start()
        self._database = await self._server.start()
        await prepare(self._database.admin_url, self._settings)
        async with operator_process(self._with_urls()) as container:
            await list_catalog(container, self._settings)
        # The API and the worker import for a while; the sample data is made meanwhile.
        await self._api.start()
        await self._worker.start()
        async with operator_process(self._with_urls()) as container:
            earlier, market = self._files.read_sandbox(), Market(self._plan.seed)
            self._tenants, self._operators = await Seed(container, earlier, market=market).run()
        await asyncio.gather(*(each.until_ready(START_PATIENCE) for each in self._children()))
        self._publish()
        sys.stdout.write(f"ready http://{LOOPBACK}:{self._plan.port}\n")
        sys.stdout.flush()

    async def _keep(self, told: asyncio.Task[bool]) -> None:
        keepers = [asyncio.create_task(each.keep(self._publish)) for each in self._children()]
        keepers.append(asyncio.create_task(self._keep_postgres()))
        try:
            done, _ = await asyncio.wait({*keepers, told}, return_when=asyncio.FIRST_COMPLETED)
            for each in done - {told}:
                each.result()
        finally:
            for each in keepers:
                each.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)

    async def _keep_postgres(self) -> None:
        """Pools reconnect by themselves; a new socket directory is for new processes only."""
        while True:
            await self._server.ended()
            click.echo("aksum: PostgreSQL has ended, starting it again", err=True)
            before = self._database
            try:
                self._database = await self._server.start()
            except StartRefused as error:
                click.echo(f"aksum: {error}", err=True)
                await asyncio.sleep(POSTGRES_AGAIN.total_seconds())
                continue
            if before is not None and before.admin_url != self._database.admin_url:
                self._api.restart()
                self._worker.restart()
            self._publish()

    async def _down(self) -> None:
        await asyncio.gather(self._api.stop(SERVING_STOP), self._worker.stop(SERVING_STOP))
        await asyncio.gather(
            self._server.stop(), *(each.stop(SIMULATOR_STOP) for each in self._simulators)
        )

    def _children(self) -> list[Child]:
        return [*self._simulators, self._worker, self._api]

    def _child(self, name: str, arguments: list[str], ready: Ready, *, url: str) -> Child:
        return Child(
            name,
            arguments,
            environment=lambda: self._environment(url),
            log=lambda: self._files.log(name),
            ready=ready,
        )

    async def _worker_is_ready(self, pid: int) -> bool:
        return self._ready_file.exists() and self._ready_file.read_text() == f"{pid}\n"

    def _with_urls(self) -> Settings:
        return msgspec.structs.replace(self._settings, database_urls=self._urls())

    def _urls(self) -> Mapping[str, str]:
        return {} if self._database is None else self._database.role_urls

    def _environment(self, url: str) -> Mapping[str, str]:
        """Of all URLs a process gets its own role's only."""
        return {
            **without_database_urls(os.environ),
            url: self._urls()[url],
            SANDBOX: "true",
            DATA_DIR: str(self._files.root),
            LP_CONFIG: str(self._files.liquidity),
            ABSENCE_MARGIN: str(ABSENCE_MARGIN_SECONDS),
            READY_FILE: str(self._ready_file),
        }

    def _publish(self) -> None:
        if self._database is None:
            return
        port = self._plan.port
        replace_file(
            self._files.sandbox,
            SandboxFile(
                api_url=f"http://{LOOPBACK}:{port}",
                ws_url=f"ws://{LOOPBACK}:{port}/v1/stream",
                market_ws_url=f"ws://{LOOPBACK}:{port + 1}/v1/stream",
                database_url=self._database.operator_url,
                operator_keys=self._operators,
                tenants=self._tenants,
                liquidity_providers=[
                    ListedProvider(
                        name=row.name,
                        dialect=row.dialect,
                        role=row.role,
                        url=row.url,
                        control_url=control_url(row),
                    )
                    for row in self._rows
                ],
                pids=Pids(
                    postgres=self._database.pid,
                    api=[self._api.pid],
                    worker=[self._worker.pid],
                    simulator=[each.pid for each in self._simulators],
                ),
                supervisor=os.getpid(),
                seed=self._plan.seed,
            ),
        )
