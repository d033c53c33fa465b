"""Whole books through server-side cursors: as many rows in memory as one page has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from adapters.postgres.account_rows import account_from
from adapters.postgres.connection import Row
from adapters.postgres.export_sql import ACCOUNTS, ASSETS, BOOKS, SETTINGS, TRANSACTIONS
from adapters.postgres.journal_rows import entry_from, transaction_from
from adapters.postgres.platform import asset_from
from application.ports.export import BookAccount, ExportedTransaction, ExportScope, ExportSnapshot
from domain.assets.asset import Asset
from domain.ledger.entry import TransactionInvalid
from domain.shared.ids import IdPrefix, TenantId, encode_id

FETCH_SIZE: Final = 1_000


class PostgresLedgerExport:
    """Needs the operators' role: its policies read every tenant's rows."""

    def __init__(self, pool: asyncpg.Pool, *, fetch_size: int = FETCH_SIZE) -> None:
        self._pool = pool
        self._fetch_size = fetch_size

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[ExportSnapshot]:
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            for setting in SETTINGS:
                await connection.execute(setting)
            yield PostgresExportSnapshot(connection, self._fetch_size)


class PostgresExportSnapshot:
    """Over the connection of a repeatable-read transaction."""

    def __init__(self, connection: asyncpg.Connection, fetch_size: int) -> None:
        self._connection = connection
        self._fetch_size = fetch_size

    async def assets(self) -> tuple[Asset, ...]:
        return tuple(asset_from(row) for row in await self._connection.fetch(ASSETS))

    async def accounts(self, scope: ExportScope) -> AsyncIterator[BookAccount]:
        for tenant_id in await self._books(scope):
            async for row in self._rows(ACCOUNTS, tenant_id):
                yield BookAccount(tenant_id, account_from(row))

    async def transactions(self, scope: ExportScope) -> AsyncIterator[ExportedTransaction]:
        for tenant_id in await self._books(scope):
            together: list[Row] = []
            days = (scope.effective_from, scope.effective_to)
            async for row in self._rows(TRANSACTIONS, tenant_id, *days):
                if together and row["transaction_id"] != together[0]["transaction_id"]:
                    yield _exported(tenant_id, together)
                    together = []
                together.append(row)
            if together:
                yield _exported(tenant_id, together)

    async def _books(self, scope: ExportScope) -> list[TenantId]:
        if scope.tenant_id is not None:
            return [scope.tenant_id]
        return [TenantId(row["tenant_id"]) for row in await self._connection.fetch(BOOKS)]

    async def _rows(self, query: str, *arguments: object) -> AsyncIterator[Row]:
        async for row in self._connection.cursor(query, *arguments, prefetch=self._fetch_size):
            yield row


def _exported(tenant_id: TenantId, rows: list[Row]) -> ExportedTransaction:
    """From all rows of one transaction: each is an entry, with header and account beside it."""
    if any(row["id"] is None or row["code"] is None for row in rows):
        raise TransactionInvalid(
            "an entry has lost its transaction or its account",
            transaction=encode_id(IdPrefix.TRANSACTION, rows[0]["transaction_id"]),
        )
    return ExportedTransaction(
        tenant_id=tenant_id,
        posted=transaction_from(rows[0], tuple(entry_from(row) for row in rows)),
        # `id` is the transaction's in these rows.
        accounts=tuple(account_from({**row, "id": row["account_id"]}) for row in rows),
    )
