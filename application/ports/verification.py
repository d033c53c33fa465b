"""Reading the whole ledger, across tenants, to check it. Operators only."""

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from domain.ledger.account import Account
from domain.shared.ids import OrderId, TenantId
from domain.shared.money import AssetCode


class AccountTotal(msgspec.Struct, frozen=True, kw_only=True):
    """An account, what its entries add up to, and what its balance row (if strict) says.

    Numbers are units, but for the counts: `entries` are all there are, `entries_read` those read
    for this answer, the others being remembered. `active_holds` is what remains of them.
    """

    tenant_id: TenantId
    account: Account
    debits: int
    credits: int
    entries: int
    entries_read: int
    stored_debits: int | None
    stored_credits: int | None
    stored_held: int | None
    stored_version: int | None
    active_holds: int


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A stored projection that disagrees with the journal; the first row that shows it."""

    check: str
    tenant_id: TenantId
    subject: str
    detail: str


class VerifiedMark(msgspec.Struct, frozen=True, kw_only=True):
    """How far one tenant's books can be called verified, if nothing was found in them.

    Everything booked before `booked_before` was read, now or earlier; nothing more can be booked
    before it, and all of that is folded or none of what is not. Orders below `orders_from` will not
    change any more. `after` is the mark that the reading began at, None when it read everything.
    """

    tenant_id: TenantId
    after: datetime | None
    booked_before: datetime
    orders_from: OrderId


class LedgerSnapshot(Protocol):
    """Every answer is of the same moment."""

    @abstractmethod
    def account_totals(self) -> AsyncIterator[AccountTotal]:
        """Every account of every tenant, one tenant after the other."""
        ...

    @abstractmethod
    async def findings(self, *, limit: int) -> tuple[Finding, ...]:
        """What the store itself can compare row by row: unbalanced transactions, gaps in entry
        numbers, broken running balances, folds, answers, reversals, stray holds, missing mirrors.

        Those of a check come in order of tenant and row. Fewer than `limit` are all there are.
        """
        ...

    @abstractmethod
    async def open_mirrors(self) -> tuple[tuple[TenantId, AssetCode, int], ...]:
        """What transactions without a mirror posted to house_clearing, in signed units."""
        ...

    @abstractmethod
    async def marks(self) -> tuple[VerifiedMark, ...]:
        """Of each tenant, how far this reading goes. None of a tenant before time was closed."""
        ...


class LedgerAudit(Protocol):
    @abstractmethod
    def snapshot(self, *, full: bool) -> AbstractAsyncContextManager[LedgerSnapshot]:
        """Without `full`, what lies below the marks that are remembered is not read again."""
        ...

    @abstractmethod
    async def remember(self, mark: VerifiedMark) -> bool:
        """That a tenant's books are verified so far, and what they come to.

        False when somebody else has remembered something meanwhile: then nothing is changed. A
        mark of a full reading replaces everything that was remembered of that tenant.
        """
        ...
