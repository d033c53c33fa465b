"""One transaction, of one tenant. Leaving it without `commit()` rolls back.

No network call inside one: a transaction that waits for a vendor holds locks while it waits.
"""

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Protocol

from application.ports.change_requests import AccountChanges, ChangeRequests
from application.ports.corrections import Corrections
from application.ports.events import Events, Outbox
from application.ports.idempotency import IdempotencyRecords
from application.ports.inbox import Inbox
from application.ports.incidents import ExecutionIncidents, OrderEvidences
from application.ports.intents import Intents
from application.ports.ledger import Accounts, Journal
from application.ports.ledger_folds import LedgerFolds
from application.ports.ledger_history import LedgerHistory
from application.ports.lp_capacity import LpQuotas
from application.ports.lp_settlements import LpSettlements
from application.ports.movements import Deposits, Transfers
from application.ports.parties import ApiKeys, Customers, Tenants
from application.ports.reconciliation import ExecutionTrail, Reconciliation
from application.ports.seals import Seals
from application.ports.trading import Orders, Quotes, Trading
from application.ports.transfer_batches import TransferBatches
from application.ports.webhook_deliveries import WebhookDeliveries
from application.ports.webhook_endpoints import WebhookEndpoints
from domain.shared.ids import TenantId


class Lane(StrEnum):
    """`RECORD` has connections of its own: what a vendor answered can always be written down."""

    MAIN = "main"
    RECORD = "record"


class Transaction(Protocol):
    """Repositories of one open transaction; none is usable after it ended."""

    @property
    @abstractmethod
    def idempotency(self) -> IdempotencyRecords: ...

    @property
    @abstractmethod
    def tenants(self) -> Tenants: ...

    @property
    @abstractmethod
    def api_keys(self) -> ApiKeys: ...

    @property
    @abstractmethod
    def customers(self) -> Customers: ...

    @property
    @abstractmethod
    def accounts(self) -> Accounts: ...

    @property
    @abstractmethod
    def journal(self) -> Journal: ...

    @property
    @abstractmethod
    def history(self) -> LedgerHistory: ...

    @property
    @abstractmethod
    def folds(self) -> LedgerFolds: ...

    @property
    @abstractmethod
    def quotes(self) -> Quotes: ...

    @property
    @abstractmethod
    def orders(self) -> Orders: ...

    @property
    @abstractmethod
    def trading(self) -> Trading: ...

    @property
    @abstractmethod
    def lp_quotas(self) -> LpQuotas: ...

    @property
    @abstractmethod
    def lp_settlements(self) -> LpSettlements: ...

    @property
    @abstractmethod
    def deposits(self) -> Deposits: ...

    @property
    @abstractmethod
    def transfers(self) -> Transfers: ...

    @property
    @abstractmethod
    def transfer_batches(self) -> TransferBatches: ...

    @property
    @abstractmethod
    def intents(self) -> Intents: ...

    @property
    @abstractmethod
    def outbox(self) -> Outbox: ...

    @property
    @abstractmethod
    def events(self) -> Events: ...

    @property
    @abstractmethod
    def inbox(self) -> Inbox: ...

    @property
    @abstractmethod
    def webhook_endpoints(self) -> WebhookEndpoints: ...

    @property
    @abstractmethod
    def webhook_deliveries(self) -> WebhookDeliveries: ...

    @property
    @abstractmethod
    def seals(self) -> Seals: ...

    @property
    @abstractmethod
    def reconciliation(self) -> Reconciliation: ...

    @property
    @abstractmethod
    def execution_trail(self) -> ExecutionTrail: ...

    @property
    @abstractmethod
    def change_requests(self) -> ChangeRequests:
        """Operators only, as the two below."""
        ...

    @property
    @abstractmethod
    def account_changes(self) -> AccountChanges: ...

    @property
    @abstractmethod
    def incidents(self) -> ExecutionIncidents: ...

    @property
    @abstractmethod
    def order_evidence(self) -> OrderEvidences:
        """Operators only."""
        ...

    @property
    @abstractmethod
    def corrections(self) -> Corrections: ...

    @abstractmethod
    async def commit(self) -> None: ...


class UnitOfWork(Protocol):
    @abstractmethod
    def begin(
        self, tenant_id: TenantId, *, lane: Lane = Lane.MAIN
    ) -> AbstractAsyncContextManager[Transaction]:
        """Raises `Overloaded` when no connection becomes free within a bounded time."""
        ...
