"""A tenant whose deposits have to be mirrored, and workers in this process or in their own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
from dishka import AsyncContainer
from saq import Queue
from saq.queue.redis import RedisQueue

from adapters.jobs.queue import SaqBell
from application.customers.create_customer import CreateCustomer, CreateCustomerCommand
from application.ledger.verify_ledger import VerifyLedger
from application.payments.deposit_in_sandbox import DepositCommand, DepositInSandbox
from application.ports.bell import JobBell
from application.ports.catalog import CatalogEditor
from application.ports.verification import LedgerAudit
from application.tenants.create_tenant import CreateTenant, CreateTenantCommand
from domain.shared.ids import CustomerId, TenantId
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli.sandbox.samples import ASSETS, TENANTS
from entrypoints.wiring.container import make_ops_container, make_worker_container
from entrypoints.wiring.settings import Settings
from entrypoints.worker.app import work
from entrypoints.worker.jobs import JOBS
from entrypoints.worker.runner import Runner
from tests.architecture.sources import ROOT
from tests.fixtures.postgres_servers import Database
from tests.integration.stack import request

# What may be added by losing all of a queue; the machine may be busy with other tests.
SECONDS_MAX: Final = 30
STOP_SECONDS_MAX: Final = 10
# Of a process of its own, on a machine that is busy with other tests.
END_SECONDS_MAX: Final = 60
START_SECONDS_MAX: Final = 60
DEPOSITS: Final = 40
# As if the time of every lease had passed.
LAPSE: Final = (
    "UPDATE aksum.intents SET lease_until = now() - interval '1 ms' WHERE lease_until > now()"
)
MIRRORED: Final = """
SELECT count(*) FROM aksum.ledger_transactions WHERE tenant_id = $1
"""


def settings(database: Database, queue_url: str | None = None) -> Settings:
    return Settings(
        database_urls={
            "AKSUM_WORKER_DATABASE_URL": database.worker_url,
            "AKSUM_OPS_DATABASE_URL": database.ops_url,
        },
        queue_url=queue_url,
    )


class Books:
    def __init__(self, container: AsyncContainer, database: Database) -> None:
        self._container = container
        self._database = database
        self._deposits = 0

    async def open(self) -> tuple[TenantId, CustomerId]:
        editor: CatalogEditor = await self._container.get(CatalogEditor)
        await editor.list_assets(ASSETS.values())
        create = await self._container.get(CreateTenant)
        tenant = await create.execute(CreateTenantCommand("Adulis Pay", TENANTS[0].pricing))
        customers = await self._container.get(CreateCustomer)
        customer = await customers.execute(
            CreateCustomerCommand(
                tenant_id=tenant.tenant.id, request=request(), external_id="abeba"
            )
        )
        return tenant.tenant.id, customer.value.id

    async def deposit(self, tenant: TenantId, customer: CustomerId, count: int) -> None:
        deposit = await self._container.get(DepositInSandbox)
        self._deposits += count
        for _ in range(count):
            await deposit.execute(
                DepositCommand(
                    tenant_id=tenant, request=request(), customer_id=customer, asset="BTC", units=1
                )
            )

    async def are_mirrored(self) -> None:
        """All of them in time, each once, and the books agree."""
        audit: LedgerAudit = await self._container.get(LedgerAudit)
        async with asyncio.timeout(SECONDS_MAX):
            while await moving(audit):  # noqa: ASYNC110 - another connection ends it
                await asyncio.sleep(0.05)
        posted = await as_admin(self._database, MIRRORED, HOUSE_TENANT_ID)
        assert posted[0]["count"] == self._deposits
        assert (await (await self._container.get(VerifyLedger)).execute()).passed


async def moving(audit: LedgerAudit) -> int:
    async with audit.snapshot(full=False) as snapshot:
        return len(await snapshot.open_mirrors())


@asynccontextmanager
async def opened_books(database: Database) -> AsyncIterator[Books]:
    container = make_ops_container(settings(database))
    yield Books(container, database)
    await container.close()


@asynccontextmanager
async def working(database: Database, queue_url: str | None = None) -> AsyncIterator[Runner]:
    """A worker in this process. Left, it is told to stop and must end in time."""
    container = make_worker_container(settings(database, queue_url))
    runner = Runner(container, JOBS)
    ready = asyncio.Event()
    task = asyncio.create_task(work(container, runner, ready=ready.set))
    try:
        await asyncio.wait({task, asyncio.create_task(ready.wait())}, return_when="FIRST_COMPLETED")
        yield runner
    finally:
        runner.stopping.set()
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await task
        await _close_late_connections(await container.get(Queue))
        await container.close()


async def _close_late_connections(queue: Queue) -> None:
    """SAQ waits a second for its tasks and no longer; one that ends later may have connected anew.

    A process that stops takes its sockets with it, a test does not.
    """
    late = {each for each in asyncio.all_tasks() if each.get_name() == "process"}
    if late:
        await asyncio.wait(late, timeout=STOP_SECONDS_MAX)
    if isinstance(queue, RedisQueue):
        await queue.redis.connection_pool.disconnect()


@asynccontextmanager
async def belled(
    database: Database, queue_url: str | None = None
) -> AsyncIterator[tuple[JobBell, Queue]]:
    container = make_worker_container(settings(database, queue_url))
    queue = await container.get(Queue)
    await queue.connect()
    try:
        yield SaqBell(queue), queue
    finally:
        await queue.disconnect()
        await container.close()


async def execute(database: Database, statement: str) -> list[asyncpg.Record]:
    return await _fetch(database.ops_url, statement)


async def as_admin(database: Database, statement: str, *args: object) -> list[asyncpg.Record]:
    return await _fetch(database.admin_url, statement, *args)


async def _fetch(url: str, statement: str, *args: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        found: list[asyncpg.Record] = await connection.fetch(statement, *args)
        return found
    finally:
        await connection.close()


async def until_row(database: Database, statement: str, *args: object) -> asyncpg.Record:
    """The first row of the statement, once there is one."""
    async with asyncio.timeout(SECONDS_MAX):
        while not (rows := await as_admin(database, statement, *args)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return rows[0]


class WorkerProcess:
    """`aksum worker`, as a supervisor runs it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self, seconds: int) -> int:
        async with asyncio.timeout(seconds):
            return await self._process.wait()

    def log(self) -> str:
        return self._log.read_text()


@asynccontextmanager
async def worker_process(
    database: Database,
    folder: Path,
    *,
    queue_url: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[WorkerProcess]:
    """Ready to work. Killed when left, if it has not ended by itself."""
    ready, log = folder / "ready", folder / "worker.log"
    ready.unlink(missing_ok=True)
    wanted: dict[str, Any] = {
        "AKSUM_WORKER_DATABASE_URL": database.worker_url,
        "AKSUM_DATA_DIR": str(folder),
        "AKSUM_READY_FILE": str(ready),
        **({"AKSUM_QUEUE_URL": queue_url} if queue_url else {}),
        **(environment or {}),
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "entrypoints.cli", "worker"),
            cwd=ROOT,
            env={**os.environ, **wanted},
            stdout=output,
            stderr=output,
        )
    try:
        async with asyncio.timeout(START_SECONDS_MAX):
            while not ready.exists() and process.returncode is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        yield WorkerProcess(process, log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
