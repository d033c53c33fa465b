"""Reading the ledger across tenants to check it: every answer of a snapshot is of one moment."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Final

import asyncpg

from adapters.postgres.account_rows import account_from
from adapters.postgres.audit_sql import CHECKS, OPEN_MIRRORS, TOTALS
from application.ports.verification import AccountTotal, Finding, LedgerAudit
from domain.shared.ids import TenantId
from domain.shared.money import AssetCode

FETCH_SIZE: Final = 1_000


class PostgresLedgerAudit:
    """Needs the operators' role: its policies read every tenant's rows."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[LedgerAudit]:
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            # Whole tables are what an audit reads, and what our sessions otherwise never do.
            await connection.execute("SET LOCAL enable_seqscan = on")
            yield LedgerSnapshot(connection)

    async def account_totals(self) -> AsyncIterator[AccountTotal]:
        async with self.snapshot() as snapshot:
            async for total in snapshot.account_totals():
                yield total

    async def findings(self, *, limit: int) -> tuple[Finding, ...]:
        async with self.snapshot() as snapshot:
            return await snapshot.findings(limit=limit)

    async def open_mirrors(self) -> tuple[tuple[TenantId, AssetCode, int], ...]:
        async with self.snapshot() as snapshot:
            return await snapshot.open_mirrors()


class LedgerSnapshot:
    """Over the connection of a repeatable-read transaction."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    def snapshot(self) -> AbstractAsyncContextManager[LedgerAudit]:
        return nullcontext(self)

    async def account_totals(self) -> AsyncIterator[AccountTotal]:
        async for row in self._connection.cursor(TOTALS, prefetch=FETCH_SIZE):
            yield AccountTotal(
                tenant_id=TenantId(row["tenant_id"]),
                account=account_from(row),
                debits=row["debits"],
                credits=row["credits"],
                entries=row["entries"],
                stored_debits=row["stored_debits"],
                stored_credits=row["stored_credits"],
                stored_held=row["stored_held"],
                stored_version=row["stored_version"],
                active_holds=row["active_holds"],
            )

    async def findings(self, *, limit: int) -> tuple[Finding, ...]:
        found: list[Finding] = []
        for check, query in CHECKS.items():
            rows = await self._connection.fetch(f"{query} LIMIT $1", limit)
            found += [
                Finding(
                    check=check,
                    tenant_id=TenantId(row["tenant_id"]),
                    subject=row["subject"],
                    detail=row["detail"],
                )
                for row in rows
            ]
        return tuple(found[:limit])

    async def open_mirrors(self) -> tuple[tuple[TenantId, AssetCode, int], ...]:
        rows = await self._connection.fetch(OPEN_MIRRORS)
        return tuple(
            (TenantId(row["tenant_id"]), AssetCode(row["asset"]), int(row["units"])) for row in rows
        )
