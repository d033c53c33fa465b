"""Rows are locked in one order: key, quote, intent, order, attempt, hold, balances by id.

Each case holds one row, lets a step run into it, and looks which rows the step has locked by then:
all before it in the order, and none after it. Steps that keep one order never wait in a circle.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import NamedTuple
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from asyncpg import Connection
from msgspec.structs import replace

from adapters.memory.liquidity_faults import Armed, Fault
from application.ledger.expire_holds import ExpireHolds
from application.ports.trading import OpenExecution, OrderFilter
from application.quotes.expire_quotes import ExpireQuotes
from domain.ledger.commands import Command, PlaceHold, Post
from domain.ledger.outcomes import OutcomeCode
from domain.liquidity.resolution import AttemptStatus
from domain.orders.order import OrderStatus
from domain.quotes.quote import Quote
from domain.shared.ids import AccountId
from domain.shared.side import Side
from tests.contract.conftest import make_postgres_ports
from tests.contract.holds_contract import capture, do, hold_on
from tests.contract.settle_contract import reject, rejected
from tests.contract.world import EVIDENCE, LONG_LEASE, Party, World
from tests.fixtures.postgres_servers import Database, Server
from tests.integration import commands
from tests.integration.direct import connected, undone
from tests.integration.stack import PRIMARY, open_stack

WAITS_FOR = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND $1 = ANY (pg_blocking_pids(pid))
"""
LOOKS_MAX = 2_000
ROUNDS = 4
STILL_PENDING = OrderFilter(status=OrderStatus.PENDING)


class Row(NamedTuple):
    table: str
    column: str
    id: UUID

    @property
    def lock(self) -> str:
        return f"SELECT FROM aksum.{self.table} WHERE {self.column} = $1 FOR UPDATE"


class Case(NamedTuple):
    """A step, and the rows that it locks, in their order."""

    run: Callable[[], Awaitable[object]]
    rows: tuple[Row, ...]


# One loop, so that the connections are opened once.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def locking_database(postgres_server: Server) -> Iterator[Database]:
    made = postgres_server.create_database()
    yield made
    postgres_server.drop_database(made.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(locking_database: Database) -> AsyncIterator[World]:
    async with make_postgres_ports(locking_database) as ports:
        made = World(ports)
        await made.prepare()
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def blocker(locking_database: Database) -> AsyncIterator[Connection]:
    async with connected(locking_database.admin_url) as connection:
        yield connection


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def observer(locking_database: Database) -> AsyncIterator[Connection]:
    async with connected(locking_database.admin_url) as connection:
        yield connection


def balances(*accounts: AccountId) -> tuple[Row, ...]:
    return tuple(Row("ledger_balances", "account_id", each) for each in sorted(accounts))


def of_execution(execution: OpenExecution) -> tuple[Row, ...]:
    order_id = execution.order.id
    return (
        Row("intents", "subject", order_id),
        Row("orders", "id", order_id),
        Row("lp_attempts", "order_id", order_id),
        Row("ledger_holds", "id", order_id),
    )


async def accepting(world: World) -> Case:
    party = await world.party()
    stored = await world.quote(party)
    reservation = world.reservation(stored.quote.id, client_order_id="mine")
    rows = (
        Row("quotes", "id", stored.quote.id),
        *balances(stored.receive_account_id),
        *balances(stored.pay_account_id),
    )
    return Case(lambda: world.reserve(party, reservation), rows)


async def filling(world: World, side: Side) -> Case:
    party = await world.party()
    execution = await world.execution(party, side=side)
    settled = await world.settlement(party, execution)
    rows = of_execution(execution) + balances(party.usdt, party.btc)
    return Case(lambda: world.settle(party, settled), rows)


async def rejecting(world: World) -> Case:
    party = await world.party()
    execution = await world.execution(party)
    order = rejected(world, execution)
    rows = of_execution(execution) + balances(execution.stored.pay_account_id)
    return Case(lambda: reject(world, party, execution, order), rows)


async def keeping_open(world: World) -> Case:
    party = await world.party()
    execution = await world.execution(party)

    async def run() -> bool:
        async with world.ports.uow.begin(party.tenant_id) as tx:
            kept = await tx.trading.keep_open(
                execution,
                replace(execution.order, version=execution.order.version + 1),
                status=AttemptStatus.PENDING,
                evidence=EVIDENCE,
                looks=1,
                look_again_in=LONG_LEASE,
                at=world.now,
                announcement=None,
            )
            await tx.commit()
        return kept

    return Case(run, of_execution(execution)[:-1])


async def paying(world: World, *, towards_later: bool) -> Case:
    """The payer's account comes before the payee's, or after: the lock order does not care."""
    payer = await world.party()
    payee = await world.party(payer.tenant_id)
    if (payer.usdt < payee.usdt) is not towards_later:
        payer, payee = payee, payer
    command = Post(world.moving(payer.usdt, payee.usdt, 1), world.now)
    return Case(lambda: accepted(world, payer, command), balances(payer.usdt, payee.usdt))


async def capturing(world: World) -> Case:
    payer = await world.party()
    payee = await world.party(payer.tenant_id)
    hold = hold_on(world, payer, 60)
    await do(world, payer, PlaceHold(hold))
    command = capture(world, payer, payee, hold, 20)
    rows = (Row("ledger_holds", "id", hold.id), *balances(payer.usdt, payee.usdt))
    return Case(lambda: accepted(world, payer, command), rows)


async def accepted(world: World, party: Party, command: Command) -> bool:
    return await do(world, party, command) is OutcomeCode.OK


# By name: how to set the case up, and how many rows it locks.
CASES: dict[str, tuple[Callable[[World], Awaitable[Case]], int]] = {
    "accept": (accepting, 3),
    "fill a buy": (lambda world: filling(world, Side.BUY), 6),
    "fill a sale": (lambda world: filling(world, Side.SELL), 6),
    "reject": (rejecting, 5),
    "keep open": (keeping_open, 3),
    "pay a later account": (lambda world: paying(world, towards_later=True), 2),
    "pay an earlier account": (lambda world: paying(world, towards_later=False), 2),
    "capture": (capturing, 3),
}


@pytest.mark.parametrize(
    ("name", "position"),
    [(name, position) for name, (_, rows) in CASES.items() for position in range(rows)],
)
async def test_step_that_waits_for_a_row_holds_those_before_it_and_none_after_it(
    world: World, blocker: Connection, observer: Connection, name: str, position: int
) -> None:
    prepare, count = CASES[name]
    case = await prepare(world)
    assert len(case.rows) == count
    async with undone(blocker):
        await blocker.execute(case.rows[position].lock, case.rows[position].id)
        step = asyncio.ensure_future(case.run())
        await until_waiting_for(blocker, observer)
        held = [await is_locked(observer, row) for row in case.rows]
    assert await step
    before, after = held[:position], held[position + 1 :]
    assert before == [True] * position
    assert after == [False] * (count - position - 1)


async def test_key_is_taken_before_the_quote(
    world: World, blocker: Connection, observer: Connection
) -> None:
    party = await world.party()
    stored, request = await world.quote(party), world.request()
    reservation = world.reservation(stored.quote.id, request=request)
    quote = Row("quotes", "id", stored.quote.id)
    async with undone(blocker):
        await blocker.execute(quote.lock, quote.id)
        step = asyncio.ensure_future(world.reserve(party, reservation))
        await until_waiting_for(blocker, observer)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await observer.execute(
                "SET lock_timeout = '20ms'; INSERT INTO aksum.idempotency_keys (tenant_id, key, "
                f"fingerprint, resource, resource_id) SELECT '{party.tenant_id}', "
                f"'{request.key}', sha256('x'), 'order', '{stored.quote.id}'"
            )
    assert await step is not None


async def test_use_cases_on_the_same_rows_never_wait_in_a_circle(database: Database) -> None:
    """Orders both ways, their resolution, payments both ways, mirrors and sweeps, all at once."""
    async with open_stack(database) as stack:
        tenant_id = await stack.tenant()
        one, other = [await stack.customer(tenant_id, usdt=100_000, btc=10) for _ in range(2)]
        quotes = [
            await commands.quoted(stack, tenant_id, customer, side)
            for _ in range(ROUNDS)
            for customer in (one, other)
            for side in Side
        ]
        for _ in range(ROUNDS):
            stack.lps[PRIMARY].arm(Armed(fault=Fault.EXECUTE_TIMEOUT_AFTER_COMMIT))
        sweeps = (
            ExpireQuotes(uow=stack.worker_uow, due=stack.due, clock=stack.clock),
            ExpireHolds(uow=stack.worker_uow, due=stack.due, clock=stack.clock),
        )

        async def resolve(quote: Quote) -> None:
            order = await commands.accepted(stack, tenant_id, quote)
            await stack.make_due(order.id, tenant_id)
            await stack.resolve_all()

        work: list[Awaitable[object]] = [resolve(quote) for quote in quotes]
        for _ in range(ROUNDS):
            work += [sweep.execute() for sweep in sweeps]
            work += [stack.mirror_all(), stack.resolve_all()]
            work += [
                stack.transfer.execute(commands.paying(tenant_id, payer, payee))
                for payer, payee in ((one, other), (other, one))
            ]
        await asyncio.gather(*work)
        async with stack.uow.begin(tenant_id) as tx:
            pending = await tx.orders.page(STILL_PENDING, before=None, limit=100)
        for order in pending:
            await stack.make_due(order.id, tenant_id)
        await stack.resolve_all()
        while await stack.mirror_all():
            pass
        assert (await stack.verified()).findings == ()
        async with stack.uow.begin(tenant_id) as tx:
            orders = await tx.orders.page(OrderFilter(), before=None, limit=100)
        assert {order.status for order in orders} == {OrderStatus.FILLED}
        assert len(orders) == len(quotes)


async def until_waiting_for(blocker: Connection, observer: Connection) -> None:
    for _ in range(LOOKS_MAX):
        if await observer.fetchval(WAITS_FOR, blocker.get_server_pid()):
            return
    raise AssertionError("nobody waits for the row that is held")


async def is_locked(observer: Connection, row: Row) -> bool:
    try:
        await observer.execute(f"{row.lock} NOWAIT", row.id)
    except asyncpg.LockNotAvailableError:
        return True
    return False
