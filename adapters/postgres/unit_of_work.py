"""One database transaction of one tenant, with repositories over its connection."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from adapters.postgres.accounts import PostgresAccounts
from adapters.postgres.change_requests import (
    PostgresAccountChanges,
    PostgresChangeRequests,
    PostgresCorrections,
)
from adapters.postgres.connection import UNREACHABLE, Connection, acquire
from adapters.postgres.customers import PostgresCustomers
from adapters.postgres.events import PostgresEvents, PostgresOutbox
from adapters.postgres.execution_trail import PostgresExecutionTrail
from adapters.postgres.idempotency import PostgresIdempotencyRecords
from adapters.postgres.inbox import PostgresInbox
from adapters.postgres.intents import PostgresIntents
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.keys import PostgresApiKeys
from adapters.postgres.known_accounts import KnownAccounts, opens_strict
from adapters.postgres.ledger_folds import PostgresLedgerFolds
from adapters.postgres.ledger_history import PostgresLedgerHistory
from adapters.postgres.movements import PostgresDeposits, PostgresTransfers
from adapters.postgres.orders import PostgresOrders
from adapters.postgres.quotes import PostgresQuotes
from adapters.postgres.reconciliation import PostgresReconciliation
from adapters.postgres.seals import PostgresSeals
from adapters.postgres.tenants import PostgresTenants
from adapters.postgres.trading import PostgresTrading
from adapters.postgres.transfer_batches import PostgresTransferBatches
from adapters.postgres.webhook_deliveries import PostgresWebhookDeliveries
from adapters.postgres.webhook_endpoints import PostgresWebhookEndpoints
from application import crash_points
from application.errors import Overloaded
from application.ports.unit_of_work import Lane, Transaction
from domain.ledger.account import Account, AccountKey
from domain.shared.errors import invariant
from domain.shared.ids import AccountId, TenantId

# The last is what the driver raises when it has heard the server's farewell and no more.
BROKEN: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    asyncpg.InternalClientError,
)

BUSY: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.QueryCanceledError,
)


class PostgresTransaction:
    """Repositories are cheap wrappers, made when asked for."""

    def __init__(self, connection: Connection, tenant_id: TenantId, known: KnownAccounts) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._known = known
        self._learned: dict[AccountKey, AccountId] = {}
        self._void = False

    @property
    def idempotency(self) -> PostgresIdempotencyRecords:
        return PostgresIdempotencyRecords(self._connection, self._tenant_id)

    @property
    def tenants(self) -> PostgresTenants:
        return PostgresTenants(self._connection, self._tenant_id)

    @property
    def api_keys(self) -> PostgresApiKeys:
        return PostgresApiKeys(self._connection, self._tenant_id)

    @property
    def customers(self) -> PostgresCustomers:
        return PostgresCustomers(self._connection, self._tenant_id)

    @property
    def accounts(self) -> PostgresAccounts:
        return PostgresAccounts(
            self._connection, self._tenant_id, known=self._known, learned=self._learned
        )

    @property
    def journal(self) -> PostgresJournal:
        return PostgresJournal(
            self._connection,
            self._tenant_id,
            is_strict=self._is_strict,
            on_met=self._met,
            on_lost=self._lose,
        )

    @property
    def history(self) -> PostgresLedgerHistory:
        return PostgresLedgerHistory(self._connection, self._tenant_id)

    @property
    def folds(self) -> PostgresLedgerFolds:
        return PostgresLedgerFolds(self._connection, self._tenant_id)

    @property
    def quotes(self) -> PostgresQuotes:
        return PostgresQuotes(self._connection, self._tenant_id)

    @property
    def orders(self) -> PostgresOrders:
        return PostgresOrders(self._connection, self._tenant_id)

    @property
    def trading(self) -> PostgresTrading:
        return PostgresTrading(self._connection, self._tenant_id, on_lost=self._lose)

    @property
    def deposits(self) -> PostgresDeposits:
        return PostgresDeposits(self._connection, self._tenant_id)

    @property
    def transfers(self) -> PostgresTransfers:
        return PostgresTransfers(self._connection, self._tenant_id)

    @property
    def transfer_batches(self) -> PostgresTransferBatches:
        return PostgresTransferBatches(self._connection, self._tenant_id)

    @property
    def intents(self) -> PostgresIntents:
        return PostgresIntents(self._connection, self._tenant_id)

    @property
    def outbox(self) -> PostgresOutbox:
        return PostgresOutbox(self._connection, self._tenant_id)

    @property
    def events(self) -> PostgresEvents:
        return PostgresEvents(self._connection, self._tenant_id)

    @property
    def inbox(self) -> PostgresInbox:
        return PostgresInbox(self._connection, self._tenant_id)

    @property
    def webhook_endpoints(self) -> PostgresWebhookEndpoints:
        return PostgresWebhookEndpoints(self._connection, self._tenant_id)

    @property
    def webhook_deliveries(self) -> PostgresWebhookDeliveries:
        return PostgresWebhookDeliveries(self._connection, self._tenant_id)

    @property
    def seals(self) -> PostgresSeals:
        return PostgresSeals(self._connection, self._tenant_id)

    @property
    def reconciliation(self) -> PostgresReconciliation:
        return PostgresReconciliation(self._connection, self._tenant_id)

    @property
    def execution_trail(self) -> PostgresExecutionTrail:
        return PostgresExecutionTrail(self._connection, self._tenant_id)

    def _is_strict(self, tenant_id: TenantId, account_id: AccountId) -> bool | None:
        """Also of accounts that this transaction was the first to meet, or has just opened."""
        for key, learned in self._learned.items():
            if learned == account_id:
                return opens_strict(key)
        return self._known.is_strict(tenant_id, account_id)

    def _met(self, accounts: Iterable[Account]) -> None:
        for account in accounts:
            if self._known.is_strict(self._tenant_id, account.id) is None:
                self._learned[account.key] = account.id

    @property
    def change_requests(self) -> PostgresChangeRequests:
        return PostgresChangeRequests(self._connection, self._tenant_id)

    @property
    def account_changes(self) -> PostgresAccountChanges:
        return PostgresAccountChanges(self._connection, self._tenant_id)

    @property
    def corrections(self) -> PostgresCorrections:
        return PostgresCorrections(self._connection, self._tenant_id)

    def _lose(self) -> None:
        """A write that is all or nothing did not happen: what was done must not be kept."""
        self._void = True

    async def commit(self) -> None:
        invariant(not self._void, "committing after a step that did not happen")
        if crash_points.armed:
            await crash_points.reach(crash_points.UOW_BEFORE_COMMIT)
        # A transaction that failed answers COMMIT with ROLLBACK, and no error.
        answered = await self._connection.execute("COMMIT")
        invariant(answered == "COMMIT", "committing a transaction that has failed")
        if crash_points.armed:
            await crash_points.reach(crash_points.UOW_COMMITTED)
        for key, account_id in self._learned.items():
            self._known.remember(self._tenant_id, key, account_id)


class PostgresUnitOfWork:
    """`record` is a small pool of its own, so that an outcome can be written when `main` is dry."""

    def __init__(self, *, main: asyncpg.Pool, record: asyncpg.Pool, known: KnownAccounts) -> None:
        self._pools: dict[Lane, Any] = {Lane.MAIN: main, Lane.RECORD: record}
        self._known = known

    @asynccontextmanager
    async def begin(
        self, tenant_id: TenantId, *, lane: Lane = Lane.MAIN
    ) -> AsyncIterator[Transaction]:
        pool = self._pools[lane]
        connection = await acquire(pool)
        try:
            await _open(connection, tenant_id)
            if crash_points.armed:
                await crash_points.reach(crash_points.UOW_BEGUN)
            yield PostgresTransaction(connection, tenant_id, self._known)
        except BUSY as error:
            # Rolled back as a whole; the caller's request may simply come again.
            raise Overloaded("the database is busy with the same rows") from error
        finally:
            # What a cancelled caller leaves open is rolled back all the same. The pool's own
            # release is shielded already, and a shield is a task.
            if _is_open(connection) and connection.is_in_transaction():
                await asyncio.shield(_roll_back(pool, connection))
            else:
                await pool.release(connection)
            if crash_points.armed:
                await crash_points.reach(crash_points.UOW_RETURNED)


async def _open(connection: asyncpg.Connection, tenant_id: TenantId) -> None:
    """One round trip. A UUID's hex digits leave nothing to escape."""
    try:
        await connection.execute(
            f"BEGIN; SELECT set_config('app.tenant_id', '{tenant_id.hex}', true)"
        )
    except UNREACHABLE as error:
        # The server had ended a connection that waited in the pool; nothing has happened yet.
        raise Overloaded("the database cannot be reached") from error


async def _roll_back(pool: asyncpg.Pool, connection: asyncpg.Connection) -> None:
    try:
        await connection.execute("ROLLBACK")
    except BROKEN:
        # A connection that cannot even roll back is of no use to anybody.
        if _is_open(connection):
            connection.terminate()
    finally:
        await pool.release(connection)


def _is_open(connection: asyncpg.Connection) -> bool:
    """A pool takes back at once what breaks; asked then, even this method raises."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False
