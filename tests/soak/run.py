"""Writers in processes of their own, killed with their connections while they post."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import msgspec
from asyncpg import Connection

from domain.ledger.account import AccountKey, customer_owner
from domain.ledger.chart import AccountCode
from domain.ledger.outcomes import OutcomeCode
from tests.contract.conftest import make_postgres_ports
from tests.contract.world import USDT, World
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected
from tests.soak.checks import check_answers, check_books, gather
from tests.soak.history import watch
from tests.soak.plan import Plan, save
from tests.soak.writer import APPLICATION

ACCOUNTS: Final = 50
START_UNITS: Final = 1_000
CREDIT_LINE: Final = 300
# Every fifth account may owe so much.
LINE_EVERY: Final = 5
LOOK_SECONDS: Final = 0.05
WATCH_SECONDS_MAX: Final = 3_600
ROOT: Final = Path(__file__).parents[2]
# Those in the middle of something first.
END_ONE: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1
ORDER BY state = 'idle', random() LIMIT 1
"""
# Past the two people it takes.
LINES: Final = (
    "ALTER TABLE aksum.ledger_accounts DISABLE TRIGGER recorded_terms",
    "UPDATE aksum.ledger_accounts SET floor_units = $2 WHERE id = ANY($1::uuid[])",
    "UPDATE aksum.ledger_balances SET floor_units = $2 WHERE account_id = ANY($1::uuid[])",
    "ALTER TABLE aksum.ledger_accounts ENABLE ALWAYS TRIGGER recorded_terms",
)


class Size(msgspec.Struct, frozen=True, kw_only=True):
    payments: int
    processes: int
    writers_each: int
    backend_kills: int
    process_kills: int
    seed: int = 1


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`resent` counts batches whose answer was lost, `resent_replayed` those of them that had been
    posted all the same. `books` is what was counted in the database in the end.
    """

    payments: int
    writers: int
    accounts: int
    outcomes: Mapping[str, int]
    replayed: int
    batches: int
    resent: int
    resent_replayed: int
    failures: Mapping[str, int]
    backends_killed: int
    processes_killed: int
    moments_compared: int
    folds: int
    books: Mapping[str, int]
    seconds: int

    def table(self) -> str:
        rows: dict[str, int] = {}
        for name, value in msgspec.structs.asdict(self).items():
            group = value if isinstance(value, Mapping) else {"": value}
            rows |= {f"{name}: {each}".removesuffix(": "): n for each, n in group.items()}
        lines = [f"| {name.replace('_', ' ')} | {value:,} |" for name, value in rows.items()]
        return "\n".join(["| | |", "|---|---:|", *lines])


async def prepare(database: Database, size: Size) -> Plan:
    async with make_postgres_ports(database) as ports:
        world = World(ports)
        await world.prepare()
        first = await world.party(usdt_units=START_UNITS)
        others = [
            await world.party(first.tenant_id, usdt_units=START_UNITS) for _ in range(ACCOUNTS - 1)
        ]
        parties = [first, *others]
        fees = AccountKey(AccountCode.FEE_REVENUE, USDT.code)
        async with ports.uow.begin(first.tenant_id) as tx:
            fee_account = (await tx.accounts.resolve([fees]))[fees]
            await tx.commit()
    lines = [party.usdt for party in parties[::LINE_EVERY]]
    async with connected(database.admin_url) as admin, admin.transaction():
        for statement in LINES:
            arguments = (lines, -CREDIT_LINE) if statement.startswith("UPDATE") else ()
            await admin.execute(statement, *arguments)
    return Plan(
        seed=size.seed,
        payments=size.payments,
        processes=size.processes,
        writers_each=size.writers_each,
        url=database.api_url,
        tenant_id=first.tenant_id,
        owners=tuple(customer_owner(party.customer.id) for party in parties),
        accounts=tuple(party.usdt for party in parties),
        fees=fee_account,
    )


class Crowd:
    """The processes of writers; one that was killed is started again with its diary."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._plan_file = folder / "plan.json"
        save(plan, self._plan_file)
        self.diaries = [folder / f"diary-{number}" for number in range(plan.processes)]
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._killed: set[int] = set()

    def __enter__(self) -> Self:
        for number in range(len(self.diaries)):
            self._start(number)
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    def _start(self, number: int) -> None:
        arguments = [str(self._plan_file), str(self.diaries[number]), str(number)]
        self._running[number] = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.writer", *arguments], cwd=ROOT
        )

    def kill_one(self, chosen: random.Random) -> bool:
        alive = [number for number, each in self._running.items() if each.poll() is None]
        if not alive:
            return False
        number = chosen.choice(sorted(alive))
        os.kill(self._running[number].pid, signal.SIGKILL)
        self._killed.add(number)
        return True

    def finished(self) -> bool:
        """Starts killed ones again. Raises when one failed by itself."""
        for number, process in list(self._running.items()):
            code = process.poll()
            if code is None:
                continue
            del self._running[number]
            if number in self._killed and code == -signal.SIGKILL:
                self._killed.discard(number)
                self._start(number)
            else:
                assert code == 0, f"process {number} of writers ended with {code}"
        return not self._running

    def written(self) -> int:
        """Bytes of all diaries: how far they have come, roughly."""
        return sum(diary.stat().st_size for diary in self.diaries if diary.exists())


# Less than it takes: the last kills come before the last answers.
BYTES_OF_AN_ANSWER: Final = 60


async def kill_while_they_write(crowd: Crowd, admin: Connection, size: Size) -> tuple[int, int]:
    """Kills at even distances of the way; how many backends and processes were killed."""
    chosen = random.Random(size.seed)
    kills = ["backend"] * size.backend_kills + ["process"] * size.process_kills
    chosen.shuffle(kills)
    every = size.payments * BYTES_OF_AN_ANSWER / (len(kills) + 1)
    done: Counter[str] = Counter()
    async with asyncio.timeout(WATCH_SECONDS_MAX):
        while not crowd.finished():
            if kills and crowd.written() > every * (done.total() + 1):
                kind = kills.pop()
                killed = (
                    crowd.kill_one(chosen)
                    if kind == "process"
                    else bool(await admin.fetchval(END_ONE, APPLICATION))
                )
                done[kind if killed else "missed"] += 1
            await asyncio.sleep(LOOK_SECONDS)
    return done["backend"], done["process"]


async def soak(database: Database, folder: Path, size: Size) -> Report:
    """Raises `AssertionError` when anything is not as it must be."""
    plan = await prepare(database, size)
    started = time.monotonic()
    async with connected(database.admin_url) as admin:
        with Crowd(folder, plan) as crowd:
            done = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(watch(database, plan, done))
                backends, processes = await kill_while_they_write(crowd, admin, size)
                done.set()
        seconds = int(time.monotonic() - started)
        run = gather(plan, crowd.diaries)
        books = await check_books(admin)
        await check_answers(admin, plan, run)
    historian = watching.result()
    codes = Counter(OutcomeCode(answer.code).name.lower() for answer in run.answers.values())
    return Report(
        payments=plan.payments,
        writers=plan.writers,
        accounts=len(plan.accounts),
        outcomes=dict(codes),
        replayed=sum(answer.replayed for answer in run.answers.values()),
        batches=run.batches,
        resent=run.resent,
        resent_replayed=run.resent_replayed,
        failures=dict(run.failures),
        backends_killed=backends,
        processes_killed=processes,
        moments_compared=historian.compared,
        folds=historian.folds,
        books=books,
        seconds=seconds,
    )
