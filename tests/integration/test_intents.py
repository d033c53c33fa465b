"""Leases on real connections: one holder at a time, by the database's clock, fenced by the token.

The contract in `tests/contract` holds both stores to what a lease means; here is what only a real
database can get wrong.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from asyncpg import Connection
from msgspec.structs import replace

from application.ports.intents import CLAIM_MAX, Intent, IntentKind
from domain.shared.ids import TenantId
from tests.contract.conftest import make_postgres_ports
from tests.contract.settle_contract import reject, rejected, try_to_commit
from tests.contract.world import LONG_LEASE, NO_LEASE, World
from tests.fixtures.postgres_servers import Database, Server
from tests.integration.direct import connected, undone

MIRROR = IntentKind.MIRROR
INTENTS = 24
WORKERS = 6
ROUNDS_MAX = 200
ROW = """
SELECT state, payload, lease_token, lease_until, attempts, next_action_at, last_error
FROM aksum.intents WHERE subject = $1
"""
TOLERANCE = timedelta(seconds=5)


# One loop, so that the connections are opened once.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def intents_database(postgres_server: Server) -> Iterator[Database]:
    made = postgres_server.create_database()
    yield made
    postgres_server.drop_database(made.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(intents_database: Database) -> AsyncIterator[World]:
    async with make_postgres_ports(intents_database) as ports:
        made = World(ports)
        await made.prepare()
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(intents_database: Database) -> AsyncIterator[Connection]:
    async with connected(intents_database.admin_url) as connection:
        yield connection


async def add(world: World, tenant_id: TenantId, count: int = 1) -> list[UUID]:
    subjects = [world.id() for _ in range(count)]
    async with world.ports.uow.begin(tenant_id) as tx:
        for subject in subjects:
            await tx.intents.add(MIRROR, subject, payload=b"{}")
        await tx.commit()
    return subjects


async def lease(
    world: World, tenant_id: TenantId, *subjects: UUID, duration: timedelta = LONG_LEASE
) -> tuple[Intent, ...]:
    async with world.ports.uow.begin(tenant_id) as tx:
        leased = await tx.intents.lease(MIRROR, subjects, duration=duration)
        await tx.commit()
    return leased


async def lapse(admin: Connection, subject: UUID) -> None:
    """As if the time of the lease had passed on the database's clock."""
    await admin.execute(
        "UPDATE aksum.intents SET lease_until = clock_timestamp() - interval '1 microsecond' "
        "WHERE subject = $1",
        subject,
    )


async def test_lease_ends_by_the_databases_clock(world: World, admin: Connection) -> None:
    tenant_id = await world.tenant()
    (subject,) = await add(world, tenant_id)
    before = await admin.fetchval("SELECT clock_timestamp()")
    await lease(world, tenant_id, subject)
    row = await admin.fetchrow(ROW, subject)
    after = await admin.fetchval("SELECT clock_timestamp()")
    assert before + LONG_LEASE <= row["lease_until"] <= after + LONG_LEASE


async def test_lease_is_counted_from_the_statement_and_not_from_the_begin(
    world: World, admin: Connection
) -> None:
    """A transaction that waited before it leased has the whole lease all the same."""
    tenant_id = await world.tenant()
    (subject,) = await add(world, tenant_id)
    async with world.ports.uow.begin(tenant_id) as tx:
        begun = await admin.fetchval("SELECT clock_timestamp()")
        await tx.intents.lease(MIRROR, (subject,), duration=LONG_LEASE)
        await tx.commit()
    assert (await admin.fetchrow(ROW, subject))["lease_until"] >= begun + LONG_LEASE


async def test_workers_never_hold_one_intent_twice(world: World) -> None:
    """Each takes what it gets of the whole list, holds on, and finishes: every one is done once."""
    tenant_id = await world.tenant()
    subjects = tuple(await add(world, tenant_id, INTENTS))
    held: set[UUID] = set()
    done: Counter[UUID] = Counter()

    async def work() -> None:
        for _ in range(ROUNDS_MAX):
            async with world.ports.uow.begin(tenant_id) as tx:
                leased = await tx.intents.lease(MIRROR, subjects[:CLAIM_MAX], duration=LONG_LEASE)
                await tx.commit()
            taken = {intent.subject for intent in leased}
            assert held.isdisjoint(taken)
            held.update(taken)
            for intent in leased:
                async with world.ports.uow.begin(tenant_id) as tx:
                    assert await tx.intents.finish(intent)
                    await tx.commit()
                held.remove(intent.subject)
                done[intent.subject] += 1
            if sum(done.values()) == INTENTS:
                return

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    assert done == Counter(dict.fromkeys(subjects, 1))


async def test_worker_passes_over_what_another_is_just_taking(world: World) -> None:
    tenant_id = await world.tenant()
    one, other = await add(world, tenant_id, 2)
    async with world.ports.uow.begin(tenant_id) as first:
        assert len(await first.intents.lease(MIRROR, (one,), duration=LONG_LEASE)) == 1
        (leased,) = await lease(world, tenant_id, one, other)
        assert leased.subject == other
        await first.commit()
    assert await lease(world, tenant_id, one, other) == ()


async def test_lapsed_lease_is_taken_over_and_the_old_token_writes_nothing(
    world: World, admin: Connection
) -> None:
    tenant_id = await world.tenant()
    (subject,) = await add(world, tenant_id)
    (stale,) = await lease(world, tenant_id, subject)
    assert await lease(world, tenant_id, subject) == ()
    await lapse(admin, subject)
    (current,) = await lease(world, tenant_id, subject)
    assert (current.lease_token, current.attempts) == (stale.lease_token + 1, 2)
    before = await admin.fetchrow(ROW, subject)
    for token in (stale.lease_token, 0, current.lease_token + 1):
        forged = replace(stale, lease_token=token)
        async with world.ports.uow.begin(tenant_id) as tx:
            assert not await tx.intents.finish(forged)
            assert not await tx.intents.postpone(forged, until=world.now, error="stale")
            assert not await tx.intents.park(forged, error="stale")
            await try_to_commit(tx)
    assert await admin.fetchrow(ROW, subject) == before
    async with world.ports.uow.begin(tenant_id) as tx:
        assert await tx.intents.finish(current)
        await tx.commit()
    assert await admin.fetchrow(ROW, subject) is None


async def test_work_of_a_lost_lease_is_not_committed(world: World, admin: Connection) -> None:
    """The one who lost an execution to the resolver neither fills nor rejects the order."""
    party = await world.party()
    execution = await world.execution(party)
    settled = await world.settlement(party, execution)
    order_id = execution.order.id
    await lapse(admin, order_id)
    await admin.execute(
        "UPDATE aksum.intents SET next_action_at = clock_timestamp() WHERE subject = $1", order_id
    )
    async with world.ports.uow.begin(party.tenant_id) as tx:
        (taken,) = await tx.intents.lease(
            IntentKind.SETTLE_EXECUTION, (order_id,), duration=LONG_LEASE
        )
        await tx.commit()
    before = await admin.fetchrow(ROW, order_id)
    assert not await world.settle(party, settled)
    assert not await reject(world, party, execution, rejected(world, execution))
    assert await admin.fetchrow(ROW, order_id) == before
    fenced = replace(execution, lease_token=taken.lease_token)
    assert await world.settle(party, replace(settled, execution=fenced))


async def test_sweeper_sees_neither_parked_nor_leased_nor_later_work(
    world: World, intents_database: Database
) -> None:
    tenant_id = await world.tenant()
    due, leased, parked, later = await add(world, tenant_id, 4)
    await lease(world, tenant_id, leased)
    (to_park,) = await lease(world, tenant_id, parked, duration=NO_LEASE)
    (to_postpone,) = await lease(world, tenant_id, later, duration=NO_LEASE)
    async with world.ports.uow.begin(tenant_id) as tx:
        assert await tx.intents.park(to_park, error="a contradiction")
        assert await tx.intents.postpone(
            to_postpone, until=datetime.now(UTC) + timedelta(hours=1), error=None
        )
        await tx.commit()
    listed = await world.ports.due_work.due_intents(MIRROR, limit=CLAIM_MAX)
    assert [each.subject for each in listed if each.tenant_id == tenant_id] == [due]
    async with connected(intents_database.worker_url) as worker:
        seen = await worker.fetch("SELECT subject FROM intents WHERE tenant_id = $1", tenant_id)
        assert {row["subject"] for row in seen} == {due, leased}
        async with undone(worker, tenant_id):
            own = await worker.fetch("SELECT FROM intents WHERE tenant_id = $1", tenant_id)
            assert len(own) == 4


async def test_parked_work_is_leased_again_only_after_a_person_made_it_due(
    world: World, admin: Connection
) -> None:
    tenant_id = await world.tenant()
    (subject,) = await add(world, tenant_id)
    (intent,) = await lease(world, tenant_id, subject)
    async with world.ports.uow.begin(tenant_id) as tx:
        assert await tx.intents.park(intent, error="a contradiction")
        await tx.commit()
    row = await admin.fetchrow(ROW, subject)
    assert (row["state"], row["lease_until"], row["last_error"]) == (
        "parked",
        None,
        "a contradiction",
    )
    assert await lease(world, tenant_id, subject) == ()
    async with world.ports.uow.begin(tenant_id) as tx:
        assert await tx.intents.make_due(MIRROR, subject)
        await tx.commit()
    (again,) = await lease(world, tenant_id, subject)
    assert again.lease_token > intent.lease_token


async def test_worker_that_died_in_mid_transaction_leaves_the_intent_free(
    world: World, admin: Connection, intents_database: Database
) -> None:
    tenant_id = await world.tenant()
    (subject,) = await add(world, tenant_id)
    async with connected(intents_database.worker_url) as worker:
        await worker.execute("BEGIN")
        await worker.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant_id))
        await worker.execute(
            "UPDATE intents SET lease_token = 99, lease_until = now() + interval '1 hour' "
            "WHERE subject = $1",
            subject,
        )
        assert await lease(world, tenant_id, subject) == ()
        await admin.fetchval("SELECT pg_terminate_backend($1, 5000)", worker.get_server_pid())
        (intent,) = await lease(world, tenant_id, subject)
    assert intent.lease_token == 1
