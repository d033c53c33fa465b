"""Every contract, held by PostgreSQL, in the oldest version we support and the newest."""

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

pytest_plugins = ("tests.fixtures.postgres",)


class InPostgres:
    @pytest.fixture
    def ports(self, postgres_ports: Ports) -> Ports:
        return postgres_ports


class TestUnitOfWork(InPostgres, UnitOfWorkContract): ...


class TestIsolation(InPostgres, IsolationContract): ...


class TestTenants(InPostgres, TenantsContract): ...


class TestApiKeys(InPostgres, ApiKeysContract): ...


class TestCustomers(InPostgres, CustomersContract): ...


class TestIdempotency(InPostgres, IdempotencyContract): ...


class TestAccounts(InPostgres, AccountsContract): ...


class TestJournal(InPostgres, JournalContract): ...


class TestLedgerRules(InPostgres, LedgerRulesContract): ...


class TestHolds(InPostgres, HoldsContract): ...


class TestMovements(InPostgres, MovementsContract): ...


class TestQuotes(InPostgres, QuotesContract): ...


class TestReserve(InPostgres, ReserveContract): ...


class TestSettle(InPostgres, SettleContract): ...


class TestSeals(InPostgres, SealsContract): ...


class TestKeepOpen(InPostgres, KeepOpenContract): ...


class TestOrders(InPostgres, OrdersContract): ...


class TestIntents(InPostgres, IntentsContract): ...


class TestDueWork(InPostgres, DueWorkContract): ...


class TestEvents(InPostgres, EventsContract): ...


class TestInbox(InPostgres, InboxContract): ...


class TestPlatform(InPostgres, PlatformContract): ...


class TestLedgerAudit(InPostgres, LedgerAuditContract): ...


class TestLedgerClock(InPostgres, LedgerClockContract): ...


class TestPosting(InPostgres, PostingContract): ...


class TestLedgerExport(InPostgres, LedgerExportContract): ...


class TestTransferBatches(InPostgres, TransferBatchesContract): ...


class TestHistory(InPostgres, HistoryContract): ...


class TestReconciliation(InPostgres, ReconciliationContract): ...


class TestExecutionTrail(InPostgres, ExecutionTrailContract): ...


class TestReversal(InPostgres, ReversalContract): ...


class TestSchedules(InPostgres, SchedulesContract): ...


class TestAccountTerms(InPostgres, AccountTermsContract): ...


class TestWorkList(InPostgres, WorkListContract): ...


class TestWebhookEndpoints(InPostgres, WebhookEndpointsContract): ...


class TestWebhookDeliveries(InPostgres, WebhookDeliveriesContract): ...


class TestStandings(InPostgres, StandingsContract): ...


class TestLpDesk(InPostgres, LpDeskContract): ...


class TestLpRoutes(InPostgres, LpRoutesContract): ...


class TestPriceTerms(InPostgres, PriceTermsContract): ...
