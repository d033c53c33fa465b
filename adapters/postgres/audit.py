"""Reading the ledger across tenants to check it: every answer of a snapshot is of one moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from adapters.postgres.account_rows import account_from
from adapters.postgres.audit_marks import remember
from adapters.postgres.audit_sets import statement
from adapters.postgres.audit_sql import CHECKS, OPEN_MIRRORS, REACHED, TOTALS, check
from application.ports.verification import AccountTotal, Finding, VerifiedMark
from domain.shared.ids import OrderId, TenantId
from domain.shared.money import AssetCode

FETCH_SIZE: Final = 1_000
# Nobody waits for it, it locks nothing, and a whole journal takes its time.
STATEMENT_SECONDS: Final = 3_600
TIMEOUT: Final = f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"
# Sessions plan once and read no whole table. Here values differ from time to time.
ANEW: Final = "SET LOCAL plan_cache_mode = force_custom_plan"
WHOLE_TABLES: Final = "SET LOCAL enable_seqscan = on"


class PostgresLedgerAudit:
    """Needs the operators' role: its policies read every tenant's rows."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def snapshot(self, *, full: bool) -> AsyncIterator["PostgresLedgerSnapshot"]:
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            snapshot = PostgresLedgerSnapshot(connection, full=full)
            await snapshot.prepare()
            yield snapshot

    async def remember(self, mark: VerifiedMark) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(TIMEOUT)
            await connection.execute(ANEW)
            return await remember(connection, mark, timeout=STATEMENT_SECONDS)


class PostgresLedgerSnapshot:
    """Over the connection of a repeatable-read transaction."""

    def __init__(self, connection: asyncpg.Connection, *, full: bool) -> None:
        self._connection = connection
        self._full = full

    async def prepare(self) -> None:
        """Until the end of the transaction."""
        for setting in (TIMEOUT, ANEW, *((WHOLE_TABLES,) if self._full else ())):
            await self._connection.execute(setting)

    async def account_totals(self) -> AsyncIterator[AccountTotal]:
        query = statement(TOTALS, full=self._full)
        cursor = self._connection.cursor(query, prefetch=FETCH_SIZE, timeout=STATEMENT_SECONDS)
        async for row in cursor:
            yield AccountTotal(
                tenant_id=TenantId(row["tenant_id"]),
                account=account_from(row),
                debits=row["debits"],
                credits=row["credits"],
                entries=row["entries"],
                entries_read=row["entries_read"],
                stored_debits=row["stored_debits"],
                stored_credits=row["stored_credits"],
                stored_held=row["stored_held"],
                stored_version=row["stored_version"],
                active_holds=row["active_holds"],
            )

    async def findings(self, *, limit: int) -> tuple[Finding, ...]:
        found: list[Finding] = []
        for name in CHECKS:
            query = check(name, full=self._full)
            rows = await self._connection.fetch(query, limit, timeout=STATEMENT_SECONDS)
            found += [
                Finding(
                    check=name,
                    tenant_id=TenantId(row["tenant_id"]),
                    subject=row["subject"],
                    detail=row["detail"],
                )
                for row in rows
            ]
        return tuple(found[:limit])

    async def open_mirrors(self) -> tuple[tuple[TenantId, AssetCode, int], ...]:
        rows = await self._connection.fetch(OPEN_MIRRORS, timeout=STATEMENT_SECONDS)
        return tuple(
            (TenantId(row["tenant_id"]), AssetCode(row["asset"]), int(row["units"])) for row in rows
        )

    async def marks(self) -> tuple[VerifiedMark, ...]:
        query = statement(REACHED, full=self._full)
        rows = await self._connection.fetch(query, timeout=STATEMENT_SECONDS)
        return tuple(
            VerifiedMark(
                tenant_id=TenantId(row["tenant_id"]),
                after=row["after"],
                booked_before=row["booked_before"],
                orders_from=OrderId(row["orders_from"]),
            )
            for row in rows
        )
