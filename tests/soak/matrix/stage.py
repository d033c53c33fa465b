"""What cells are played on: one database, a driver, and for each lane two vendors and a tenant.

A lane plays one cell at a time, so that whatever its vendors see is of that cell. Several lanes of
one dialect are side by side.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import aiohttp
import asyncpg
import msgspec
from dishka import AsyncContainer
from uuid_utils.compat import uuid7

from application import crash_points
from application.customers.create_customer import CreateCustomer, CreateCustomerCommand
from application.idempotency import fingerprint
from application.payments.deposit_in_sandbox import DepositCommand, DepositInSandbox
from application.ports.catalog import CatalogEditor, ListedLp, LpRole
from application.ports.idempotency import IdempotentRequest
from application.quotes.request_quote import RequestQuote, RequestQuoteCommand
from application.tenants.create_tenant import CreateTenant, CreateTenantCommand
from domain.liquidity.quote import LpName
from domain.quotes.quote import Quote
from domain.shared.ids import CustomerId, TenantId
from domain.tenants.tenant import PricingPolicy
from entrypoints.cli.sandbox.samples import ASSETS, INSTRUMENTS, OPENING_DEPOSITS, units
from entrypoints.wiring.container import make_ops_container
from entrypoints.wiring.settings import API_DATABASE_URL, WORKER_DATABASE_URL, Settings
from tests.fixtures.postgres_servers import Database
from tests.integration.sandbox_process import ROOT
from tests.liquidity.trades import TRADES
from tests.soak.matrix.containers import PRICES, api_container, worker_container
from tests.soak.matrix.driver import READY, Done, Job, note_passed
from tests.soak.matrix.vendors import CREDENTIALS, Caller, VendorProcess, asked, vendor, watched

PRICING: Final = PricingPolicy(platform_spread_ppm=1_000, tenant_spread_ppm=2_500, fee_ppm=1_000)
# Short, so that a silence is soon over, and long enough for a busy machine.
SILENCE_MS: Final = 600
WAITING: Final = {"luno": {"quote_life": 8}, "busha": {"quote_life": 8, "expiry_guard": 1}}
OPS_DATABASE_URL: Final = "AKSUM_OPS_DATABASE_URL"
ATTEMPT: Final = "SELECT state FROM aksum.lp_attempts WHERE order_id = $1 AND attempt = 1"


class Driver:
    def __init__(self, path: Path, process: asyncio.subprocess.Process) -> None:
        self._path = path
        self._process = process

    async def run(self, job: Job, caller: Caller) -> Done | None:
        """None when the process was killed."""
        reader, writer = await asyncio.open_unix_connection(str(self._path))
        try:
            writer.write(msgspec.json.encode(job) + b"\n")
            caller.pid = int(await reader.readline())
            line = await reader.readline()
        finally:
            writer.close()
        return msgspec.json.decode(line, type=Done) if line else None


class Lane(msgspec.Struct, kw_only=True):
    """`quoted_from` and `worker` are an API and a worker that outlive its cells. `early` counts
    executions that the second vendor was asked for while the first was not known to have refused.
    """

    dialect: str
    database: Database
    admin: asyncpg.Pool
    caller: Caller
    primary: VendorProcess
    backup: VendorProcess
    driver: Driver
    lp_config: Path
    quoted_from: AsyncContainer
    worker: AsyncContainer
    tenant_id: TenantId
    customer_id: CustomerId
    order_id: UUID | None = None
    early: int = 0

    async def quote(self) -> Quote:
        trade = TRADES[self.dialect]
        request_quote = await self.quoted_from.get(RequestQuote)
        answer = await request_quote.execute(
            RequestQuoteCommand(
                tenant_id=self.tenant_id,
                request=request(),
                customer_id=self.customer_id,
                instrument=trade.instrument,
                side=trade.side,
                fixed=trade.fixed,
                units=trade.amount,
            )
        )
        return answer.value


class Stage(msgspec.Struct):
    database: Database
    admin: asyncpg.Pool
    worker: AsyncContainer
    ops: AsyncContainer
    lanes: tuple[Lane, ...]


def request() -> IdempotentRequest:
    return IdempotentRequest(str(uuid7()), fingerprint("matrix", None))


def urls(database: Database) -> dict[str, str]:
    return {
        API_DATABASE_URL: database.api_url,
        WORKER_DATABASE_URL: database.worker_url,
        OPS_DATABASE_URL: database.ops_url,
    }


def settings(database: Database, lp_config: Path | None = None) -> Settings:
    return Settings(
        sandbox=True,
        database_urls=urls(database),
        lp_config=lp_config,
        absence_margin=timedelta(0),
        pool_main=2,
        pool_record=2,
    )


@asynccontextmanager
async def staged(database: Database, *, lanes_each: int = 1) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        crash_points.install(note_passed)
        stack.callback(crash_points.install, None)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aksum-matrix-")))
        admin = await stack.enter_async_context(
            asyncpg.create_pool(database.admin_url, min_size=1, max_size=4)
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        driver = await stack.enter_async_context(_driver(folder / "driver"))
        ops = make_ops_container(settings(database))
        stack.push_async_callback(ops.close)
        worker = worker_container(settings(database))
        stack.push_async_callback(worker.close)
        editor: CatalogEditor = await ops.get(CatalogEditor)
        await editor.list_assets(ASSETS.values())
        await editor.list_instruments(INSTRUMENTS)
        names = [(dialect, f"{dialect}_{n}") for dialect in TRADES for n in range(lanes_each)]
        await editor.list_lps(
            ListedLp(name=LpName(name + ending), dialect=dialect, role=role, rank=rank)
            for rank, (dialect, name) in enumerate(names)
            for ending, role in (("", LpRole.PRIMARY), ("_backup", LpRole.BACKUP))
        )
        lanes = [
            await stack.enter_async_context(
                _lane(dialect, name, (database, admin, ops, driver, session, folder))
            )
            for dialect, name in names
        ]
        yield Stage(database, admin, worker, ops, tuple(lanes))


@asynccontextmanager
async def _driver(path: Path) -> AsyncIterator[Driver]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.soak.matrix.driver",
        str(path),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = await process.stdout.readline()
        assert line == READY, line
        yield Driver(path, process)
    finally:
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def _lane(
    dialect: str,
    name: str,
    shared: tuple[Database, asyncpg.Pool, AsyncContainer, Driver, aiohttp.ClientSession, Path],
) -> AsyncIterator[Lane]:
    database, admin, ops, driver, session, folder = shared
    caller = Caller()
    made: list[Lane] = []

    async def note() -> None:
        lane = made[0]
        if lane.order_id is not None and await admin.fetchval(ATTEMPT, lane.order_id) != "rejected":
            lane.early += 1

    async with (
        vendor(dialect, watched(caller), session) as primary,
        vendor(dialect, asked(note), session) as backup,
    ):
        for each in (primary, backup):
            await each.hold_prices(PRICES)
        lp_config = folder / f"{name}.json"
        rows = [
            _row(name, dialect, "primary", primary.url),
            _row(f"{name}_backup", dialect, "backup", backup.url),
        ]
        lp_config.write_bytes(msgspec.json.encode(rows))
        api = api_container(settings(database, lp_config))
        worker = worker_container(settings(database, lp_config))
        try:
            tenant_id, customer_id = await _party(ops, api, name)
            lane = Lane(
                dialect=dialect,
                database=database,
                admin=admin,
                caller=caller,
                primary=primary,
                backup=backup,
                driver=driver,
                lp_config=lp_config,
                quoted_from=api,
                worker=worker,
                tenant_id=tenant_id,
                customer_id=customer_id,
            )
            made.append(lane)
            yield lane
        finally:
            await api.close()
            await worker.close()


def _row(name: str, dialect: str, role: str, url: str) -> dict[str, object]:
    return {
        "name": name,
        "dialect": dialect,
        "role": role,
        "url": url,
        "sandbox": True,
        "api_key": CREDENTIALS.api_key,
        "api_secret": CREDENTIALS.api_secret,
        "absence_margin_seconds": 0,
        "execute_timeout_ms": SILENCE_MS,
        # The vendors here count no requests, and a lane asks more than any allowance has.
        "rate_budget": None,
        **WAITING.get(dialect, {}),
    }


async def _party(
    ops: AsyncContainer, api: AsyncContainer, name: str
) -> tuple[TenantId, CustomerId]:
    create_tenant = await ops.get(CreateTenant)
    tenant = await create_tenant.execute(CreateTenantCommand(name, PRICING))
    create = await api.get(CreateCustomer)
    customer = await create.execute(
        CreateCustomerCommand(tenant_id=tenant.tenant.id, request=request(), external_id=name)
    )
    deposit = await api.get(DepositInSandbox)
    for asset, amount in OPENING_DEPOSITS:
        await deposit.execute(
            DepositCommand(
                tenant_id=tenant.tenant.id,
                request=request(),
                customer_id=customer.value.id,
                asset=asset,
                units=units(asset, amount),
            )
        )
    return tenant.tenant.id, customer.value.id
