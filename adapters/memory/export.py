"""The committed books at one moment, as copies of the tables."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

import msgspec

from adapters.memory.store import BookedTransaction, EntryKey, Store
from application.ports.export import BookAccount, ExportedTransaction, ExportScope, ExportSnapshot
from application.ports.ledger import PostedEntry, PostedTransaction
from domain.assets.asset import Asset
from domain.ledger.account import Account
from domain.shared.ids import AccountId, TenantId, TransactionId


class _Book(msgspec.Struct, frozen=True):
    accounts: Mapping[AccountId, Account]
    transactions: Mapping[TransactionId, BookedTransaction]
    entries: Mapping[EntryKey, PostedEntry]


class MemoryLedgerExport:
    def __init__(self, store: Store) -> None:
        self._store = store

    def snapshot(self) -> AbstractAsyncContextManager[ExportSnapshot]:
        store = self._store
        books = {
            tenant_id: _Book(
                dict(store.accounts.of(tenant_id)),
                dict(store.transactions.of(tenant_id)),
                dict(store.entries.of(tenant_id)),
            )
            for tenant_id in store.accounts.tenants
        }
        return nullcontext(MemoryExportSnapshot(tuple(store.assets.values()), books))


class MemoryExportSnapshot:
    def __init__(self, assets: tuple[Asset, ...], books: Mapping[TenantId, _Book]) -> None:
        self._assets = assets
        self._books = books

    async def assets(self) -> tuple[Asset, ...]:
        return tuple(sorted(self._assets, key=lambda asset: asset.code))

    async def accounts(self, scope: ExportScope) -> AsyncIterator[BookAccount]:
        for tenant_id, book in self._books.items():
            if scope.covers_tenant(tenant_id):
                for account in sorted(book.accounts.values(), key=_place):
                    yield BookAccount(tenant_id, account)

    async def transactions(self, scope: ExportScope) -> AsyncIterator[ExportedTransaction]:
        for tenant_id, book in self._books.items():
            if scope.covers_tenant(tenant_id):
                for transaction_id in sorted(book.transactions):
                    exported = _exported(tenant_id, book, transaction_id)
                    if scope.covers_day(exported.posted.transaction.effective_on):
                        yield exported


def _place(account: Account) -> tuple[str, str, str]:
    return (account.key.owner or "", account.key.code.value, account.asset)


def _exported(
    tenant_id: TenantId, book: _Book, transaction_id: TransactionId
) -> ExportedTransaction:
    booked = book.transactions[transaction_id]
    legs = range(len(booked.transaction.entries))
    entries = tuple(book.entries[transaction_id, leg] for leg in legs)
    return ExportedTransaction(
        tenant_id=tenant_id,
        posted=PostedTransaction(
            transaction=booked.transaction, booked_at=booked.booked_at, entries=entries
        ),
        accounts=tuple(book.accounts[entry.account_id] for entry in entries),
    )
