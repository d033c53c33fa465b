"""Everything the memory adapters keep, and one transaction's view of it."""

from datetime import date, datetime
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from adapters.memory.locks import RowLocks
from adapters.memory.session import Session
from adapters.memory.tables import Table, View
from adapters.memory.webhook_rows import (
    AttemptRow,
    DeliveryKey,
    DeliveryRow,
    EndpointRow,
    KeysKey,
)
from application.ports.catalog import ListedLp
from application.ports.change_requests import ChangeRequest, RecordedChange
from application.ports.clock import Clock, IdGenerator
from application.ports.corrections import Correction
from application.ports.events import Event
from application.ports.idempotency import IdempotencyRecord
from application.ports.intents import IntentKind
from application.ports.ledger import ClosedPeriod, PostedEntry
from application.ports.lp_desk import LpEvent
from application.ports.lp_routes import LpRoute
from application.ports.movements import Deposit, Transfer
from application.ports.parties import ApiKey, Customer, StoredTenant
from application.ports.price_terms import PriceTerms
from application.ports.reconciliation import MatchRecord, Statement
from application.ports.seals import Leaf
from application.ports.trading import LpAttempt, StoredQuote
from application.ports.transfer_batches import ItemAnswer, TransferBatch
from application.ports.webhooks import SigningKeys
from domain.assets.asset import Asset
from domain.assets.instrument import Instrument
from domain.ledger.account import Account, AccountKey
from domain.ledger.balance import Balance
from domain.ledger.entry import JournalTransaction
from domain.ledger.hold import Hold
from domain.ledger.seal import Seal
from domain.ledger.state import Answer
from domain.liquidity.health import HealthRow, Key
from domain.liquidity.quote import LpName
from domain.orders.order import Order
from domain.reconciliation.breaks import Break
from domain.reconciliation.sides import Line
from domain.reconciliation.source import Source
from domain.shared.events import Announcement
from domain.shared.ids import (
    AccountId,
    ApiKeyId,
    BreakId,
    ChangeRequestId,
    CustomerId,
    DepositId,
    EventId,
    FillId,
    HoldId,
    LineId,
    MatchId,
    OrderId,
    QuoteId,
    StatementId,
    TenantId,
    TransactionId,
    TransferBatchId,
    TransferId,
    WebhookAttemptId,
    WebhookEndpointId,
)
from domain.shared.money import AssetCode

EntryKey: TypeAlias = tuple[TransactionId, int]
NumberKey: TypeAlias = tuple[AccountId, int]
ChangeKey: TypeAlias = tuple[AccountId, ChangeRequestId]
IntentKey: TypeAlias = tuple[IntentKind, UUID]
VersionKey: TypeAlias = tuple[UUID, int]
MessageKey: TypeAlias = tuple[str, str]

# The one row of a tenant that its feed's last number stands in.
FEED: Final = "feed"


class StrictBalance(msgspec.Struct, frozen=True):
    """The balance row of a strict account. `last_booked_at` is None before its first entry."""

    balance: Balance
    last_booked_at: datetime | None = None


class BookedTransaction(msgspec.Struct, frozen=True):
    transaction: JournalTransaction
    booked_at: datetime


class StoredSeal(msgspec.Struct, frozen=True):
    seal: Seal
    leaves: tuple[Leaf, ...]


class IntentRow(msgspec.Struct, frozen=True, kw_only=True):
    """`lease_until` is None while nobody has a lease; a parked row waits for a person."""

    payload: bytes | None
    parked: bool = False
    lease_token: int = 0
    lease_until: datetime | None = None
    attempts: int = 0
    next_action_at: datetime
    last_error: str | None = None
    created_at: datetime
    parked_at: datetime | None = None

    def is_free(self, now: datetime) -> bool:
        due = not self.parked and self.next_action_at <= now
        return due and (self.lease_until is None or self.lease_until <= now)

    def is_leased_as(self, token: int) -> bool:
        """Also when its time is over, as long as nobody else took it."""
        return self.lease_until is not None and self.lease_token == token


class ScheduleRow(msgspec.Struct, frozen=True, kw_only=True):
    next_run_at: datetime
    lease_token: int = 0
    lease_until: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    failures: int = 0
    last_error: str | None = None

    def is_free(self, now: datetime) -> bool:
        return self.lease_until is None or self.lease_until <= now


class OutboxRow(msgspec.Struct, frozen=True):
    announcement: Announcement
    recorded_at: datetime


class ReconLine(msgspec.Struct, frozen=True):
    source: str
    line: Line


class Store:
    """`clock` plays the database's clock: leases, due work and booking times are judged by it."""

    def __init__(self, *, clock: Clock, ids: IdGenerator) -> None:
        self.clock = clock
        self.ids = ids
        self.locks = RowLocks()
        self.open_sessions: set[Session] = set()
        # Nothing is booked before this time any more.
        self.closed_until: datetime | None = None
        # Up to when each tenant's books are verified.
        self.verified_before: dict[TenantId, datetime] = {}

        self.assets: dict[AssetCode, Asset] = {}
        self.instruments: dict[str, Instrument] = {}
        self.lps: dict[LpName, ListedLp] = {}
        self.lp_route_changes: dict[str, tuple[LpRoute, ...]] = {}
        self.lp_health: dict[Key, HealthRow] = {}
        self.lp_events: list[LpEvent] = []
        self.schedules: dict[str, ScheduleRow] = {}
        self.price_terms: dict[ChangeRequestId, PriceTerms] = {}

        self.idempotency = Table[str, IdempotencyRecord]("idempotency")
        self.tenants = Table[TenantId, StoredTenant]("tenants")
        self.api_keys = Table[ApiKeyId, ApiKey]("api_keys")
        self.key_lookups = Table[str, ApiKeyId]("key_lookups")
        self.customers = Table[CustomerId, Customer]("customers")
        self.external_ids = Table[str, CustomerId]("external_ids")

        self.accounts = Table[AccountId, Account]("accounts")
        self.account_keys = Table[AccountKey, AccountId]("account_keys")
        self.balances = Table[AccountId, StrictBalance]("balances")
        self.holds = Table[HoldId, Hold]("holds")
        self.transactions = Table[TransactionId, BookedTransaction]("transactions")
        self.entries = Table[EntryKey, PostedEntry]("entries")
        self.entry_numbers = Table[NumberKey, EntryKey]("entry_numbers")
        self.reversals = Table[TransactionId, TransactionId]("reversals")
        self.answers = Table[str, Answer]("answers")
        self.periods = Table[date, ClosedPeriod]("periods")
        self.change_requests = Table[ChangeRequestId, ChangeRequest]("change_requests")
        self.account_changes = Table[ChangeKey, RecordedChange]("account_changes")
        self.corrections = Table[TransactionId, Correction]("corrections")
        self.folds = Table[str, datetime]("folds")
        self.seals = Table[int, StoredSeal]("seals")

        self.quotes = Table[QuoteId, StoredQuote]("quotes")
        self.orders = Table[OrderId, Order]("orders")
        self.client_order_ids = Table[str, OrderId]("client_order_ids")
        self.attempts = Table[OrderId, LpAttempt]("attempts")
        self.fill_postings = Table[FillId, TransactionId]("fill_postings")
        self.deposits = Table[DepositId, Deposit]("deposits")
        self.transfers = Table[TransferId, Transfer]("transfers")
        self.transfer_batches = Table[TransferBatchId, TransferBatch]("transfer_batches")
        self.item_answers = Table[str, ItemAnswer]("item_answers")
        self.intents = Table[IntentKey, IntentRow]("intents")
        self.outbox = Table[VersionKey, OutboxRow]("outbox")
        self.events = Table[EventId, Event]("events")
        self.event_numbers = Table[int, EventId]("event_numbers")
        self.event_heads = Table[str, int]("event_heads")
        self.inbox = Table[MessageKey, bool]("inbox")
        self.webhook_endpoints = Table[WebhookEndpointId, EndpointRow]("webhook_endpoints")
        self.webhook_keys = Table[KeysKey, SigningKeys]("webhook_keys")
        self.webhook_deliveries = Table[DeliveryKey, DeliveryRow]("webhook_deliveries")
        self.webhook_attempts = Table[WebhookAttemptId, AttemptRow]("webhook_attempts")

        self.recon_sources = Table[str, Source]("recon_sources")
        self.recon_statements = Table[StatementId, Statement]("recon_statements")
        self.recon_lines = Table[LineId, ReconLine]("recon_lines")
        self.recon_matches = Table[MatchId, MatchRecord]("recon_matches")
        self.recon_breaks = Table[BreakId, Break]("recon_breaks")


class Rows:
    """What one transaction sees and changes."""

    def __init__(self, store: Store, session: Session) -> None:
        self.session = session
        self.ids = store.ids
        self._store = store

        self.idempotency = View(store.idempotency, session)
        self.tenants = View(store.tenants, session)
        self.api_keys = View(store.api_keys, session)
        self.key_lookups = View(store.key_lookups, session)
        self.customers = View(store.customers, session)
        self.external_ids = View(store.external_ids, session)

        self.accounts = View(store.accounts, session)
        self.account_keys = View(store.account_keys, session)
        self.balances = View(store.balances, session)
        self.holds = View(store.holds, session)
        self.transactions = View(store.transactions, session)
        self.entries = View(store.entries, session)
        self.entry_numbers = View(store.entry_numbers, session)
        self.reversals = View(store.reversals, session)
        self.answers = View(store.answers, session)
        self.periods = View(store.periods, session)
        self.change_requests = View(store.change_requests, session)
        self.account_changes = View(store.account_changes, session)
        self.corrections = View(store.corrections, session)
        self.folds = View(store.folds, session)
        self.seals = View(store.seals, session)

        self.quotes = View(store.quotes, session)
        self.orders = View(store.orders, session)
        self.client_order_ids = View(store.client_order_ids, session)
        self.attempts = View(store.attempts, session)
        self.fill_postings = View(store.fill_postings, session)
        self.deposits = View(store.deposits, session)
        self.transfers = View(store.transfers, session)
        self.transfer_batches = View(store.transfer_batches, session)
        self.item_answers = View(store.item_answers, session)
        self.intents = View(store.intents, session)
        self.outbox = View(store.outbox, session)
        self.events = View(store.events, session)
        self.event_numbers = View(store.event_numbers, session)
        self.event_heads = View(store.event_heads, session)
        self.inbox = View(store.inbox, session)
        self.webhook_endpoints = View(store.webhook_endpoints, session)
        self.webhook_keys = View(store.webhook_keys, session)
        self.webhook_deliveries = View(store.webhook_deliveries, session)
        self.webhook_attempts = View(store.webhook_attempts, session)

        self.recon_sources = View(store.recon_sources, session)
        self.recon_statements = View(store.recon_statements, session)
        self.recon_lines = View(store.recon_lines, session)
        self.recon_matches = View(store.recon_matches, session)
        self.recon_breaks = View(store.recon_breaks, session)

    @property
    def closed_until(self) -> datetime | None:
        return self._store.closed_until
