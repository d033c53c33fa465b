"""Changes that take two people: one proposes, another approves, and both are on record.

A kind of change is one tagged struct here and one case where changes are applied.
"""

from abc import abstractmethod
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

import msgspec

from domain.ledger.account import Account
from domain.orders.by_hand import ManualOutcome
from domain.shared.ids import AccountId, ChangeRequestId, EvidenceId, OrderId
from domain.tenants.operator import Operator


class ChangeState(StrEnum):
    PROPOSED = "proposed"
    APPLIED = "applied"
    REJECTED = "rejected"


class _Change(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    account_id: AccountId


class CreditLine(_Change, frozen=True, kw_only=True, tag="credit_line"):
    """Units as text, as JSON carries none beyond 64 bits. `floor_before` is what was seen."""

    floor_units: str
    floor_before: str


class CloseAccount(_Change, frozen=True, kw_only=True, tag="close_account"):
    """For good: there is no way to open it again."""


AccountTerms: TypeAlias = CreditLine | CloseAccount


class ResolveOrder(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="resolve_order"
):
    """What an LP did with an order's attempt, by evidence that is kept with the order.

    `base_units` and `quote_units` as the LP states them, as text; None of a rejection.
    """

    order_id: OrderId
    attempt: int
    outcome: ManualOutcome
    lp_execution_id: str | None
    base_units: str | None
    quote_units: str | None
    evidence_id: EvidenceId
    evidence_sha256: str


Change: TypeAlias = CreditLine | CloseAccount | ResolveOrder


def kind_of(change: Change) -> str:
    return str(change.__struct_config__.tag)


class ChangeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`decided_by` is None while it is only proposed. Whoever rejects may be who proposed."""

    id: ChangeRequestId
    change: Change
    reason: str
    state: ChangeState = ChangeState.PROPOSED
    proposed_by: Operator
    proposed_at: datetime
    decided_by: Operator | None = None
    decided_at: datetime | None = None


class ChangeRequests(Protocol):
    @abstractmethod
    async def add(self, request: ChangeRequest) -> None: ...

    @abstractmethod
    async def get(self, request_id: ChangeRequestId) -> ChangeRequest:
        """Locks it until the transaction ends. Raises `NotFound`."""
        ...

    @abstractmethod
    async def decide(self, request: ChangeRequest) -> None:
        """Writes state and decision of a locked request.

        Raises `SecondOperatorRequired` when it is applied by the person who proposed it, whatever
        the caller has checked.
        """
        ...

    @abstractmethod
    async def page(
        self, state: ChangeState | None, *, before: ChangeRequestId | None = None, limit: int
    ) -> tuple[ChangeRequest, ...]:
        """Newest first."""
        ...


class AccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """What an applied request made of an account; never changed and never deleted."""

    request: ChangeRequest
    before: Account
    after: Account


class AccountChanges(Protocol):
    @abstractmethod
    async def record(self, change: AccountChange) -> None:
        """In the transaction that changes the account, under the lock on its balance."""
        ...

    @abstractmethod
    async def of(self, account_id: AccountId) -> tuple["RecordedChange", ...]:
        """Oldest first."""
        ...


class RecordedChange(msgspec.Struct, frozen=True, kw_only=True):
    change_id: ChangeRequestId
    account_id: AccountId
    floor_before: int
    floor_after: int
    status_before: str
    status_after: str
    reason: str
    proposed_by: str
    approved_by: str
    changed_at: datetime
