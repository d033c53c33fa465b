"""The worker on a real database: the queue rings, and losing it costs a delay and no more."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import pytest
from dishka import AsyncContainer
from saq import Queue

from adapters.jobs.queue import SaqBell
from adapters.jobs.schema import make_queue_tables
from application.customers.create_customer import CreateCustomer, CreateCustomerCommand
from application.ledger.verify_ledger import VerifyLedger
from application.payments.deposit_in_sandbox import DepositCommand, DepositInSandbox
from application.ports.bell import JobBell, JobKind
from application.ports.catalog import CatalogEditor
from application.ports.verification import LedgerAudit
from application.tenants.create_tenant import CreateTenant, CreateTenantCommand
from domain.shared.ids import CustomerId, TenantId
from entrypoints.cli.sandbox.samples import ASSETS, TENANTS
from entrypoints.wiring.container import make_ops_container, make_worker_container
from entrypoints.wiring.settings import Settings
from entrypoints.worker.app import work
from entrypoints.worker.jobs import JOBS
from entrypoints.worker.runner import Runner
from tests.fixtures.postgres_servers import Database
from tests.integration.stack import request

SECONDS_MAX: Final = 20
STOP_SECONDS_MAX: Final = 10
DEPOSITS: Final = 40


def settings(database: Database) -> Settings:
    return Settings(
        database_urls={
            "AKSUM_WORKER_DATABASE_URL": database.worker_url,
            "AKSUM_OPS_DATABASE_URL": database.ops_url,
        }
    )


class Books:
    """A tenant whose deposits have to be mirrored."""

    def __init__(self, container: AsyncContainer) -> None:
        self._container = container

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
        for _ in range(count):
            await deposit.execute(
                DepositCommand(
                    tenant_id=tenant, request=request(), customer_id=customer, asset="BTC", units=1
                )
            )

    async def are_mirrored(self) -> None:
        audit: LedgerAudit = await self._container.get(LedgerAudit)
        async with asyncio.timeout(SECONDS_MAX):
            while await moving(audit):  # noqa: ASYNC110 - another connection ends it
                await asyncio.sleep(0.05)
        assert (await (await self._container.get(VerifyLedger)).execute()).passed


@pytest.fixture
async def books(database_18: Database) -> AsyncIterator[Books]:
    container = make_ops_container(settings(database_18))
    yield Books(container)
    await container.close()


@asynccontextmanager
async def working(database: Database) -> AsyncIterator[Runner]:
    container = make_worker_container(settings(database))
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
        await container.close()


async def execute(database: Database, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database.ops_url)
    try:
        found: list[asyncpg.Record] = await connection.fetch(statement)
        return found
    finally:
        await connection.close()


async def test_due_work_is_rung_for_and_done(database_18: Database, books: Books) -> None:
    await make_queue_tables(database_18.admin_url)
    tenant, customer = await books.open()
    async with working(database_18):
        await books.deposit(tenant, customer, DEPOSITS)
        await books.are_mirrored()


async def test_emptied_queue_loses_nothing(database_18: Database, books: Books) -> None:
    await make_queue_tables(database_18.admin_url)
    tenant, customer = await books.open()
    async with working(database_18):
        for _ in range(5):
            await books.deposit(tenant, customer, DEPOSITS // 5)
            await execute(database_18, "TRUNCATE aksum_queue.saq_jobs, aksum_queue.saq_stats")
        await books.are_mirrored()


async def test_work_is_done_without_any_queue(database_18: Database, books: Books) -> None:
    """Nobody made the queue's tables: the sweeper asks no queue."""
    tenant, customer = await books.open()
    async with working(database_18):
        await books.deposit(tenant, customer, DEPOSITS)
        await books.are_mirrored()


async def test_job_of_a_killed_worker_holds_nothing_up(database_18: Database, books: Books) -> None:
    """Its row says `active` and takes the key, so that no ring is heard until SAQ gives it up."""
    await make_queue_tables(database_18.admin_url)
    tenant, customer = await books.open()
    async with belled(database_18) as (bell, queue):
        await bell.ring(JobKind.MIRROR)
        queue._waiting = 1  # type: ignore[attr-defined]  # as its worker would count itself
        await queue._dequeue()  # type: ignore[attr-defined]
        assert await bell.ring(JobKind.MIRROR) is False
    async with working(database_18):
        await books.deposit(tenant, customer, DEPOSITS)
        await books.are_mirrored()


@asynccontextmanager
async def belled(database: Database) -> AsyncIterator[tuple[JobBell, Queue]]:
    container = make_worker_container(settings(database))
    queue = await container.get(Queue)
    await queue.connect()
    yield SaqBell(queue), queue
    await queue.disconnect()
    await container.close()


async def test_many_rings_are_one_job_that_carries_its_kind_alone(database_18: Database) -> None:
    await make_queue_tables(database_18.admin_url)
    async with belled(database_18) as (bell, _):
        assert await bell.ring(JobKind.MIRROR) is True
        assert await bell.ring(JobKind.MIRROR) is False
        assert await bell.ring(JobKind.SETTLE_EXECUTION) is True
    rows = await execute(database_18, "SELECT key, job FROM aksum_queue.saq_jobs ORDER BY key")
    assert [row["key"] for row in rows] == ["mirror", "settle_execution"]
    job = json.loads(rows[0]["job"])
    assert job["kwargs"] == {"kind": "mirror"}
    # No fault of the queue can keep a job past the lease of the rows it works on.
    assert 0 < job["heartbeat"] < job["timeout"] < 30
    assert job["retries"] > 1


async def test_tables_made_twice_at_once_are_made_once(database_18: Database) -> None:
    await asyncio.gather(*(make_queue_tables(database_18.admin_url) for _ in range(4)))
    rows = await execute(database_18, "SELECT count(*) AS jobs FROM aksum_queue.saq_jobs")
    assert rows[0]["jobs"] == 0


async def test_worker_role_cannot_make_tables_in_the_queue(database_18: Database) -> None:
    await make_queue_tables(database_18.admin_url)
    connection = await asyncpg.connect(database_18.worker_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE aksum_queue.mine (id int)")
    finally:
        await connection.close()


async def test_told_to_stop_it_ends_in_time(database_18: Database, books: Books) -> None:
    await make_queue_tables(database_18.admin_url)
    clock: Callable[[], float] = asyncio.get_running_loop().time
    async with working(database_18) as runner:
        began = clock()
        runner.stopping.set()
    assert clock() - began < STOP_SECONDS_MAX


async def moving(audit: LedgerAudit) -> int:
    async with audit.snapshot(full=False) as snapshot:
        return len(await snapshot.open_mirrors())
