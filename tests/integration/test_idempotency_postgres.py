"""One key in several processes at once: the unique key of the record decides, and nobody waits.

Each stack here stands for a process: it has pools of its own and knows of no other's requests.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack
from typing import NamedTuple, TypeVar
from uuid import UUID

import asyncpg
import pytest
from asyncpg import Connection

from adapters.postgres.idempotency import PostgresIdempotencyRecords
from application.customers.create_customer import CreateCustomerCommand
from application.errors import (
    CustomerNotFound,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InsufficientFunds,
)
from application.idempotency import Answer
from application.payments.create_transfer import TransferCommand
from application.ports.idempotency import IdempotencyRecord
from application.ports.parties import Customer
from domain.shared.ids import CustomerId, TenantId
from tests.fixtures.postgres_servers import Database, Server
from tests.integration.commands import accepting, paying, quoted
from tests.integration.direct import connected, undone
from tests.integration.stack import PRIMARY, Stack, open_stack, request

PROCESSES = 3
COPIES_EACH = 16
KEY = "the-one-key-of-them-all"
# A claim waits 50 ms for another holder of the key; what follows in its transaction may take 2 s.
CLAIM_WAITS_MAX_SECONDS = 1

T = TypeVar("T")


class Scene(NamedTuple):
    stacks: list[Stack]
    admin: Connection
    tenant_id: TenantId
    payer: CustomerId
    payee: CustomerId

    @property
    def command(self) -> TransferCommand:
        return paying(self.tenant_id, self.payer, self.payee, key=KEY)


@pytest.fixture(scope="module")
def shared_database(postgres_server: Server) -> Iterator[Database]:
    """Each test makes a tenant of its own."""
    made = postgres_server.create_database()
    yield made
    postgres_server.drop_database(made.name)


@pytest.fixture
async def scene(shared_database: Database) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as opened:
        stacks = [
            await opened.enter_async_context(open_stack(shared_database, size=4))
            for _ in range(PROCESSES)
        ]
        admin = await opened.enter_async_context(connected(shared_database.admin_url))
        tenant_id = await stacks[0].tenant()
        payer = await stacks[0].customer(tenant_id, usdt=1_000)
        payee = await stacks[0].customer(tenant_id, usdt=1)
        yield Scene(stacks, admin, tenant_id, payer, payee)


async def everywhere(calls: list[Awaitable[Answer[T]]]) -> list[Answer[T]]:
    """The answers; who was told to come again is left out, and nothing else may be raised."""
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refused = Counter(type(each) for each in outcomes if isinstance(each, BaseException))
    assert set(refused) <= {IdempotencyInProgress}, refused
    return [each for each in outcomes if not isinstance(each, BaseException)]


async def count(scene: Scene, table: str) -> int:
    found: int = await scene.admin.fetchval(
        f"SELECT count(*) FROM aksum.{table} WHERE tenant_id = $1", scene.tenant_id
    )
    return found


async def test_copies_of_a_transfer_in_many_processes_move_the_money_once(scene: Scene) -> None:
    answers = await everywhere(
        [
            stack.transfer.execute(scene.command)
            for stack in scene.stacks
            for _ in range(COPIES_EACH)
        ]
    )
    answers += [await stack.transfer.execute(scene.command) for stack in scene.stacks]
    assert len({answer.value.id for answer in answers}) == 1
    assert Counter(answer.replayed for answer in answers)[False] == 1
    assert await count(scene, "transfers") == 1
    balances = await scene.stacks[0].balances(scene.tenant_id, scene.payee)
    assert balances["USDT"] == (2 * 10**8, 0)


async def test_copies_of_an_order_in_many_processes_reach_the_lp_once(scene: Scene) -> None:
    home = scene.stacks[0]
    quote = await quoted(home, scene.tenant_id, scene.payer)
    for stack in scene.stacks:
        stack.lps.update(home.lps)  # there is one LP, whichever process calls it
    command = accepting(scene.tenant_id, quote, key=KEY)
    answers = await everywhere(
        [stack.accept_quote.execute(command) for stack in scene.stacks for _ in range(COPIES_EACH)]
    )
    answers += [await stack.accept_quote.execute(command) for stack in scene.stacks]
    assert len({answer.value.id for answer in answers}) == 1
    assert len(home.lps[PRIMARY].executions) == 1
    assert await count(scene, "orders") == 1


async def test_copies_with_another_body_are_told_of_the_reuse_everywhere(scene: Scene) -> None:
    first, *others = scene.stacks
    await first.transfer.execute(scene.command)
    another = paying(scene.tenant_id, scene.payer, scene.payee, 2 * 10**8, key=KEY)
    for stack in (first, *others):
        with pytest.raises(IdempotencyKeyReused):
            await stack.transfer.execute(another)
    assert await count(scene, "transfers") == 1


async def test_refusal_is_decided_once_for_all_processes(scene: Scene) -> None:
    """More money arrives afterwards, and the answer is still the first one."""
    too_much = paying(scene.tenant_id, scene.payee, scene.payer, 100 * 10**8, key=KEY)
    with pytest.raises(InsufficientFunds):
        await scene.stacks[0].transfer.execute(too_much)
    await scene.stacks[1].transfer.execute(
        paying(scene.tenant_id, scene.payer, scene.payee, 200 * 10**8)
    )
    for stack in scene.stacks:
        with pytest.raises(InsufficientFunds) as refusal:
            await stack.transfer.execute(too_much)
        assert refusal.value.context["replayed"]


async def test_one_key_of_two_tenants_is_two_keys(scene: Scene) -> None:
    other = await scene.stacks[0].tenant("Other")
    commands = [
        CreateCustomerCommand(tenant_id=tenant_id, request=request(KEY), external_id="same")
        for tenant_id in (scene.tenant_id, other)
    ]
    made = [await scene.stacks[0].create_customer.execute(each) for each in commands]
    assert [answer.replayed for answer in made] == [False, False]
    assert made[0].value.id != made[1].value.id


async def test_request_that_died_before_its_commit_left_neither_effect_nor_key(
    scene: Scene,
) -> None:
    """The database ends the connection when everything is written and nothing committed."""
    stack, customer_id = scene.stacks[0], CustomerId(scene.stacks[0].ids.new())
    async with stack.uow.begin(scene.tenant_id) as tx:
        assert await tx.idempotency.claim(record(customer_id)) is None
        now = stack.clock.now()
        await tx.customers.add(
            Customer(id=customer_id, external_id=KEY, created_at=now, updated_at=now)
        )
        await scene.admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND state = 'idle in transaction'"
        )
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await tx.commit()
    async with scene.stacks[1].uow.begin(scene.tenant_id) as tx:
        assert await tx.idempotency.find(KEY) is None
        with pytest.raises(CustomerNotFound):
            await tx.customers.get(customer_id)
        assert await tx.idempotency.claim(record(scene.payee)) is None
        await tx.commit()


async def test_claim_of_a_key_in_flight_elsewhere_gives_up_soon_and_frees_its_connection(
    scene: Scene,
) -> None:
    holder, other, _ = scene.stacks
    async with holder.uow.begin(scene.tenant_id) as tx:
        assert await tx.idempotency.claim(record(scene.payer)) is None
        async with asyncio.timeout(CLAIM_WAITS_MAX_SECONDS):
            for _ in range(5):  # more often than the pool has connections
                with pytest.raises(IdempotencyInProgress):
                    await other.transfer.execute(scene.command)
        await tx.commit()


async def test_only_the_claim_is_impatient(scene: Scene) -> None:
    """What follows in the transaction waits for locks as long as the role does."""
    async with (
        scene.stacks[0].api.acquire() as connection,
        undone(connection, scene.tenant_id),
    ):
        usual = await connection.fetchval("SHOW lock_timeout")
        records = PostgresIdempotencyRecords(connection, scene.tenant_id)
        assert await records.claim(record(scene.payer)) is None
        assert await connection.fetchval("SHOW lock_timeout") == usual


def record(resource: UUID) -> IdempotencyRecord:
    return IdempotencyRecord(
        key=KEY, fingerprint=bytes(32), resource="transfer", resource_id=resource
    )
