"""Quotes, orders, and the attempts to execute them at an LP.

`Trading` holds the steps that must be one commit and are on the path of every trade. Each is one
conditional write, its announcement included: it happens whole, or answers that it did not. Then the
transaction can only be left, never committed, and the caller loads what is there and lets the
domain say why.
"""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import msgspec

from application.ports.idempotency import IdempotentRequest
from domain.ledger.entry import JournalTransaction
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import AttemptStatus
from domain.orders.fill import Fill
from domain.orders.order import Order, OrderStatus, OutcomeFlag
from domain.quotes.quote import Quote
from domain.shared.events import Announcement
from domain.shared.ids import AccountId, CustomerId, OrderId, QuoteId, TransactionId


class StoredQuote(msgspec.Struct, frozen=True):
    """A quote with the customer's two accounts it will move money between."""

    quote: Quote
    pay_account_id: AccountId
    receive_account_id: AccountId


class Quotes(Protocol):
    @abstractmethod
    async def offer(self, stored: StoredQuote, request: IdempotentRequest) -> bool:
        """Keeps the quote and its idempotency record, if the key is new and the customer active.

        False when not: nothing was written then. Raises `IdempotencyInProgress`.
        """
        ...

    @abstractmethod
    async def get(self, quote_id: QuoteId) -> StoredQuote:
        """Raises `NotFound`."""
        ...

    @abstractmethod
    async def expire_due(self, *, now: datetime, limit: int) -> int:
        """Marks open quotes of this tenant whose time is up; how many."""
        ...


class LpAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to execute one order at one LP: committed before the first byte is sent.

    The amounts are the LP's own, as it quoted them for this attempt. Number 2 is of an order that
    the first LP definitively refused, priced anew at another.
    """

    order_id: OrderId
    number: int
    lp: LpName
    lp_quote_id: str
    lp_base_units: int
    lp_quote_units: int
    client_ref: str
    status: AttemptStatus
    lp_expires_at: datetime
    deadline: datetime
    lp_execution_id: str | None = None
    reported_base_units: int | None = None
    reported_quote_units: int | None = None
    looks: int = 0
    evidence: bytes | None = None
    resolved_by: str | None = None
    created_at: datetime


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """What accepting a quote writes in its first commit.

    `announcement` names no customer: the store adds the one whose quote it is.
    """

    request: IdempotentRequest
    quote_id: QuoteId
    order_id: OrderId
    client_order_id: str | None
    client_ref: str
    deadline: datetime
    lease: timedelta
    at: datetime
    announcement: Announcement


class OpenExecution(msgspec.Struct, frozen=True, kw_only=True):
    """An order that waits for its LP, with everything needed to settle it."""

    order: Order
    stored: StoredQuote
    attempt: LpAttempt
    lease_token: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt came to be settled: what was seen, and who concluded from it."""

    seen: bytes
    resolved_by: str


class Repricing(msgspec.Struct, frozen=True, kw_only=True):
    """What moving an order to another LP writes before that LP is called.

    `execution` is as it was; `order` and `attempt` are what they become. `evidence` is the proof
    that the LP of the earlier attempt did not trade.
    """

    execution: OpenExecution
    order: Order
    attempt: LpAttempt
    evidence: Evidence
    lease: timedelta
    at: datetime


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """A fill with its postings. `mirror` is the payload of the follow-up in the house tenant."""

    execution: OpenExecution
    order: Order
    fill: Fill
    lp_execution_id: str
    reported_base_units: int
    reported_quote_units: int
    transaction: JournalTransaction
    mirror: bytes
    evidence: Evidence
    at: datetime
    announcement: Announcement


class Trading(Protocol):
    @abstractmethod
    async def reserve(self, reservation: Reservation) -> OpenExecution | None:
        """Claims the quote, holds the funds, creates order, attempt and its intent, one commit.

        None when any part is not possible: nothing was written and the transaction is of no further
        use. Raises nothing for a key that is taken or in flight, an expired or accepted quote, a
        suspended customer or missing funds: the caller asks for the reason in a new transaction.
        """
        ...

    @abstractmethod
    async def settle(self, settlement: Settlement) -> bool:
        """Records a fill: order, attempt, hold, postings, mirror intent. False if the race is lost.

        Fenced by the lease token and by the state and version of the order.
        """
        ...

    @abstractmethod
    async def reject(
        self,
        execution: OpenExecution,
        order: Order,
        *,
        evidence: Evidence,
        at: datetime,
        announcement: Announcement,
    ) -> bool:
        """Records that the LP did not trade and gives the hold back. False if the race is lost."""
        ...

    @abstractmethod
    async def reprice(self, repricing: Repricing) -> bool:
        """Ends an attempt as rejected and begins the next, in one statement. False if lost.

        Fenced as `settle`, and by the state of the attempt: one whose outcome is unknown is never
        followed by another. The lease begins anew. False also when the next LP cannot take it.
        """
        ...

    @abstractmethod
    async def keep_open(
        self,
        execution: OpenExecution,
        order: Order,
        *,
        status: AttemptStatus,
        evidence: Evidence | None,
        looks: int,
        look_again_in: timedelta | None,
        at: datetime,
        announcement: Announcement | None,
    ) -> bool:
        """Records that the outcome is still open. False if the race is lost.

        With `look_again_in` the lease is given back and the next look is due then; without, the
        caller keeps the lease.
        """
        ...

    @abstractmethod
    async def open_execution(self, order_id: OrderId, *, lease_token: int) -> OpenExecution | None:
        """None when the order is final."""
        ...


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    customer_id: CustomerId | None = None
    client_order_id: str | None = None
    status: OrderStatus | None = None
    outcome: OutcomeFlag | None = None


class OrderDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An order with the transaction of its fill and its attempts, for operators.

    `attempt` is the latest; those before it were definitively refused.
    """

    order: Order
    attempt: LpAttempt | None
    earlier: tuple[LpAttempt, ...] = ()
    transaction_id: TransactionId | None


class Orders(Protocol):
    @abstractmethod
    async def get(self, order_id: OrderId) -> Order:
        """With its fills. Raises `NotFound`."""
        ...

    @abstractmethod
    async def detail(self, order_id: OrderId) -> OrderDetail:
        """Raises `NotFound`."""
        ...

    @abstractmethod
    async def by_client_order_id(self, client_order_id: str) -> OrderId | None: ...

    @abstractmethod
    async def page(
        self, wanted: OrderFilter, *, before: UUID | None, limit: int
    ) -> tuple[Order, ...]:
        """Newest first, with their fills."""
        ...
