from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.memory.accounts import MemoryAccounts
from adapters.memory.api_keys import MemoryApiKeys
from adapters.memory.change_requests import (
    MemoryAccountChanges,
    MemoryChangeRequests,
    MemoryCorrections,
)
from adapters.memory.customers import MemoryCustomers
from adapters.memory.events import MemoryEvents, MemoryOutbox
from adapters.memory.execution_trail import MemoryExecutionTrail
from adapters.memory.idempotency import MemoryIdempotencyRecords
from adapters.memory.inbox import MemoryInbox
from adapters.memory.incidents import MemoryExecutionIncidents, MemoryOrderEvidences
from adapters.memory.intents import MemoryIntents
from adapters.memory.journal import MemoryJournal
from adapters.memory.ledger_folds import MemoryLedgerFolds
from adapters.memory.ledger_history import MemoryLedgerHistory
from adapters.memory.lp_quotas import MemoryLpQuotas
from adapters.memory.lp_settlements import MemoryLpSettlements
from adapters.memory.movements import MemoryDeposits, MemoryTransfers
from adapters.memory.open_transaction import in_transaction
from adapters.memory.orders import MemoryOrders
from adapters.memory.quotes import MemoryQuotes
from adapters.memory.reconciliation import MemoryReconciliation
from adapters.memory.seals import MemorySeals
from adapters.memory.session import Session
from adapters.memory.store import Rows, Store
from adapters.memory.tenants import MemoryTenants
from adapters.memory.trading import MemoryTrading
from adapters.memory.transfer_batches import MemoryTransferBatches
from adapters.memory.webhook_deliveries import MemoryWebhookDeliveries
from adapters.memory.webhook_endpoints import MemoryWebhookEndpoints
from application.ports.unit_of_work import Lane, Transaction
from domain.shared.ids import TenantId


class MemoryTransaction:
    def __init__(self, rows: Rows, store: Store) -> None:
        self._rows = rows
        self._store = store

    @property
    def idempotency(self) -> MemoryIdempotencyRecords:
        return MemoryIdempotencyRecords(self._rows)

    @property
    def tenants(self) -> MemoryTenants:
        return MemoryTenants(self._rows, self._store)

    @property
    def api_keys(self) -> MemoryApiKeys:
        return MemoryApiKeys(self._rows)

    @property
    def customers(self) -> MemoryCustomers:
        return MemoryCustomers(self._rows)

    @property
    def accounts(self) -> MemoryAccounts:
        return MemoryAccounts(self._rows)

    @property
    def journal(self) -> MemoryJournal:
        return MemoryJournal(self._rows)

    @property
    def history(self) -> MemoryLedgerHistory:
        return MemoryLedgerHistory(self._rows)

    @property
    def folds(self) -> MemoryLedgerFolds:
        return MemoryLedgerFolds(self._rows)

    @property
    def quotes(self) -> MemoryQuotes:
        return MemoryQuotes(self._rows)

    @property
    def orders(self) -> MemoryOrders:
        return MemoryOrders(self._rows)

    @property
    def trading(self) -> MemoryTrading:
        return MemoryTrading(self._rows)

    @property
    def lp_quotas(self) -> MemoryLpQuotas:
        return MemoryLpQuotas(self._rows)

    @property
    def lp_settlements(self) -> MemoryLpSettlements:
        return MemoryLpSettlements(self._rows)

    @property
    def deposits(self) -> MemoryDeposits:
        return MemoryDeposits(self._rows)

    @property
    def transfers(self) -> MemoryTransfers:
        return MemoryTransfers(self._rows)

    @property
    def transfer_batches(self) -> MemoryTransferBatches:
        return MemoryTransferBatches(self._rows)

    @property
    def intents(self) -> MemoryIntents:
        return MemoryIntents(self._rows)

    @property
    def outbox(self) -> MemoryOutbox:
        return MemoryOutbox(self._rows)

    @property
    def events(self) -> MemoryEvents:
        return MemoryEvents(self._rows)

    @property
    def inbox(self) -> MemoryInbox:
        return MemoryInbox(self._rows)

    @property
    def webhook_endpoints(self) -> MemoryWebhookEndpoints:
        return MemoryWebhookEndpoints(self._rows)

    @property
    def webhook_deliveries(self) -> MemoryWebhookDeliveries:
        return MemoryWebhookDeliveries(self._rows)

    @property
    def seals(self) -> MemorySeals:
        return MemorySeals(self._rows)

    @property
    def reconciliation(self) -> MemoryReconciliation:
        return MemoryReconciliation(self._rows)

    @property
    def execution_trail(self) -> MemoryExecutionTrail:
        return MemoryExecutionTrail(self._rows)

    @property
    def change_requests(self) -> MemoryChangeRequests:
        return MemoryChangeRequests(self._rows)

    @property
    def account_changes(self) -> MemoryAccountChanges:
        return MemoryAccountChanges(self._rows)

    @property
    def incidents(self) -> MemoryExecutionIncidents:
        return MemoryExecutionIncidents(self._rows)

    @property
    def order_evidence(self) -> MemoryOrderEvidences:
        return MemoryOrderEvidences(self._rows)

    @property
    def corrections(self) -> MemoryCorrections:
        return MemoryCorrections(self._rows)

    async def commit(self) -> None:
        await self._rows.session.commit()


class MemoryUnitOfWork:
    def __init__(self, store: Store) -> None:
        self._store = store

    @asynccontextmanager
    async def begin(
        self,
        tenant_id: TenantId,
        *,
        lane: Lane = Lane.MAIN,
    ) -> AsyncIterator[Transaction]:
        session = Session(tenant_id, clock=self._store.clock, locks=self._store.locks)
        self._store.open_sessions.add(session)
        entered = in_transaction.set(True)
        try:
            yield MemoryTransaction(Rows(self._store, session), self._store)
        finally:
            in_transaction.reset(entered)
            session.end()
            self._store.open_sessions.discard(session)
