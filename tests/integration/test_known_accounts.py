"""What a process knows of accounts is lost with each new connection, and learned again."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres.connection import create_pool
from adapters.postgres.known_accounts import KnownAccounts
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from domain.ledger.commands import Post
from domain.ledger.outcomes import OutcomeCode
from tests.contract.conftest import make_postgres_ports
from tests.contract.journal_contract import pair
from tests.contract.world import World
from tests.fixtures.postgres_servers import Database


@pytest.fixture
async def world(database_18: Database) -> AsyncIterator[World]:
    async with make_postgres_ports(database_18) as ports:
        made = World(ports)
        await made.prepare()
        yield made


async def test_accounts_met_on_the_long_way_are_posted_to_at_once_from_then_on(
    world: World, database_18: Database
) -> None:
    payer, payee = await pair(world)
    known = KnownAccounts()
    async with await create_pool(database_18.api_url, size=1, application_name="new") as pool:
        uow = PostgresUnitOfWork(main=pool, record=pool, known=known)

        async def at_once() -> bool:
            async with uow.begin(payer.tenant_id) as tx:
                post = Post(world.moving(payer.usdt, payee.usdt, 1), world.now)
                return await tx.journal.post_at_once(post)

        assert not await at_once()
        async with uow.begin(payer.tenant_id) as tx:
            post = Post(world.moving(payer.usdt, payee.usdt, 1), world.now)
            (outcome,) = await tx.journal.post((post,))
            await tx.commit()
        assert outcome.code is OutcomeCode.OK
        assert await at_once()
        known.forget()
        assert not await at_once()
