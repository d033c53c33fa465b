"""Posts that meet each other, a closing period, a lost connection, or a clock that was set back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from datetime import date, timedelta
from typing import Final

import pytest
from asyncpg import Connection
from msgspec.structs import replace

from adapters.postgres.journal_writes import write
from application.errors import CommitUnknown, Overloaded
from domain.ledger.account import Account, AccountKey
from domain.ledger.chart import AccountCode
from domain.ledger.commands import COMMANDS_MAX, Batch, PlaceHold, Post, ReleaseHold, Request
from domain.ledger.decision import Deltas
from domain.ledger.entry import JournalTransaction
from domain.ledger.outcomes import OutcomeCode
from domain.ledger.rules import decide
from domain.ledger.state import LedgerState
from domain.ledger.templates import reversal
from domain.shared.ids import TransactionId
from domain.shared.side import Side
from tests.contract.conftest import POOL_SIZE, make_postgres_ports
from tests.contract.holds_contract import capture, hold_on
from tests.contract.journal_contract import pair
from tests.contract.ledger_clock_contract import booked, closed_after
from tests.contract.world import USDT, Party, World
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected, set_tenant, undone
from tests.integration.test_lock_order import LOOKS_MAX, until_waiting_for
from tests.soak.checks import DEADLOCKS, check_books

OK: Final = OutcomeCode.OK
COPIES: Final = 8
ROUNDS: Final = 4
KEYS: Final = 20
ENOUGH: Final = 100
DAYS_AGO: Final = timedelta(days=10)
# Within what may be booked ahead of the clock; more is refused (`test_booking_ahead.py`).
STEP_BACK: Final = timedelta(seconds=8)
HEADER: Final = """
INSERT INTO aksum.ledger_transactions
  (tenant_id, id, template, reference, effective_on, booked_at)
VALUES ($1, $2, 'blocker', 'blocker', current_date, now())
"""
EFFECTIVE_BY: Final = """
SELECT count(*) FROM aksum.ledger_transactions WHERE tenant_id = $1 AND effective_on <= $2
"""
LATEST_BY: Final = EFFECTIVE_BY.replace("count(*)", "max(booked_at)")
SOMEBODY_WAITS: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'
"""
END_WAITING: Final = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND usename = 'aksum_api'
"""


@pytest.fixture
async def world(database_18: Database) -> AsyncIterator[World]:
    async with make_postgres_ports(database_18) as ports:
        made = World(ports)
        await made.prepare()
        yield made


@pytest.fixture
async def admin(database_18: Database) -> AsyncIterator[Connection]:
    async with connected(database_18.admin_url) as connection:
        yield connection


@pytest.fixture
async def observer(database_18: Database) -> AsyncIterator[Connection]:
    async with connected(database_18.admin_url) as connection:
        yield connection


async def test_lost_commit_stays_unknown_when_the_server_cannot_be_asked_again(
    world: World, admin: Connection, observer: Connection
) -> None:
    payer, payee = await pair(world)
    moving = world.moving(payer.usdt, payee.usdt, 1)
    batch: Batch = (Post(moving, world.now, request=new_request(world)),)
    try:
        async with undone(admin):
            await admin.execute(HEADER, payer.tenant_id, moving.id)
            posting = asyncio.ensure_future(world.ports.ledger.post(payer.tenant_id, batch))
            await until_waiting_for(admin, observer)
            await observer.execute("ALTER ROLE aksum_api CONNECTION LIMIT 0")
            await observer.execute(END_WAITING)
            with pytest.raises(CommitUnknown):
                await posting
    finally:
        await observer.execute("ALTER ROLE aksum_api CONNECTION LIMIT -1")


async def test_post_that_meets_a_period_being_closed_is_refused_for_it(
    world: World, admin: Connection, observer: Connection
) -> None:
    """It found the period open, waits for its own id, and by then the period is closed."""
    payer, payee = await pair(world)
    closing = world.now.date() - DAYS_AGO
    dated = replace(world.moving(payer.usdt, payee.usdt, 1), effective_on=closing)
    async with undone(admin):
        await admin.execute(HEADER, payer.tenant_id, dated.id)
        # Two commands, so that it is not one statement.
        other = world.moving(payee.usdt, payer.usdt, 1)
        batch: Batch = (Post(dated, world.now), Post(other, world.now))
        posting = asyncio.ensure_future(world.ports.ledger.post(payer.tenant_id, batch))
        await until_waiting_for(admin, observer)
        await close_period(world, payer, closing)
    outcomes = await posting
    assert [each.code for each in outcomes] == [OutcomeCode.PERIOD_CLOSED, OK]


async def test_closing_waits_for_who_posts_into_the_period_and_is_later_than_all_of_it(
    world: World, admin: Connection, observer: Connection
) -> None:
    payer, payee = await pair(world)
    closing = world.now.date() - DAYS_AGO
    dated = replace(world.moving(payer.usdt, payee.usdt, 1), effective_on=closing)
    async with world.ports.uow.begin(payer.tenant_id) as tx:
        await world.accept(tx, (Post(dated, world.now),))
        step = asyncio.ensure_future(close_period(world, payer, closing))
        await until_somebody_waits(observer)
        await tx.commit()
    await step
    async with world.ports.uow.begin(payer.tenant_id) as tx:
        (period,) = await tx.journal.periods()
        posted = await tx.journal.transaction(dated.id)
    assert posted.booked_at < period.closed_at
    assert await admin.fetchval(EFFECTIVE_BY, payer.tenant_id, closing) == 1


async def test_closing_gives_up_on_a_long_posting_and_changes_nothing(world: World) -> None:
    payer, payee = await pair(world)
    closing = world.now.date() - DAYS_AGO
    dated = replace(world.moving(payer.usdt, payee.usdt, 1), effective_on=closing)
    async with world.ports.uow.begin(payer.tenant_id) as tx:
        await world.accept(tx, (Post(dated, world.now),))
        with pytest.raises(Overloaded):
            await close_period(world, payer, closing)
        await tx.commit()
    async with world.ports.uow.begin(payer.tenant_id) as tx:
        assert await tx.journal.periods() == ()


async def test_nobody_commits_into_a_period_once_its_closing_is_closed_time(
    world: World, admin: Connection
) -> None:
    payer, payee = await pair(world)
    closing = world.now.date() - DAYS_AGO
    done, some_posted, some_refused = asyncio.Event(), asyncio.Event(), asyncio.Event()
    codes: Counter[OutcomeCode] = Counter()

    async def post_backdated(size: int) -> None:
        while not done.is_set():
            moves = [world.moving(payer.usdt, payee.usdt, 1) for _ in range(size)]
            moves += [world.moving(payee.usdt, payer.usdt, 1) for _ in range(size)]
            batch = tuple(Post(replace(each, effective_on=closing), world.now) for each in moves)
            for part in (batch,) if size > 1 else tuple((command,) for command in batch):
                outcomes = await world.ports.ledger.post(payer.tenant_id, part)
                codes.update(outcome.code for outcome in outcomes)
            if codes[OK] >= ENOUGH:
                some_posted.set()
            if codes[OutcomeCode.PERIOD_CLOSED] >= ENOUGH:
                some_refused.set()

    async with asyncio.TaskGroup() as tasks:
        for size in (1, 1, 1, 5, 20):
            tasks.create_task(post_backdated(size))
        await some_posted.wait()
        await close_period(world, payer, closing)
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            (period,) = await tx.journal.periods()
        assert await closed_after(world, period.closed_at)
        final = await admin.fetchval(EFFECTIVE_BY, payer.tenant_id, closing)
        await some_refused.wait()
        done.set()
    assert await admin.fetchval(EFFECTIVE_BY, payer.tenant_id, closing) == final
    assert await admin.fetchval(LATEST_BY, payer.tenant_id, closing) < period.closed_at
    assert set(codes) <= {OK, OutcomeCode.PERIOD_CLOSED, OutcomeCode.BELOW_FLOOR}


async def test_same_transactions_in_opposite_orders_meet_in_no_deadlock(
    world: World, database_18: Database, admin: Connection
) -> None:
    """Between shared accounts, which nobody locks: the server gets both statements at once."""
    party, _ = await pair(world)
    clearing, fees = await shared_accounts(world, party)
    state = LedgerState(
        accounts={each.id: each for each in (clearing, fees)}, balances={}, holds={}
    )
    async with connected(database_18.api_url) as one, connected(database_18.api_url) as other:
        for _ in range(ROUNDS):
            batch: Batch = tuple(
                Post(world.moving(clearing.id, fees.id, 1), world.now) for _ in range(COMMANDS_MAX)
            )
            there, back = (decide(each, state).deltas for each in (batch, batch[::-1]))
            written = await asyncio.gather(
                write_decided(one, party, there),
                write_decided(other, party, back),
                return_exceptions=True,
            )
            refused = [type(each) for each in written if each is not None]
            assert refused == [Overloaded]
    assert await admin.fetchval(DEADLOCKS) == 0


async def write_decided(connection: Connection, party: Party, deltas: Deltas) -> None:
    async with connection.transaction():
        await set_tenant(connection, party.tenant_id)
        await connection.execute("SET LOCAL search_path = aksum")
        await write(connection, party.tenant_id, deltas, last_booked_at=None)


async def shared_accounts(world: World, party: Party) -> tuple[Account, Account]:
    codes = (AccountCode.HOUSE_CLEARING, AccountCode.FEE_REVENUE)
    keys = [AccountKey(code, USDT.code) for code in codes]
    async with world.ports.uow.begin(party.tenant_id) as tx:
        opened = await tx.accounts.resolve(keys)
        one, other = [(await tx.accounts.get(opened[key])).account for key in keys]
        await tx.commit()
    return one, other


async def test_same_keys_in_opposite_orders_meet_in_no_deadlock(
    world: World, admin: Connection
) -> None:
    """By two payers without an account in common, so that nothing but the keys is waited for."""
    one, other = await pair(world)
    three = await world.party(one.tenant_id, usdt_units=100)
    four = await world.party(one.tenant_id, usdt_units=100)
    for _ in range(ROUNDS):
        asked = [new_request(world) for _ in range(KEYS)]
        there = paying(world, one, other, asked)
        back = paying(world, three, four, asked[::-1])
        answers = await asyncio.gather(
            *(world.ports.ledger.post(one.tenant_id, batch) for batch in (there, back))
        )
        first, second = ([outcome.replayed for outcome in outcomes] for outcomes in answers)
        # The fingerprints are the same, so whoever came second is told what the first was.
        assert sorted((set(first), set(second)), key=str) == [{False}, {True}]
    assert await admin.fetchval(DEADLOCKS) == 0


async def test_posts_holds_and_trades_on_the_same_accounts_meet_in_no_deadlock(
    world: World, admin: Connection
) -> None:
    one = await world.party()
    other = await world.party(one.tenant_id)
    both = ((one, other), (other, one))
    work: list[Awaitable[object]] = []
    for _ in range(ROUNDS):
        for payer, payee in both:
            work += [post_batch(world, payer, payee, size) for size in (1, 1, 1, 20)]
            work += [hold_and_capture(world, payer, payee)]
            work += [world.trade(payer, side=side) for side in Side]
    turns = asyncio.Semaphore(POOL_SIZE)
    await asyncio.gather(*(in_turn(turns, each) for each in work))
    assert await admin.fetchval(DEADLOCKS) == 0
    await check_books(admin)


async def in_turn(turns: asyncio.Semaphore, work: Awaitable[object]) -> None:
    """Nobody waits for a connection, or being slow would look like being stuck."""
    async with turns:
        await work


async def post_batch(world: World, payer: Party, payee: Party, size: int) -> None:
    """Every second payment goes back, so that the accounts are named in both orders."""
    accounts = [(payer.usdt, payee.usdt), (payee.usdt, payer.usdt)] * size
    batch = tuple(Post(world.moving(*each, 1), world.now) for each in accounts[:size])
    outcomes = await world.ports.ledger.post(payer.tenant_id, batch)
    assert {outcome.code for outcome in outcomes} == {OK}


async def hold_and_capture(world: World, payer: Party, payee: Party) -> None:
    holds = [hold_on(world, payer, 10) for _ in range(ROUNDS)]
    placed = await world.ports.ledger.post(payer.tenant_id, tuple(map(PlaceHold, holds)))
    commands: Batch = tuple(
        ReleaseHold(hold.id, world.now) if number % 2 else capture(world, payer, payee, hold, 4)
        for number, hold in enumerate(reversed(holds))
    )
    ended = await world.ports.ledger.post(payer.tenant_id, commands)
    assert {outcome.code for outcome in (*placed, *ended)} == {OK}


async def test_reversals_of_one_transaction_at_once_reverse_it_once(world: World) -> None:
    payer, payee = await pair(world)
    for _ in range(ROUNDS):
        moving = world.moving(payer.usdt, payee.usdt, 30)
        (posted,) = await world.ports.ledger.post(payer.tenant_id, (Post(moving, world.now),))
        assert posted.code is OK
        batches: list[Batch] = [
            (Post(reversal(world.header(), moving), world.now),) for _ in range(COPIES)
        ]
        answers = await asyncio.gather(
            *(world.ports.ledger.post(payer.tenant_id, batch) for batch in batches)
        )
        codes = Counter(outcome.code for (outcome,) in answers)
        assert codes == {OK: 1, OutcomeCode.ORIGINAL_REVERSED: COPIES - 1}
    assert (await world.view(payer.tenant_id, payer.usdt)).posted == 100


async def test_clock_that_was_set_back_books_behind_closed_time_and_in_order(
    world: World, admin: Connection
) -> None:
    payer, payee = await pair(world)
    before = await at_once(world, payer, world.moving(payer.usdt, payee.usdt, 1))
    # Closed time ahead of the clock is what setting it back looks like.
    ahead = await admin.fetchval(
        "UPDATE aksum.ledger_clock SET mark_at = clock_timestamp() + $1, mark_xid = '1', "
        "closed_until = clock_timestamp() + $1 RETURNING closed_until",
        STEP_BACK,
    )
    first = await at_once(world, payer, world.moving(payer.usdt, payee.usdt, 1))
    second = await at_once(world, payer, world.moving(payee.usdt, payer.usdt, 1))
    times = [await booked(world, payer.tenant_id, each) for each in (before, first, second)]
    assert times == sorted(times)
    assert times[1] >= ahead
    await world.ports.ledger_clock.advance()
    assert await world.ports.ledger_clock.closed_until() >= ahead


async def until_somebody_waits(observer: Connection) -> None:
    for _ in range(LOOKS_MAX):
        if await observer.fetchval(SOMEBODY_WAITS):
            return
    raise AssertionError("nobody waits for the calendar")


async def close_period(world: World, party: Party, through: date) -> None:
    async with world.ports.ops_uow.begin(party.tenant_id) as tx:
        assert await tx.journal.close_period(through, by="ops")
        await tx.commit()


async def at_once(world: World, party: Party, moving: JournalTransaction) -> TransactionId:
    (outcome,) = await world.ports.ledger.post(party.tenant_id, (Post(moving, world.now),))
    assert outcome.code is OK
    return moving.id


def paying(world: World, payer: Party, payee: Party, requests: list[Request]) -> Batch:
    return tuple(
        Post(world.moving(payer.usdt, payee.usdt, 1), world.now, request=request)
        for request in requests
    )


def new_request(world: World) -> Request:
    return Request(f"key-{world.id()}", bytes(32))
