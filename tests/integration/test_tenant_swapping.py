"""Every method of every repository, called by one tenant with the ids of another."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import get_type_hints

import asyncpg
import pytest
import pytest_asyncio
from asyncpg import Connection
from msgspec.structs import replace

from application.errors import VersionConflict
from application.ports.events import EventFilter
from application.ports.intents import IntentKind
from application.ports.ledger_history import BookedBy, StatementRange
from application.ports.reconciliation import BreakFilter
from application.ports.trading import OrderFilter
from application.ports.unit_of_work import Transaction
from domain.ledger.commands import Post
from domain.ledger.entry import MirrorOf
from domain.ledger.outcomes import OutcomeCode
from domain.shared.errors import InvariantViolation, NotFound
from domain.shared.ids import BreakId, ChangeRequestId, MatchId
from tests.contract.conftest import make_postgres_ports
from tests.contract.events_contract import new
from tests.contract.reconciliation_contract import LP, SOURCE, new_statement
from tests.contract.world import LONG_LEASE, World
from tests.fixtures.postgres_servers import Server, in_thread
from tests.integration import swapping_parts
from tests.integration.direct import connected
from tests.integration.swapping_attempts import (
    Attempt,
    add_seal,
    by_client_order_id,
    claim,
    find,
    keep_open,
    ledger_side,
    post,
    reject,
    resolve,
    rows_of,
    settle,
    stored_tenant,
)
from tests.integration.two_tenants import CONSUMER, MESSAGE, Inhabited, inhabit

# One loop, so that the connections are opened once.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def inhabited(postgres_server: Server) -> Iterator[Inhabited]:
    made = postgres_server.create_database()
    yield in_thread(lambda: inhabit(made))
    postgres_server.drop_database(made.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(inhabited: Inhabited) -> AsyncIterator[World]:
    async with make_postgres_ports(inhabited.database) as ports:
        yield World(ports)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(inhabited: Inhabited) -> AsyncIterator[Connection]:
    async with connected(inhabited.database.admin_url) as connection:
        yield connection


# What the caller gets: an answer that is nothing, or a refusal.
ANSWERS: dict[str, tuple[object, Attempt]] = {
    "idempotency.find": (False, find),
    "idempotency.claim": (False, claim),
    "api_keys.find": (None, lambda tx, of, _: tx.api_keys.find(of.key.lookup)),
    "accounts.of_customer": (
        (),
        lambda tx, of, _: tx.accounts.of_customer(of.other.customer.id),
    ),
    "accounts.resolve": (False, resolve),
    "customers.find_all": ({}, lambda tx, of, _: tx.customers.find_all([of.party.customer.id])),
    "transfers.find_all": ({}, lambda tx, of, _: tx.transfers.find_all([of.transfer.id])),
    "transfer_batches.answered": (
        {},
        lambda tx, of, _: tx.transfer_batches.answered([of.transfer_batch.answers[0].key]),
    ),
    "history.statement": (
        (),
        lambda tx, of, _: tx.history.statement(of.party.usdt, StatementRange(), limit=9),
    ),
    "history.posted": (
        {},
        lambda tx, of, world: tx.history.posted([of.party.usdt], BookedBy(world.now)),
    ),
    "journal.mirror": (
        None,
        lambda tx, of, _: tx.journal.mirror(
            MirrorOf(of.party.tenant_id, of.trade.transaction.id),
            reference=of.trade.transaction.reference,
        ),
    ),
    "account_changes.of": ((), lambda tx, of, _: tx.account_changes.of(of.party.usdt)),
    "corrections.of": (None, lambda tx, of, _: tx.corrections.of(of.correction.transaction_id)),
    "seals.row": (None, lambda tx, of, _: tx.seals.row(of.trade.transaction.id)),
    "journal.of_reference": (
        (),
        lambda tx, of, _: tx.journal.of_reference(of.trade.transaction.reference),
    ),
    "journal.hold": (None, lambda tx, of, _: tx.journal.hold(of.due_hold.id)),
    "journal.post_at_once": (
        False,
        lambda tx, of, world: tx.journal.post_at_once(
            Post(world.moving(of.party.usdt, of.other.usdt, 1), world.now)
        ),
    ),
    "journal.post": ([OutcomeCode.ACCOUNT_NOT_FOUND, OutcomeCode.HOLD_NOT_FOUND], post),
    "quotes.offer": (
        False,
        lambda tx, of, world: tx.quotes.offer(of.open_quote, world.request()),
    ),
    "orders.by_client_order_id": (False, by_client_order_id),
    "trading.reserve": (
        None,
        lambda tx, of, world: tx.trading.reserve(world.reservation(of.open_quote.quote.id)),
    ),
    "trading.settle": (False, settle),
    "trading.reject": (False, reject),
    "trading.keep_open": (False, keep_open),
    "trading.open_execution": (
        None,
        lambda tx, of, _: tx.trading.open_execution(of.open_execution.order.id, lease_token=1),
    ),
    "intents.lease": (
        (),
        lambda tx, of, _: tx.intents.lease(
            IntentKind.MIRROR, (of.trade.transaction.id, of.leased.subject), duration=LONG_LEASE
        ),
    ),
    "intents.finish": (False, lambda tx, of, _: tx.intents.finish(of.leased)),
    "intents.postpone": (
        False,
        lambda tx, of, world: tx.intents.postpone(of.leased, until=world.now, error=None),
    ),
    "intents.give_back": (False, lambda tx, of, _: tx.intents.give_back(of.leased)),
    "intents.set_aside": (
        False,
        lambda tx, of, _: tx.intents.set_aside(
            IntentKind.MIRROR, of.trade.transaction.id, reason="taken"
        ),
    ),
    "intents.park": (False, lambda tx, of, _: tx.intents.park(of.leased, error="taken")),
    "intents.make_due": (
        False,
        lambda tx, of, _: tx.intents.make_due(IntentKind.MIRROR, of.parked.subject),
    ),
    "reconciliation.lines": (
        (),
        lambda tx, of, _: tx.reconciliation.lines((of.reconciled.line.id,)),
    ),
    "reconciliation.has_digest": (
        False,
        lambda tx, of, _: tx.reconciliation.has_digest(LP, of.reconciled.statement.digest),
    ),
    "reconciliation.finished": (
        frozenset(),
        lambda tx, of, _: tx.reconciliation.finished(key for key, _ in of.reconciled.match.items),
    ),
    "reconciliation.ledger_side": (((), {}), ledger_side),
    "execution_trail.of_orders": (
        (),
        lambda tx, of, _: tx.execution_trail.of_orders((of.trade.order.id,)),
    ),
    **swapping_parts.ANSWERS,
}
REFUSALS: dict[str, tuple[type[Exception], Attempt]] = {
    "events.get": (NotFound, lambda tx, of, _: tx.events.get(of.told.id)),
    "outbox.number": (
        asyncpg.InsufficientPrivilegeError,
        lambda tx, of, _: tx.outbox.number(limit=9),
    ),
    "seals.add": (asyncpg.InsufficientPrivilegeError, add_seal),
    "journal.close_period": (
        asyncpg.InsufficientPrivilegeError,
        lambda tx, of, world: tx.journal.close_period(world.now.date() - timedelta(9), by="me"),
    ),
    "corrections.add": (
        asyncpg.InsufficientPrivilegeError,
        lambda tx, of, _: tx.corrections.add(of.correction),
    ),
    "folds.fold": (
        asyncpg.InsufficientPrivilegeError,
        lambda tx, _, w: tx.folds.fold(w.now, transactions_min=1, transactions_max=9),
    ),
    "accounts.set_floor": (NotFound, lambda tx, of, _: tx.accounts.set_floor(of.party.usdt, -9)),
    "accounts.close": (NotFound, lambda tx, of, _: tx.accounts.close(of.party.usdt)),
    "change_requests.get": (
        NotFound,
        lambda tx, of, _: tx.change_requests.get(of.changed.request.id),
    ),
    "change_requests.decide": (
        InvariantViolation,
        lambda tx, of, _: tx.change_requests.decide(of.changed.request),
    ),
    "account_changes.record": (
        asyncpg.ForeignKeyViolationError,
        lambda tx, of, _: tx.account_changes.record(of.changed),
    ),
    "tenants.add": (
        asyncpg.InsufficientPrivilegeError,
        lambda tx, of, world: tx.tenants.add(stored_tenant(of, world)),
    ),
    "tenants.update": (
        NotFound,
        lambda tx, of, world: tx.tenants.update(stored_tenant(of, world)),
    ),
    "api_keys.add": (asyncpg.UniqueViolationError, lambda tx, of, _: tx.api_keys.add(of.key)),
    "api_keys.get": (NotFound, lambda tx, of, _: tx.api_keys.get(of.key.id)),
    "api_keys.update": (
        VersionConflict,
        lambda tx, of, _: tx.api_keys.update(replace(of.key, version=2)),
    ),
    "customers.get": (NotFound, lambda tx, of, _: tx.customers.get(of.party.customer.id)),
    "customers.update": (
        VersionConflict,
        lambda tx, of, _: tx.customers.update(replace(of.party.customer, version=2)),
    ),
    "accounts.get": (NotFound, lambda tx, of, _: tx.accounts.get(of.party.usdt)),
    "journal.transaction": (
        NotFound,
        lambda tx, of, _: tx.journal.transaction(of.trade.transaction.id),
    ),
    "quotes.get": (NotFound, lambda tx, of, _: tx.quotes.get(of.open_quote.quote.id)),
    "orders.get": (NotFound, lambda tx, of, _: tx.orders.get(of.trade.order.id)),
    "orders.detail": (NotFound, lambda tx, of, _: tx.orders.detail(of.trade.order.id)),
    "deposits.get": (NotFound, lambda tx, of, _: tx.deposits.get(of.deposit.id)),
    "deposits.add": (
        asyncpg.ForeignKeyViolationError,
        lambda tx, of, _: tx.deposits.add(of.deposit),
    ),
    "transfers.get": (NotFound, lambda tx, of, _: tx.transfers.get(of.transfer.id)),
    "transfers.add": (
        asyncpg.ForeignKeyViolationError,
        lambda tx, of, _: tx.transfers.add(of.transfer),
    ),
    "reconciliation.statement": (
        NotFound,
        lambda tx, of, _: tx.reconciliation.statement(of.reconciled.statement.id),
    ),
    "reconciliation.get_break": (
        NotFound,
        lambda tx, of, _: tx.reconciliation.get_break(of.reconciled.broken.id),
    ),
    "reconciliation.update_breaks": (
        VersionConflict,
        lambda tx, of, _: tx.reconciliation.update_breaks(
            (replace(of.reconciled.broken, version=2),)
        ),
    ),
    "reconciliation.add_matches": (
        asyncpg.ForeignKeyViolationError,
        lambda tx, of, world: tx.reconciliation.add_matches(
            (replace(of.reconciled.match, id=MatchId(world.id())),)
        ),
    ),
    "reconciliation.add_breaks": (
        asyncpg.ForeignKeyViolationError,
        lambda tx, of, world: tx.reconciliation.add_breaks(
            (replace(of.reconciled.broken, id=BreakId(world.id())),)
        ),
    ),
    "transfers.add_all": (
        asyncpg.ForeignKeyViolationError,
        lambda tx, of, _: tx.transfers.add_all([of.transfer]),
    ),
    "transfer_batches.get": (
        NotFound,
        lambda tx, of, _: tx.transfer_batches.get(of.transfer_batch.id),
    ),
    "transfer_batches.add": (
        asyncpg.ForeignKeyViolationError,
        lambda tx, of, _: tx.transfer_batches.add(of.transfer_batch),
    ),
    **swapping_parts.REFUSALS,
}
# These are about the caller's own rows whatever is passed.
OWN: dict[str, Attempt] = {
    "outbox.add": lambda tx, of, world: tx.outbox.add(new(world)),
    "events.last_seq": lambda tx, of, _: tx.events.last_seq(),
    "events.page": lambda tx, of, _: tx.events.page(EventFilter(), after=0, limit=99),
    "inbox.take": lambda tx, of, _: tx.inbox.take(CONSUMER, MESSAGE),
    "seals.head": lambda tx, of, _: tx.seals.head(),
    "seals.after": lambda tx, of, _: tx.seals.after(0, limit=9),
    "seals.covering": lambda tx, of, world: tx.seals.covering(world.now),
    "seals.leaves": lambda tx, of, _: tx.seals.leaves(1),
    "seals.end_of_block": lambda tx, _, w: tx.seals.end_of_block(None, w.now, transactions_max=9),
    "seals.page": lambda tx, of, world: tx.seals.page(None, world.now, after=None, limit=99),
    "tenants.get": lambda tx, of, _: tx.tenants.get(),
    "tenants.partners": lambda tx, of, _: tx.tenants.partners(),
    "api_keys.list": lambda tx, of, _: tx.api_keys.list(),
    "accounts.shared": lambda tx, of, _: tx.accounts.shared(limit=99),
    "customers.add": lambda tx, of, _: tx.customers.add(of.party.customer),
    "customers.page": lambda tx, of, _: tx.customers.page(external_id=None, before=None, limit=100),
    "journal.expired_holds": lambda tx, of, world: tx.journal.expired_holds(
        now=world.now, limit=100
    ),
    "journal.periods": lambda tx, of, _: tx.journal.periods(),
    "change_requests.add": lambda tx, of, world: tx.change_requests.add(
        replace(of.changed.request, id=ChangeRequestId(world.id()))
    ),
    "change_requests.page": lambda tx, of, _: tx.change_requests.page(None, limit=100),
    "folds.folded_until": lambda tx, of, _: tx.folds.folded_until(),
    "quotes.expire_due": lambda tx, of, world: tx.quotes.expire_due(now=world.now, limit=100),
    "orders.page": lambda tx, of, _: tx.orders.page(OrderFilter(), before=None, limit=100),
    "intents.add": lambda tx, of, _: tx.intents.add(
        IntentKind.MIRROR, of.trade.transaction.id, payload=None
    ),
    "reconciliation.sources": lambda tx, of, _: tx.reconciliation.sources(),
    "reconciliation.add_source": lambda tx, of, _: tx.reconciliation.add_source(SOURCE),
    "reconciliation.lock": lambda tx, of, _: tx.reconciliation.lock(LP),
    "reconciliation.last_statement": lambda tx, of, _: tx.reconciliation.last_statement(LP),
    "reconciliation.page_statements": lambda tx, of, _: tx.reconciliation.page_statements(
        LP, before=None, limit=100
    ),
    "reconciliation.add_statement": lambda tx, of, world: tx.reconciliation.add_statement(
        new_statement(world, hours=9), ()
    ),
    "reconciliation.names": lambda tx, of, _: tx.reconciliation.names(LP, ("e1",)),
    "reconciliation.open_breaks": lambda tx, of, _: tx.reconciliation.open_breaks(LP),
    "reconciliation.page_breaks": lambda tx, of, _: tx.reconciliation.page_breaks(
        BreakFilter(), after=None, limit=100
    ),
    "execution_trail.unfinished": lambda tx, of, _: tx.execution_trail.unfinished(LP),
    **swapping_parts.OWN,
}


async def test_every_method_of_every_repository_is_tried() -> None:
    methods = {
        f"{name}.{method}"
        for name, repository in vars(Transaction).items()
        if isinstance(repository, property)
        for method in vars(get_type_hints(repository.fget)["return"])
        if not method.startswith("_")
    }
    assert methods == ANSWERS.keys() | REFUSALS.keys() | OWN.keys()


@pytest.mark.parametrize("method", ANSWERS)
async def test_ids_of_another_tenant_answer_nothing_and_change_nothing(
    inhabited: Inhabited, world: World, admin: Connection, method: str
) -> None:
    expected, attempt = ANSWERS[method]
    before = await rows_of(admin, inhabited.theirs)
    async with world.ports.uow.begin(inhabited.mine.party.tenant_id) as tx:
        assert await attempt(tx, inhabited.theirs, world) == expected
        with suppress(InvariantViolation):
            await tx.commit()
    assert await rows_of(admin, inhabited.theirs) == before


@pytest.mark.parametrize("method", REFUSALS)
async def test_ids_of_another_tenant_are_refused_and_change_nothing(
    inhabited: Inhabited, world: World, admin: Connection, method: str
) -> None:
    error, attempt = REFUSALS[method]
    before = await rows_of(admin, inhabited.theirs)
    async with world.ports.uow.begin(inhabited.mine.party.tenant_id) as tx:
        with pytest.raises(error):
            await attempt(tx, inhabited.theirs, world)
        with suppress(InvariantViolation):
            await tx.commit()
    assert await rows_of(admin, inhabited.theirs) == before


@pytest.mark.parametrize("method", OWN)
async def test_own_rows_are_all_that_is_shown_and_changed(
    inhabited: Inhabited, world: World, admin: Connection, method: str
) -> None:
    mine, theirs = inhabited.mine, inhabited.theirs
    before = await rows_of(admin, theirs)
    async with world.ports.uow.begin(mine.party.tenant_id) as tx:
        shown = repr(await OWN[method](tx, theirs, world))
        for foreign in (
            theirs.party.tenant_id,
            theirs.key.id,
            theirs.due_hold.id,
            theirs.reconciled.statement.id,
            theirs.reconciled.broken.id,
            theirs.changed.request.id,
            theirs.hooked.endpoint.id,
            theirs.settlement.id,
        ):
            assert str(foreign) not in shown
        for order in (theirs.trade.order, theirs.open_execution.order):
            assert str(order.id) not in shown
            assert str(theirs.other.customer.id) not in shown
        await tx.commit()
    assert await rows_of(admin, theirs) == before
