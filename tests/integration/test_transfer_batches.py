"""Batches of transfers on PostgreSQL: at the same time, repeated, and broken off."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from asyncpg import Connection

from adapters.postgres.unit_of_work import BROKEN
from application.errors import IdempotencyInProgress
from application.payments.create_transfer_batch import BatchCommand, BatchResult
from domain.shared.ids import CustomerId, TenantId
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import item, paying_many
from tests.integration.direct import connected, undone
from tests.integration.stack import Stack, open_stack

PROCESSES = 3
BATCHES_EACH = 4
ITEMS = 40
CUSTOMERS = 4
START_USDT = 100
SEED = 20_261_125
# A batch that met a key at work comes again until it does not.
TRIES_MAX = 50

COUNTS = """
SELECT (SELECT count(*) FROM aksum.transfers) AS transfers,
  (SELECT count(*) FROM aksum.ledger_transactions WHERE template = 'transfer') AS posted,
  (SELECT count(*) FROM aksum.ledger_requests) AS requests,
  (SELECT count(*) FROM aksum.transfer_batches) AS batches
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
END_WAITING = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
async def stacks(database: Database) -> AsyncIterator[list[Stack]]:
    """Each stands for a process."""
    async with AsyncExitStack() as opened:
        yield [
            await opened.enter_async_context(open_stack(database, size=4)) for _ in range(PROCESSES)
        ]


@pytest.fixture
async def admin(database: Database) -> AsyncIterator[Connection]:
    async with connected(database.admin_url) as connection:
        yield connection


async def insist(stack: Stack, command: BatchCommand) -> BatchResult:
    for _ in range(TRIES_MAX):
        try:
            return (await stack.transfer_batch.execute(command)).value
        except IdempotencyInProgress:
            await asyncio.sleep(0)
    raise AssertionError("a key stays at work for ever")


async def people(stack: Stack, count: int) -> tuple[TenantId, list[CustomerId]]:
    tenant_id = await stack.tenant()
    return tenant_id, [await stack.customer(tenant_id, usdt=START_USDT) for _ in range(count)]


async def assert_whole(
    stack: Stack, tenant_id: TenantId, customers: list[CustomerId], admin: Connection
) -> dict[str, int]:
    balances = [await stack.balances(tenant_id, customer) for customer in customers]
    assert sum(each["USDT"][0] for each in balances) == len(customers) * START_USDT * 10**8
    counts = dict(await admin.fetchrow(COUNTS))
    assert counts["transfers"] == counts["posted"]
    while await stack.mirror_all():
        pass
    verification = await stack.verified()
    assert verification.findings == ()
    return counts


async def test_batches_at_once_that_share_accounts_and_keys_do_each_key_once(
    stacks: list[Stack], admin: Connection
) -> None:
    """Every process sends all items, in another order and cut into other batches."""
    tenant_id, customers = await people(stacks[0], CUSTOMERS)
    chosen = random.Random(SEED)
    items = []
    for number in range(BATCHES_EACH * ITEMS):
        payer, payee = chosen.sample(customers, 2)
        items.append(item(payer, payee, f"key-{number}", str(chosen.randrange(1, START_USDT))))

    async def send(stack: Stack, seed: int) -> list[BatchResult]:
        mixed = random.Random(seed).sample(items, len(items))
        parts = [tuple(mixed[at : at + ITEMS]) for at in range(0, len(mixed), ITEMS)]
        return [await insist(stack, paying_many(tenant_id, *part)) for part in parts]

    sent = await asyncio.gather(*(send(each, SEED + n) for n, each in enumerate(stacks)))

    answers = [each for results in sent for result in results for each in result.batch.answers]
    assert len(answers) == PROCESSES * len(items)
    by_key = {(each.key, each.transfer_id, str(each.refusal)) for each in answers}
    assert len(by_key) == len(items), "one key, one answer, whoever asks"
    assert Counter(each.decides for each in answers)[True] == len(items)
    done = {each.transfer_id for each in answers if each.transfer_id is not None}
    assert 0 < len(done) < len(items)
    counts = await assert_whole(stacks[0], tenant_id, customers, admin)
    assert (counts["transfers"], counts["requests"]) == (len(done), len(items))


async def test_copies_of_one_batch_in_many_processes_have_one_effect(
    stacks: list[Stack], admin: Connection
) -> None:
    tenant_id, customers = await people(stacks[0], 2)
    payer, payee = customers
    transfers = [item(payer, payee, f"key-{number}") for number in range(ITEMS)]
    command = paying_many(tenant_id, *transfers, key="the-batch")
    results = await asyncio.gather(*(insist(stack, command) for stack in stacks * 4))
    assert all(result == results[0] for result in results)
    counts = await assert_whole(stacks[0], tenant_id, customers, admin)
    assert (counts["transfers"], counts["batches"]) == (ITEMS, 1)


@pytest.mark.parametrize("atomic", [False, True])
async def test_batch_whose_connection_ends_half_way_is_done_once_when_repeated(
    stacks: list[Stack], admin: Connection, atomic: bool
) -> None:
    """It waits for the payer's balance, everything before is done, and the server ends it."""
    stack = stacks[0]
    tenant_id, customers = await people(stack, 2)
    payer, payee = customers
    transfers = [item(payer, payee, f"key-{number}") for number in range(ITEMS)]
    command = paying_many(tenant_id, *transfers, key="the-batch", atomic=atomic)
    async with undone(admin):
        await admin.execute("SELECT FROM aksum.ledger_balances FOR UPDATE")
        batch = asyncio.create_task(stack.transfer_batch.execute(command))
        async with asyncio.timeout(2):
            while not await admin.fetchval(WAITING):
                pass
        assert await admin.fetch(END_WAITING)
        with pytest.raises(BROKEN):
            await batch
    assert set(dict(await admin.fetchrow(COUNTS)).values()) == {0}

    done = await insist(stacks[1], command)
    assert await insist(stack, command) == done
    assert all(each.refusal is None for each in done.batch.answers)
    counts = await assert_whole(stack, tenant_id, customers, admin)
    assert (counts["transfers"], counts["batches"]) == (ITEMS, 1)


async def test_thousand_transfers_are_one_transaction(
    stacks: list[Stack], admin: Connection
) -> None:
    stack = stacks[0]
    tenant_id, customers = await people(stack, 2)
    payer, payee = customers
    transfers = [item(payer, payee, f"key-{number}", "0.00000001") for number in range(1_000)]
    done = await insist(stack, paying_many(tenant_id, *transfers))
    assert len(done.transfers) == 1_000
    writers = "SELECT DISTINCT xmin::text FROM aksum.ledger_entries WHERE account_seq > 1"
    assert len(await admin.fetch(writers)) == 1
    versions = await admin.fetch("SELECT version FROM aksum.ledger_balances ORDER BY version")
    assert [row["version"] for row in versions] == [1_001, 1_001]
    await assert_whole(stack, tenant_id, customers, admin)
