"""Tenants whose customers keep changing, and consumers who book every event once."""

import asyncio
import random
from collections.abc import Sequence
from typing import Final, Self

import asyncpg
from msgspec.structs import replace

from adapters.postgres.connection import create_pool
from adapters.postgres.inbox import PostgresInbox
from adapters.postgres.known_accounts import KnownAccounts
from adapters.postgres.unit_of_work import BROKEN, PostgresUnitOfWork
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from application.customers.announcing import customer_announcement
from application.errors import Overloaded, VersionConflict
from application.ports.events import EventFilter
from application.ports.parties import Customer
from domain.shared.ids import CustomerId, EventId, TenantId
from tests.fixtures.postgres_servers import Database

WRITER: Final = "soak-writer"
CONSUMER: Final = "soak-consumer"
# Is never killed: it holds its transaction open to the end.
HOLDER: Final = "soak-holder"
CHANGES: Final = 10
# One transaction in so many is left without a commit: nobody may ever hear of it.
LEFT_EVERY: Final = 20
PAGE: Final = 200
# Consumers forget how far they were and go back by so much.
FORGOTTEN_MAX: Final = 300
PAUSE_SECONDS: Final = 0.02
EFFECTS: Final = """
CREATE TABLE public.soak_effects (tenant_id uuid NOT NULL, message text NOT NULL);
GRANT USAGE ON SCHEMA public TO aksum_api;
GRANT INSERT ON public.soak_effects TO aksum_api;
"""
EFFECT: Final = "INSERT INTO public.soak_effects VALUES ($1, $2)"
# What happens to a connection that is killed, or when the row was changed by somebody else.
EXPECTED: Final = (*BROKEN, Overloaded, VersionConflict)


class Changes:
    """What the writers change: many tenants, each with customers they meet at."""

    def __init__(self, customers: dict[TenantId, list[CustomerId]], *, events: int) -> None:
        self.customers = customers
        self.wanted = events
        self.written = 0
        self.failed = 0
        self.left = 0

    @property
    def finished(self) -> bool:
        return self.written >= self.wanted


class Writer:
    def __init__(self, uow: PostgresUnitOfWork, changes: Changes, *, seed: int) -> None:
        self._uow = uow
        self._changes = changes
        self._chosen = random.Random(seed)
        self._clock, self._ids = SystemClock(), SystemIds()

    async def run(self) -> None:
        tenants = sorted(self._changes.customers)
        while not self._changes.finished:
            tenant_id = self._chosen.choice(tenants)
            customers = self._changes.customers[tenant_id]
            try:
                await self._write(tenant_id, sorted(self._chosen.sample(customers, CHANGES)))
            except EXPECTED:
                self._changes.failed += 1
                await asyncio.sleep(PAUSE_SECONDS)

    async def _write(self, tenant_id: TenantId, chosen: Sequence[CustomerId]) -> None:
        async with self._uow.begin(tenant_id) as tx:
            found = await tx.customers.find_all(chosen)
            changed = [self._changed(found[each]) for each in chosen]
            for each in changed:
                await tx.customers.update(each)
            told = [customer_announcement(EventId(self._ids.new()), each) for each in changed]
            await tx.outbox.add(*told)
            if self._chosen.randrange(LEFT_EVERY) == 0:
                self._changes.left += 1
                return
            await tx.commit()
        self._changes.written += len(changed)

    def _changed(self, customer: Customer) -> Customer:
        return replace(customer, version=customer.version + 1, updated_at=self._clock.now())


class Consumer:
    """Reads on where it thinks it was, and books what it has not booked yet."""

    def __init__(self, pool: asyncpg.Pool, tenants: Sequence[TenantId], *, seed: int) -> None:
        self._pool = pool
        self._uow = PostgresUnitOfWork(main=pool, record=pool, known=KnownAccounts())
        self._chosen = random.Random(seed)
        self.after = dict.fromkeys(tenants, 0)
        self.repeated = 0
        self.forgetful = True

    async def run(self) -> None:
        while True:
            for tenant_id in self.after:
                try:
                    await self._read_on(tenant_id)
                except EXPECTED:
                    await asyncio.sleep(PAUSE_SECONDS)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _read_on(self, tenant_id: TenantId) -> None:
        if self.forgetful and self._chosen.randrange(10) == 0:
            back = self._chosen.randrange(FORGOTTEN_MAX)
            self.after[tenant_id] = max(self.after[tenant_id] - back, 0)
        async with self._uow.begin(tenant_id) as tx:
            page = await tx.events.page(EventFilter(), after=self.after[tenant_id], limit=PAGE)
        if page.events:
            seen = [each.seq for each in page.events]
            assert seen == list(range(self.after[tenant_id] + 1, seen[-1] + 1)), "a gap was seen"
            await self._book(tenant_id, [str(each.id) for each in page.events])
        self.after[tenant_id] = page.looked_until

    async def _book(self, tenant_id: TenantId, messages: Sequence[str]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant_id))
            inbox = PostgresInbox(connection, tenant_id)
            for message in sorted(messages):
                if await inbox.take(CONSUMER, message):
                    await connection.execute(EFFECT, tenant_id, message)
                else:
                    self.repeated += 1


class Pools:
    def __init__(self, database: Database, *, writer: str = WRITER) -> None:
        self._database = database
        self._writer = writer

    async def __aenter__(self) -> Self:
        url = self._database.api_url
        self.writing = await create_pool(url, size=4, application_name=self._writer)
        self.consuming = await create_pool(url, size=4, application_name=CONSUMER)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.writing.terminate()
        self.consuming.terminate()

    @property
    def uow(self) -> PostgresUnitOfWork:
        return PostgresUnitOfWork(main=self.writing, record=self.writing, known=KnownAccounts())
