import asyncio
from collections.abc import AsyncIterator

import asyncpg
import msgspec
from dishka import Provider, Scope, provide

from adapters.postgres.audit import PostgresLedgerAudit
from adapters.postgres.connection import create_pool
from adapters.postgres.due_work import PostgresDueWork
from adapters.postgres.export import PostgresLedgerExport
from adapters.postgres.inspection import PostgresInspection
from adapters.postgres.keys import PostgresAccessDirectory
from adapters.postgres.known_accounts import KnownAccounts
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.ledger_clock import PostgresLedgerClock
from adapters.postgres.lp_desk import PostgresLpDesk
from adapters.postgres.lp_routes import PostgresLpRoutes
from adapters.postgres.platform import PostgresCatalogEditor, PostgresPlatform
from adapters.postgres.price_terms import PostgresPriceTermsBook
from adapters.postgres.roles import Role
from adapters.postgres.schedules import PostgresSchedules
from adapters.postgres.standings import PostgresStandings
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.postgres.webhook_deliveries import PostgresDueWebhooks
from adapters.postgres.work_list import PostgresWorkList
from application.ports.catalog import CatalogEditor, Platform
from application.ports.clock import Clock
from application.ports.export import LedgerExport
from application.ports.inspection import DatabaseInspection
from application.ports.intents import DueWork
from application.ports.ledger import Ledger
from application.ports.ledger_clock import LedgerClock
from application.ports.lp_desk import LpDesk
from application.ports.lp_routes import LpRoutes
from application.ports.parties import AccessDirectory
from application.ports.price_terms import PriceTermsBook
from application.ports.schedules import Schedules
from application.ports.standing import Standings
from application.ports.unit_of_work import UnitOfWork
from application.ports.verification import LedgerAudit
from application.ports.webhook_deliveries import DueWebhooks
from application.ports.work_list import WorkList
from entrypoints.wiring.database import database_url
from entrypoints.wiring.settings import Settings

STOP_SECONDS = 2


class Pools(msgspec.Struct, frozen=True):
    """`record` is for writing outcomes down, whatever `main` is busy with."""

    main: asyncpg.Pool
    record: asyncpg.Pool


class PersistenceProvider(Provider):
    """The database as one role sees it. What a role may not do, the database itself refuses."""

    scope = Scope.APP

    def __init__(self, role: Role) -> None:
        super().__init__()
        self._role = role

    @provide
    def known_accounts(self) -> KnownAccounts:
        return KnownAccounts()

    @provide
    async def pools(self, settings: Settings, known: KnownAccounts) -> AsyncIterator[Pools]:
        url = database_url(settings, self._role)
        name = f"aksum {self._role.name.lower()}"
        main, record = [
            await create_pool(url, size=size, application_name=label, on_connect=known.forget)
            for size, label in (
                (settings.pool_main, name),
                (settings.pool_record, f"{name} record"),
            )
        ]
        yield Pools(main, record)
        for pool in (main, record):
            await _close(pool)

    @provide
    def unit_of_work(self, pools: Pools, known: KnownAccounts) -> UnitOfWork:
        return PostgresUnitOfWork(main=pools.main, record=pools.record, known=known)

    @provide
    def platform(self, pools: Pools, uow: UnitOfWork) -> Platform:
        return PostgresPlatform(pool=pools.main, uow=uow)

    @provide
    async def standings(self, pools: Pools, clock: Clock) -> AsyncIterator[Standings]:
        standings = PostgresStandings(pool=pools.main, clock=clock)
        yield standings
        await standings.close()

    @provide
    def lp_desk(self, pools: Pools) -> LpDesk:
        return PostgresLpDesk(pools.main)

    @provide
    def directory(self, pools: Pools) -> AccessDirectory:
        return PostgresAccessDirectory(pools.main)

    @provide
    def due_work(self, pools: Pools) -> DueWork:
        return PostgresDueWork(pools.main)

    @provide
    def due_webhooks(self, pools: Pools) -> DueWebhooks:
        return PostgresDueWebhooks(pools.main)

    @provide
    def schedules(self, pools: Pools) -> Schedules:
        return PostgresSchedules(pools.main)

    @provide
    def ledger(self, pools: Pools, uow: UnitOfWork, known: KnownAccounts) -> Ledger:
        return PostgresLedger(pool=pools.main, uow=uow, known=known)

    @provide
    def ledger_clock(self, pools: Pools) -> LedgerClock:
        return PostgresLedgerClock(pools.main)

    @provide
    def inspection(self, pools: Pools) -> DatabaseInspection:
        return PostgresInspection(pools.main)


class OperatorsPersistence(Provider):
    """What only operators have: reading across tenants, and editing what all of them share."""

    scope = Scope.APP

    @provide
    def audit(self, pools: Pools) -> LedgerAudit:
        return PostgresLedgerAudit(pools.main)

    @provide
    def export(self, pools: Pools) -> LedgerExport:
        return PostgresLedgerExport(pools.main)

    @provide
    def work_list(self, pools: Pools) -> WorkList:
        return PostgresWorkList(pools.main)

    @provide
    def lp_routes(self, pools: Pools) -> LpRoutes:
        return PostgresLpRoutes(pools.main)

    @provide
    def price_terms(self, pools: Pools) -> PriceTermsBook:
        return PostgresPriceTermsBook(pools.main)

    @provide
    def catalog_editor(self, pools: Pools) -> CatalogEditor:
        return PostgresCatalogEditor(pools.main)


async def _close(pool: asyncpg.Pool) -> None:
    """Waits for connections in use, but not for ever: what they hold open is rolled back."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()
