"""Reading whole books from beginning to end, of one moment, without holding them in memory."""

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol

import msgspec

from application.ports.ledger import PostedTransaction
from domain.assets.asset import Asset
from domain.ledger.account import Account
from domain.shared.ids import TenantId


class ExportScope(msgspec.Struct, frozen=True, kw_only=True):
    """What to read: the books of one tenant or, without one, all; effective days, both included."""

    tenant_id: TenantId | None = None
    effective_from: date = date.min
    effective_to: date = date.max

    def covers_tenant(self, tenant_id: TenantId) -> bool:
        return self.tenant_id in (None, tenant_id)

    def covers_day(self, effective_on: date) -> bool:
        return self.effective_from <= effective_on <= self.effective_to


class BookAccount(msgspec.Struct, frozen=True):
    tenant_id: TenantId
    account: Account


class ExportedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """`accounts` are those of the entries, in the same order."""

    tenant_id: TenantId
    posted: PostedTransaction
    accounts: tuple[Account, ...]


class LedgerExport(Protocol):
    @abstractmethod
    def snapshot(self) -> AbstractAsyncContextManager["ExportSnapshot"]:
        """All answers are of one moment, however long reading them takes. Locks nothing."""
        ...


class ExportSnapshot(Protocol):
    @abstractmethod
    async def assets(self) -> tuple[Asset, ...]:
        """All that are listed, by code."""
        ...

    @abstractmethod
    def accounts(self, scope: ExportScope) -> AsyncIterator[BookAccount]:
        """Those of the books in scope, whatever the days, by tenant.

        Accounts of one owner and code, which differ in their asset, follow one another.
        """
        ...

    @abstractmethod
    def transactions(self, scope: ExportScope) -> AsyncIterator[ExportedTransaction]:
        """By tenant and id, which is the order in which ids were given out.

        Raises `TransactionInvalid` for rows that are no transaction: somebody has changed them.
        """
        ...
