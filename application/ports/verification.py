"""Reading the whole ledger, across tenants, to check it. Operators only."""

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from domain.ledger.account import Account
from domain.shared.ids import TenantId
from domain.shared.money import AssetCode


class AccountTotal(msgspec.Struct, frozen=True, kw_only=True):
    """An account, what its entries add up to, and what its balance row (if strict) says.

    All numbers but `entries` are units; `active_holds` is what remains of them.
    """

    tenant_id: TenantId
    account: Account
    debits: int
    credits: int
    entries: int
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


class LedgerAudit(Protocol):
    """Each answer is of one moment; those of one `snapshot` are all of the same."""

    @abstractmethod
    def snapshot(self) -> AbstractAsyncContextManager["LedgerAudit"]: ...

    @abstractmethod
    def account_totals(self) -> AsyncIterator[AccountTotal]:
        """Every account of every tenant."""
        ...

    @abstractmethod
    async def findings(self, *, limit: int) -> tuple[Finding, ...]:
        """What the store itself can compare row by row: unbalanced transactions, gaps in entry
        numbers, broken running balances, stray holds, fills without postings, missing mirrors.
        """
        ...

    @abstractmethod
    async def open_mirrors(self) -> tuple[tuple[TenantId, AssetCode, int], ...]:
        """What transactions without a mirror posted to house_clearing, in signed units."""
        ...
