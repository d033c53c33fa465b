"""One run: a server, the books, and every part of it beside the yardstick, in turn."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
import psutil

from entrypoints.cli.bench.cpu import CpuClock, between
from entrypoints.cli.bench.ledger.fill import Read, fill
from entrypoints.cli.bench.ledger.processes import Child, LoadFailed, running, write_books
from entrypoints.cli.bench.ledger.task import Done, Kind, Task
from entrypoints.cli.bench.machine import IN_MEMORY, describe_machine
from entrypoints.cli.bench.pgbench import Pgbench, TpcbRun
from entrypoints.cli.bench.report import progress
from entrypoints.cli.bench.server import ServerStatistics, Statement
from entrypoints.cli.bench.verify import ledger_verifies
from entrypoints.wiring.bench import (
    API_ROLE,
    WORKER_ROLE,
    bench_server,
    prepared_books,
    role_urls,
)

# One Python process uses one core, and a server for two of them needs two to be kept busy.
LOADS: Final = 2
CLIENTS: Final = (8, 32)
MANY: Final = CLIENTS[-1]
PER_CALL: Final = (1, 10, 100, 1_000)
# Callers of bulk posts, one in each process: while one's answer is worked on, the other's is not.
BULK_CALLERS: Final = 2
READERS: Final = 2


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    seconds: int
    repetitions: int
    warm_up: int
    scale: int
    accounts: int
    entries: int
    profile: bool


class Part(msgspec.Struct, frozen=True):
    """Named as in the report. `task` is for one process of those that share the `clients`."""

    name: str
    clients: int
    task: Task


class Window(msgspec.Struct, frozen=True, kw_only=True):
    per_s: float
    calls: int
    commands: int
    p50_ms: float
    p99_ms: float
    errors: Mapping[str, int]
    cpu: Mapping[str, float]


class Repetition(msgspec.Struct, frozen=True, kw_only=True):
    tpcb: Mapping[int, TpcbRun]
    tpcb_cpu: Mapping[int, Mapping[str, float]]
    windows: Mapping[str, Window]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    plan: Plan
    repetitions: Sequence[Repetition]
    checks: Mapping[str, bool]
    settings: Mapping[str, str]
    machine: Mapping[str, object]
    statements: tuple[Statement, ...]


async def measure(plan: Plan) -> Measured:
    """Raises `NotDurable`, `PgbenchFailed` and `LoadFailed`."""
    async with bench_server(plan.folder / "postgres") as server:
        progress(f"filling pgbench's tables at scale {plan.scale}")
        pgbench = Pgbench(server.programs, server.yardstick_url)
        await pgbench.fill(scale=plan.scale)
        progress(f"filling the books: {plan.entries:,} entries, {plan.accounts:,} accounts")
        environment = {**role_urls(server.url), "AKSUM_POOL_MAIN": str(MANY // LOADS)}
        os.environ.update(environment)
        async with prepared_books(server.url, plan.folder) as container:
            books, read = await fill(
                container,
                server.url,
                accounts=plan.accounts,
                entries=plan.entries,
                clients=MANY // LOADS,
            )
        connection = await asyncpg.connect(server.url)
        try:
            statistics = ServerStatistics(connection)
            settings = await statistics.require_durable()
            machine = {
                **describe_machine(plan.folder),
                "postgresql": await statistics.version(),
            }
            if machine["filesystem"] in IN_MEMORY:
                progress("the data is in memory: choose a disk with --directory for true figures")
            await statistics.forget_statements()
            file = write_books(plan.folder / "books.json", books)
            async with running([file] * LOADS + ["fold"], environment) as children:
                run = _Run(plan, pgbench, statistics, children, server.pid, server.url)
                repetitions = [
                    await run.repetition(number, parts(plan, read))
                    for number in range(1, plan.repetitions + 1)
                ]
            statements = await statistics.statements(API_ROLE, WORKER_ROLE)
        finally:
            await connection.close()
    errors = sum(sum(w.errors.values()) for r in repetitions for w in r.windows.values())
    return Measured(
        plan=plan,
        repetitions=repetitions,
        checks={**run.checks, "no call failed": errors == 0},
        settings=settings,
        machine=machine,
        statements=statements if plan.profile else (),
    )


def parts(plan: Plan, read: Read) -> list[Part]:
    def part(name: str, kind: Kind, clients: int, **more: object) -> Part:
        task = Task(
            kind=kind,
            clients=clients // LOADS,
            warm_up=plan.warm_up,
            seconds=plan.seconds,
            **more,  # type: ignore[arg-type]  # by name, two of the fields
        )
        return Part(name, clients, task)

    posts = [
        part(f"{kind.value}_interactive_{clients}", kind, clients)
        for kind in (Kind.HOT, Kind.RANDOM)
        for clients in CLIENTS
    ]
    posts.append(part(f"inside_a_transaction_{MANY}", Kind.INSIDE, MANY))
    bulk = [part(f"bulk_{count}", Kind.HOT, BULK_CALLERS, per_call=count) for count in PER_CALL]
    reads = [
        part(f"{kind.value}_{name}", kind, READERS, account_id=account_id)
        for kind in (Kind.BALANCE, Kind.AS_OF, Kind.STATEMENT)
        for name, account_id in msgspec.structs.asdict(read).items()
    ]
    return [*posts, *bulk, *reads]


class _Run:
    def __init__(
        self,
        plan: Plan,
        pgbench: Pgbench,
        statistics: ServerStatistics,
        children: Sequence[Child],
        postgres: int,
        url: str,
    ) -> None:
        self.checks: dict[str, bool] = {}
        self._plan = plan
        self._pgbench = pgbench
        self._statistics = statistics
        self._loads = children[:LOADS]
        self._url = url
        self._cpu = CpuClock(
            {
                "postgres": [postgres],
                "load": [child.pid for child in self._loads],
                "fold": [child.pid for child in children[LOADS:]],
                # The yardstick's own client descends from this process.
                "bench": [psutil.Process().pid],
            }
        )

    async def repetition(self, number: int, all_parts: Sequence[Part]) -> Repetition:
        tpcb, cpu = {}, {}
        for clients in CLIENTS:
            await self._statistics.checkpoint()
            before = self._cpu.read()
            tpcb[clients] = await self._pgbench.run(clients=clients, seconds=self._plan.seconds)
            cpu[clients] = between(before, self._cpu.read())
            progress(f"{number}: TPC-B at {clients} clients {tpcb[clients].tps:,.0f}/s")
        windows: dict[str, Window] = {}
        for part in all_parts:
            windows[part.name] = window = await self._window(part)
            progress(f"{number}: {part.name} {window.per_s:,.0f}/s")
            if part.name in (f"inside_a_transaction_{MANY}", f"bulk_{PER_CALL[-1]}"):
                await self._verify(f"{part.name}, repetition {number}")
        await self._verify(f"reads, repetition {number}")
        return Repetition(tpcb=tpcb, tpcb_cpu=cpu, windows=windows)

    async def _window(self, part: Part) -> Window:
        await self._statistics.checkpoint()
        working = asyncio.gather(*(child.do(part.task) for child in self._loads))
        await asyncio.sleep(self._plan.warm_up)
        before = self._cpu.read()
        await asyncio.sleep(self._plan.seconds)
        cpu = between(before, self._cpu.read())
        return _joined(await working, cpu, self._plan.seconds)

    async def _verify(self, after: str) -> None:
        self.checks[f"the ledger verifies after {after}"] = await ledger_verifies(self._url)


def _joined(done: Sequence[Done], cpu: Mapping[str, float], seconds: int) -> Window:
    """Of processes that did the same: the slower one's latencies."""
    commands = sum(each.commands for each in done)
    if commands == 0:
        raise LoadFailed(f"nothing ended in time: {[each.errors for each in done]}")
    return Window(
        per_s=commands / seconds,
        calls=sum(each.calls for each in done),
        commands=commands,
        p50_ms=max(each.p50_us for each in done) / 1_000,
        p99_ms=max(each.p99_us for each in done) / 1_000,
        errors={what: count for each in done for what, count in each.errors.items()},
        cpu=cpu,
    )
