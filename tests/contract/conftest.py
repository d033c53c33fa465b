"""A store of each kind, and the world that the contracts play in."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from adapters.memory.access_directory import MemoryAccessDirectory
from adapters.memory.audit import MemoryLedgerAudit
from adapters.memory.catalog_editor import MemoryCatalogEditor
from adapters.memory.clock import ManualClock
from adapters.memory.due_work import MemoryDueWork
from adapters.memory.export import MemoryLedgerExport
from adapters.memory.ledger import MemoryLedger
from adapters.memory.ledger_clock import MemoryLedgerClock
from adapters.memory.lp_desk import MemoryLpDesk
from adapters.memory.lp_routes import MemoryLpRoutes
from adapters.memory.platform import MemoryPlatform
from adapters.memory.price_terms import MemoryPriceTermsBook
from adapters.memory.schedules import MemorySchedules
from adapters.memory.standings import MemoryStandings
from adapters.memory.store import Store
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.memory.webhook_deliveries import MemoryDueWebhooks
from adapters.memory.work_list import MemoryWorkList
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from tests.contract.ports import Ports
from tests.contract.world import World
from tests.fixtures.postgres_servers import Database, Server

# The contracts are modules that pytest does not collect, and would not rewrite by itself.
pytest.register_assert_rewrite(
    *(
        f"tests.contract.{name}_contract"
        for name in (
            "account_terms",
            "accounts",
            "api_keys",
            "customers",
            "due_work",
            "events",
            "history",
            "holds",
            "idempotency",
            "inbox",
            "intents",
            "isolation",
            "journal",
            "keep_open",
            "ledger_audit",
            "ledger_clock",
            "ledger_export",
            "ledger_rules",
            "lp_routes",
            "movements",
            "orders",
            "platform",
            "posting",
            "quotes",
            "reconciliation",
            "reserve",
            "reversal",
            "schedules",
            "seal_anchor",
            "seals",
            "settle",
            "signing",
            "standings",
            "tenants",
            "unit_of_work",
            "work_list",
            "webhook_deliveries",
            "webhook_endpoints",
        )
    )
)

POOL_SIZE = 12
EXPORT_FETCH_SIZE = 3


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> Store:
    return Store(clock=clock, ids=SystemIds())


@pytest.fixture
def memory_ports(store: Store) -> Ports:
    return memory_ports_of(store)


def memory_ports_of(store: Store) -> Ports:
    uow = MemoryUnitOfWork(store)
    return Ports(
        uow=uow,
        ops_uow=uow,
        ledger=MemoryLedger(uow),
        worker_uow=uow,
        due_work=MemoryDueWork(store),
        schedules=MemorySchedules(store),
        price_terms=MemoryPriceTermsBook(store),
        work_list=MemoryWorkList(store),
        access_directory=MemoryAccessDirectory(store),
        platform=MemoryPlatform(store),
        new_standings=lambda: MemoryStandings(store),
        lp_clock=store.clock,
        lp_desk=MemoryLpDesk(store),
        lp_routes=MemoryLpRoutes(store, clock=store.clock),
        catalog_editor=MemoryCatalogEditor(store),
        ledger_audit=MemoryLedgerAudit(store),
        ledger_clock=MemoryLedgerClock(store),
        ledger_export=MemoryLedgerExport(store),
        due_webhooks=MemoryDueWebhooks(store),
        clock=store.clock,
    )


@pytest.fixture(scope="module")
def contract_database(postgres_server: Server) -> Iterator[Database]:
    """One for all contracts: each test makes tenants of its own and looks at nothing else."""
    made = postgres_server.create_database()
    yield made
    postgres_server.drop_database(made.name)


@asynccontextmanager
async def make_postgres_ports(database: Database) -> AsyncIterator[Ports]:
    # Imported late: the contracts in memory stay quick and independent of it.
    from adapters.postgres.audit import PostgresLedgerAudit
    from adapters.postgres.connection import create_pool
    from adapters.postgres.due_work import PostgresDueWork
    from adapters.postgres.export import PostgresLedgerExport
    from adapters.postgres.keys import PostgresAccessDirectory
    from adapters.postgres.known_accounts import KnownAccounts
    from adapters.postgres.ledger import PostgresLedger
    from adapters.postgres.ledger_clock import PostgresLedgerClock
    from adapters.postgres.lp_desk import PostgresLpDesk
    from adapters.postgres.lp_routes import PostgresLpRoutes
    from adapters.postgres.platform import PostgresCatalogEditor, PostgresPlatform
    from adapters.postgres.price_terms import PostgresPriceTermsBook
    from adapters.postgres.schedules import PostgresSchedules
    from adapters.postgres.standings import PostgresStandings
    from adapters.postgres.unit_of_work import PostgresUnitOfWork
    from adapters.postgres.webhook_deliveries import PostgresDueWebhooks
    from adapters.postgres.work_list import PostgresWorkList

    name = "contract"
    async with (
        await create_pool(database.api_url, size=POOL_SIZE, application_name=name) as api,
        await create_pool(database.worker_url, size=2, application_name=name) as worker,
        await create_pool(database.ops_url, size=6, application_name=name) as ops,
    ):
        known = KnownAccounts()
        lp_clock = ManualClock()
        uow = PostgresUnitOfWork(main=api, record=api, known=known)
        yield Ports(
            uow=uow,
            ops_uow=PostgresUnitOfWork(main=ops, record=ops, known=known),
            ledger=PostgresLedger(pool=api, uow=uow, known=known),
            worker_uow=PostgresUnitOfWork(main=worker, record=worker, known=KnownAccounts()),
            due_work=PostgresDueWork(worker),
            schedules=PostgresSchedules(worker),
            price_terms=PostgresPriceTermsBook(ops),
            work_list=PostgresWorkList(ops),
            access_directory=PostgresAccessDirectory(api),
            platform=PostgresPlatform(pool=api, uow=uow),
            new_standings=lambda: PostgresStandings(pool=api, clock=lp_clock),
            lp_clock=lp_clock,
            lp_desk=PostgresLpDesk(ops),
            lp_routes=PostgresLpRoutes(ops),
            catalog_editor=PostgresCatalogEditor(ops),
            ledger_audit=PostgresLedgerAudit(ops),
            ledger_clock=PostgresLedgerClock(worker),
            due_webhooks=PostgresDueWebhooks(worker),
            # Pages that end in the middle of transactions.
            ledger_export=PostgresLedgerExport(ops, fetch_size=EXPORT_FETCH_SIZE),
            clock=SystemClock(),
        )


@pytest.fixture
async def postgres_ports(contract_database: Database) -> AsyncIterator[Ports]:
    async with make_postgres_ports(contract_database) as ports:
        yield ports


@pytest.fixture
async def world(ports: Ports) -> World:
    made = World(ports)
    await made.prepare()
    return made
