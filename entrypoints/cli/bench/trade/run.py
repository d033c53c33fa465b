"""One run: a server, a sandbox on it, and both sides of the comparison in turn."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import msgspec
import psutil

from entrypoints.cli.bench.cpu import CpuClock, between
from entrypoints.cli.bench.http import Connection, connect
from entrypoints.cli.bench.machine import IN_MEMORY, describe_machine
from entrypoints.cli.bench.pgbench import Pgbench, TpcbRun
from entrypoints.cli.bench.report import progress
from entrypoints.cli.bench.sandbox import running_sandbox
from entrypoints.cli.bench.server import ServerStatistics, Statement
from entrypoints.cli.bench.trade.checks import check, drain
from entrypoints.cli.bench.trade.customers import Setup
from entrypoints.cli.bench.trade.load import Customer, Window, load
from entrypoints.cli.bench.trade.profile import PROFILE, read_profile
from entrypoints.cli.sandbox.files import SandboxFile
from entrypoints.wiring.bench import API_ROLE, WORKER_ROLE, BenchServer, bench_server

OURS: Final = "load"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    seconds: int
    repetitions: int
    clients: int
    warm_up: int
    scale: int
    profile: bool


class Repetition(msgspec.Struct, frozen=True, kw_only=True):
    """`backlog` is what the worker was behind at the end; `tpcb_cpu` is in seconds by process."""

    tpcb: TpcbRun
    tpcb_cpu: Mapping[str, float]
    window: Window
    statements: tuple[Statement, ...]
    backlog: int


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    plan: Plan
    repetitions: Sequence[Repetition]
    checks: Mapping[str, bool]
    settings: Mapping[str, str]
    machine: Mapping[str, object]
    profile: str | None


async def measure(plan: Plan) -> Measured:
    """Raises `NotDurable`, `StartRefused`, `PgbenchFailed` and `SetUpFailed`."""
    profile = plan.folder / "api.profile"
    async with bench_server(plan.folder / "postgres") as server:
        progress(f"filling pgbench's tables at scale {plan.scale}")
        pgbench = Pgbench(server.programs, server.yardstick_url)
        await pgbench.fill(scale=plan.scale)
        progress("starting the sandbox")
        async with (
            running_sandbox(
                plan.folder / "sandbox",
                database_url=server.url,
                environment={PROFILE: str(profile)} if plan.profile else {},
            ) as sandbox,
            _statistics(server) as statistics,
        ):
            settings = await statistics.require_durable()
            machine = {
                **describe_machine(plan.folder),
                "postgresql": await statistics.version(),
            }
            if machine["filesystem"] in IN_MEMORY:
                progress("the data is in memory: choose a disk with --directory for true figures")
            run = _Run(plan, server, sandbox, pgbench, statistics)
            repetitions, checks = await run.all()
    return Measured(
        plan=plan,
        repetitions=repetitions,
        checks=checks,
        settings=settings,
        machine=machine,
        profile=read_profile(profile) if plan.profile else None,
    )


@asynccontextmanager
async def _statistics(server: BenchServer) -> AsyncIterator[ServerStatistics]:
    connection = await asyncpg.connect(server.url)
    try:
        yield ServerStatistics(connection)
    finally:
        await connection.close()


class _Run:
    def __init__(
        self,
        plan: Plan,
        server: BenchServer,
        sandbox: SandboxFile,
        pgbench: Pgbench,
        statistics: ServerStatistics,
    ) -> None:
        self._plan = plan
        self._sandbox = sandbox
        self._pgbench = pgbench
        self._statistics = statistics
        self._url = server.url
        api = urlsplit(sandbox.api_url)
        self._address = (api.hostname or "", api.port or 0)
        self._host = api.netloc
        self._cpu = CpuClock(
            {
                "postgres": [server.pid],
                "api": sandbox.pids.api,
                "worker": sandbox.pids.worker,
                "simulators": sandbox.pids.simulator,
                "market": [*sandbox.pids.market, *sandbox.pids.gateway],
                # Ours comes last: the others descend from this process.
                OURS: [psutil.Process().pid],
            }
        )

    async def all(self) -> tuple[list[Repetition], Mapping[str, bool]]:
        async with self._connections(1) as (connection,):
            setup = Setup(connection, host=self._host)
            customers = await setup.customers(self._sandbox.tenants, count=self._plan.clients)
        await drain(self._statistics)
        repetitions = [
            await self._repetition(number, customers)
            for number in range(1, self._plan.repetitions + 1)
        ]
        progress("checking the books")
        checks = await check(
            self._statistics,
            database_url=self._url,
            providers=self._sandbox.liquidity_providers,
            orders_made=sum(each.window.total for each in repetitions),
        )
        errors = sum(each.window.errors.total() for each in repetitions)
        return repetitions, {**checks, "no request failed": errors == 0}

    @asynccontextmanager
    async def _connections(self, count: int) -> AsyncIterator[Sequence[Connection]]:
        """New ones each time: the server closes those that idle while the yardstick runs."""
        connections = [await connect(*self._address) for _ in range(count)]
        try:
            yield connections
        finally:
            for connection in connections:
                connection.close()

    async def _repetition(self, number: int, customers: Sequence[Customer]) -> Repetition:
        plan, statistics = self._plan, self._statistics
        await statistics.checkpoint()
        before = self._cpu.read()
        tpcb = await self._pgbench.run(clients=plan.clients, seconds=plan.seconds)
        tpcb_cpu = between(before, self._cpu.read())
        await statistics.checkpoint()
        await statistics.forget_statements()
        async with self._connections(plan.clients) as connections:
            window = await load(
                connections,
                customers,
                host=self._host,
                warm_up=plan.warm_up,
                seconds=plan.seconds,
                cpu=self._cpu,
            )
        backlog = await drain(statistics)
        trades_per_s = len(window.trades) / window.seconds
        progress(
            f"{number} of {plan.repetitions}: TPC-B {tpcb.tps:,.0f}/s, trades {trades_per_s:,.0f}/s"
        )
        return Repetition(
            tpcb=tpcb,
            tpcb_cpu=tpcb_cpu,
            window=window,
            statements=await statistics.statements(API_ROLE, WORKER_ROLE),
            backlog=backlog,
        )
