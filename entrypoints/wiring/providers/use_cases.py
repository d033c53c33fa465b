"""One line each. They keep no state between calls, so a process needs one of each."""

from collections.abc import Mapping

from dishka import Provider, Scope, provide

from application.background import Background
from application.customers.create_customer import CreateCustomer
from application.customers.update_customer import UpdateCustomer
from application.events.feed_watch import FeedWatch
from application.events.read_events import ReadEvents
from application.events.relay_events import RelayEvents
from application.jobs.attend_to_work import AttendToWork
from application.ledger.begin_epoch import BeginEpoch
from application.ledger.change_terms import ChangeTerms
from application.ledger.close_period import ClosePeriod
from application.ledger.expire_holds import ExpireHolds
from application.ledger.export_ledger import ExportLedger
from application.ledger.fold_ledger import FoldLedger
from application.ledger.mirror_to_house import MirrorToHouse
from application.ledger.pay_in_capital import PayInCapital
from application.ledger.prove_transaction import ProveTransaction
from application.ledger.reverse_transaction import ReverseTransaction
from application.ledger.seal_ledger import SealLedger
from application.ledger.sealing_lag import SealingLag
from application.ledger.verify_ledger import VerifyLedger
from application.ledger.verify_seals import VerifySeals
from application.liquidity.change_price_terms import ChangePriceTerms
from application.liquidity.decide_on_lp import DecideOnLp
from application.liquidity.report_health import ReportHealth
from application.liquidity.set_lp_route import SetLpRoute
from application.orders.accept_quote import AcceptQuote
from application.orders.explain_refusal import ExplainRefusal
from application.orders.record_outcome import RecordOutcome
from application.orders.resolve_execution import ResolveExecution
from application.payments.create_transfer import CreateTransfer
from application.payments.create_transfer_batch import CreateTransferBatch
from application.payments.deposit_in_sandbox import DepositInSandbox
from application.ports.catalog import Platform
from application.ports.clock import Clock
from application.ports.ledger_clock import LedgerClock
from application.ports.liquidity import LiquidityProvider
from application.ports.seals import SealAnchor
from application.ports.signing import Signer
from application.ports.standing import Standings
from application.ports.unit_of_work import UnitOfWork
from application.quotes.ask_providers import AskProviders
from application.quotes.expire_quotes import ExpireQuotes
from application.quotes.request_quote import RequestQuote
from application.reconciliation.import_statement import ImportStatement
from application.reconciliation.resolve_break import ResolveBreak
from application.reconciliation.run_reconciliation import RunReconciliation
from application.tenants.api_keys import ManageApiKeys
from application.tenants.authenticate import Authenticate
from application.tenants.create_tenant import CreateTenant
from application.tenants.set_tenant_status import SetTenantStatus
from domain.liquidity.listing import Listings
from domain.liquidity.quote import LpName
from entrypoints.wiring.settings import Settings


class PartnerUseCases(Provider):
    """What partners do, through the API and, in the sandbox, for its sample data."""

    scope = Scope.APP

    create_customer = provide(CreateCustomer)
    update_customer = provide(UpdateCustomer)
    request_quote = provide(RequestQuote)
    accept_quote = provide(AcceptQuote)
    explain_refusal = provide(ExplainRefusal)
    create_transfer = provide(CreateTransfer)
    create_transfer_batch = provide(CreateTransferBatch)
    deposit_in_sandbox = provide(DepositInSandbox)
    authenticate = provide(Authenticate)
    read_events = provide(ReadEvents)

    @provide
    def ask_providers(
        self,
        platform: Platform,
        providers: Mapping[LpName, LiquidityProvider],
        standings: Standings,
        listings: Listings,
        background: Background,
        clock: Clock,
    ) -> AskProviders:
        return AskProviders(
            platform=platform,
            providers=providers,
            standings=standings,
            listings=listings,
            background=background,
            clock=clock,
        )

    @provide
    def feed_watch(self, uow: UnitOfWork) -> FeedWatch:
        return FeedWatch(uow=uow)


class PlatformUseCases(Provider):
    """What operators do, with `aksum` or through the API."""

    scope = Scope.APP

    create_tenant = provide(CreateTenant)
    set_tenant_status = provide(SetTenantStatus)
    manage_api_keys = provide(ManageApiKeys)
    change_terms = provide(ChangeTerms)
    report_health = provide(ReportHealth)
    decide_on_lp = provide(DecideOnLp)


class SettlementUseCases(Provider):
    """What becomes of an execution, whoever finds it out."""

    scope = Scope.APP

    record_outcome = provide(RecordOutcome)

    @provide
    def resolve_execution(
        self,
        uow: UnitOfWork,
        platform: Platform,
        providers: Mapping[LpName, LiquidityProvider],
        record: RecordOutcome,
        clock: Clock,
        settings: Settings,
    ) -> ResolveExecution:
        return ResolveExecution(
            uow=uow,
            platform=platform,
            providers=providers,
            record=record,
            clock=clock,
            absence_margin=settings.absence_margin,
        )


class WorkerUseCases(Provider):
    scope = Scope.APP

    mirror_to_house = provide(MirrorToHouse)
    expire_quotes = provide(ExpireQuotes)
    expire_holds = provide(ExpireHolds)
    fold_ledger = provide(FoldLedger)
    begin_epoch = provide(BeginEpoch)
    relay_events = provide(RelayEvents)

    @provide
    def seal_ledger(
        self,
        uow: UnitOfWork,
        ledger_clock: LedgerClock,
        signer: Signer,
        anchor: SealAnchor,
        clock: Clock,
    ) -> SealLedger:
        return SealLedger(
            uow=uow, ledger_clock=ledger_clock, signer=signer, anchor=anchor, clock=clock
        )


class ReconciliationUseCases(Provider):
    """Needs nothing that an API process may not do: a tenant's rows are read inside the tenant."""

    scope = Scope.APP

    run_reconciliation = provide(RunReconciliation)
    import_statement = provide(ImportStatement)
    resolve_break = provide(ResolveBreak)


class RoutingUseCases(Provider):
    """Of operators alone: who is asked for what."""

    scope = Scope.APP

    set_lp_route = provide(SetLpRoute)


class AuditUseCases(Provider):
    scope = Scope.APP

    verify_ledger = provide(VerifyLedger)
    export_ledger = provide(ExportLedger)
    verify_seals = provide(VerifySeals)
    sealing_lag = provide(SealingLag)
    prove_transaction = provide(ProveTransaction)
    pay_in_capital = provide(PayInCapital)
    reverse_transaction = provide(ReverseTransaction)
    close_period = provide(ClosePeriod)
    attend_to_work = provide(AttendToWork)
    change_price_terms = provide(ChangePriceTerms)
