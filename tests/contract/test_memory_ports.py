"""Every contract, held by the adapters in memory."""

import pytest

from tests.contract.account_terms_contract import AccountTermsContract
from tests.contract.accounts_contract import AccountsContract
from tests.contract.api_keys_contract import ApiKeysContract
from tests.contract.customers_contract import CustomersContract
from tests.contract.due_work_contract import DueWorkContract
from tests.contract.events_contract import EventsContract
from tests.contract.history_contract import HistoryContract
from tests.contract.holds_contract import HoldsContract
from tests.contract.idempotency_contract import IdempotencyContract
from tests.contract.inbox_contract import InboxContract
from tests.contract.intents_contract import IntentsContract
from tests.contract.isolation_contract import IsolationContract
from tests.contract.journal_contract import JournalContract
from tests.contract.keep_open_contract import KeepOpenContract
from tests.contract.ledger_audit_contract import LedgerAuditContract
from tests.contract.ledger_clock_contract import LedgerClockContract
from tests.contract.ledger_export_contract import LedgerExportContract
from tests.contract.ledger_rules_contract import LedgerRulesContract
from tests.contract.lp_routes_contract import LpRoutesContract
from tests.contract.movements_contract import MovementsContract
from tests.contract.orders_contract import OrdersContract
from tests.contract.platform_contract import PlatformContract
from tests.contract.ports import Ports
from tests.contract.posting_contract import PostingContract
from tests.contract.price_terms_contract import PriceTermsContract
from tests.contract.quotes_contract import QuotesContract
from tests.contract.reconciliation_contract import (
    ExecutionTrailContract,
    ReconciliationContract,
)
from tests.contract.reserve_contract import ReserveContract
from tests.contract.reversal_contract import ReversalContract
from tests.contract.schedules_contract import SchedulesContract
from tests.contract.seals_contract import SealsContract
from tests.contract.settle_contract import SettleContract
from tests.contract.standings_contract import LpDeskContract, StandingsContract
from tests.contract.tenants_contract import TenantsContract
from tests.contract.transfer_batches_contract import TransferBatchesContract
from tests.contract.unit_of_work_contract import UnitOfWorkContract
from tests.contract.webhook_deliveries_contract import WebhookDeliveriesContract
from tests.contract.webhook_endpoints_contract import WebhookEndpointsContract
from tests.contract.work_list_contract import WorkListContract


class InMemory:
    @pytest.fixture
    def ports(self, memory_ports: Ports) -> Ports:
        return memory_ports


class TestUnitOfWork(InMemory, UnitOfWorkContract): ...


class TestIsolation(InMemory, IsolationContract): ...


class TestTenants(InMemory, TenantsContract): ...


class TestApiKeys(InMemory, ApiKeysContract): ...


class TestCustomers(InMemory, CustomersContract): ...


class TestIdempotency(InMemory, IdempotencyContract): ...


class TestAccounts(InMemory, AccountsContract): ...


class TestJournal(InMemory, JournalContract): ...


class TestLedgerRules(InMemory, LedgerRulesContract): ...


class TestHolds(InMemory, HoldsContract): ...


class TestMovements(InMemory, MovementsContract): ...


class TestQuotes(InMemory, QuotesContract): ...


class TestReserve(InMemory, ReserveContract): ...


class TestSettle(InMemory, SettleContract): ...


class TestSeals(InMemory, SealsContract): ...


class TestKeepOpen(InMemory, KeepOpenContract): ...


class TestOrders(InMemory, OrdersContract): ...


class TestIntents(InMemory, IntentsContract): ...


class TestDueWork(InMemory, DueWorkContract): ...


class TestEvents(InMemory, EventsContract): ...


class TestInbox(InMemory, InboxContract): ...


class TestPlatform(InMemory, PlatformContract): ...


class TestLedgerAudit(InMemory, LedgerAuditContract): ...


class TestLedgerClock(InMemory, LedgerClockContract): ...


class TestPosting(InMemory, PostingContract): ...


class TestLedgerExport(InMemory, LedgerExportContract): ...


class TestTransferBatches(InMemory, TransferBatchesContract): ...


class TestHistory(InMemory, HistoryContract): ...


class TestReconciliation(InMemory, ReconciliationContract): ...


class TestExecutionTrail(InMemory, ExecutionTrailContract): ...


class TestReversal(InMemory, ReversalContract): ...


class TestSchedules(InMemory, SchedulesContract): ...


class TestAccountTerms(InMemory, AccountTermsContract): ...


class TestWorkList(InMemory, WorkListContract): ...


class TestWebhookEndpoints(InMemory, WebhookEndpointsContract): ...


class TestWebhookDeliveries(InMemory, WebhookDeliveriesContract): ...


class TestStandings(InMemory, StandingsContract): ...


class TestLpDesk(InMemory, LpDeskContract): ...


class TestLpRoutes(InMemory, LpRoutesContract): ...


class TestPriceTerms(InMemory, PriceTermsContract): ...
