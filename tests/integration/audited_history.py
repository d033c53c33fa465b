"""Books that were verified once and have gone on since, and ways to damage either part of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID, uuid4

from asyncpg import Connection

from adapters.memory.liquidity_faults import Armed, Fault
from adapters.postgres.audit import STATEMENT_SECONDS, PostgresLedgerSnapshot
from adapters.postgres.audit_marks import remember
from adapters.postgres.connection import create_pool
from adapters.postgres.ledger_clock import PostgresLedgerClock
from application.ledger.reverse_transaction import ReverseCommand, ReverseTransaction
from application.ledger.verify_ledger import Verification, VerifyLedger
from application.ports.verification import VerifiedMark
from domain.shared.ids import ApiKeyId, TenantId, TransactionId
from domain.shared.side import Side
from domain.tenants.operator import Operator
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepted, item, paying, paying_many, quoted
from tests.integration.stack import PRIMARY, Stack, open_stack

MANY: Final = 10_000
APPEND_ONLY: Final = (
    "ledger_transactions",
    "ledger_entries",
    "ledger_checkpoints",
    "ledger_requests",
    "ledger_reversals",
    "ledger_periods",
    "fills",
)
KEYS: Final = """
SELECT key, outcome = 0 AS accepted FROM aksum.ledger_requests
WHERE tenant_id = $1 AND transaction_id IS DISTINCT FROM $2 ORDER BY created_at DESC LIMIT 3
"""
REVENUE: Final = """
SELECT a.id FROM aksum.ledger_accounts a WHERE a.tenant_id = $1 AND a.floor_units IS NULL
  AND (SELECT count(*) FROM aksum.ledger_entries e
       WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id) > 4
ORDER BY a.code, a.asset LIMIT 1
"""
LAST_FOLD: Final = """
SELECT max(through)::text FROM aksum.ledger_checkpoints WHERE tenant_id = $1 AND account_id = $2
"""


class Rows(NamedTuple):
    """What a damage can be done to. `filled` and `pending` are orders; `mirrored`, `moving`,
    `reversed` and `reversing` transactions; `answered` and `refused` keys; `payer` is an account.
    """

    tenant: UUID
    payer: UUID
    filled: UUID
    pending: UUID
    mirrored: UUID
    moving: UUID
    reversed: UUID
    reversing: UUID
    answered: str
    refused: str
    deferred: UUID
    through: str


class History(NamedTuple):
    """`verified` lies below the mark, `since` above it; all but a last transfer is folded."""

    database: Database
    verified: Rows
    since: Rows


async def live(database: Database) -> History:
    async with open_stack(database) as stack:
        tenant_id = await stack.tenant()
        lived = await live_through(stack, tenant_id)
        async with stack.uow.begin(tenant_id) as tx:
            old = stack.clock.now().date() - timedelta(days=9)
            assert await tx.journal.close_period(old, by="ops")
            await tx.commit()
        verified = await folded(stack, lived)
        assert (await stack.verified()).findings == ()
        since = await folded(stack, await live_through(stack, tenant_id))
        payer = await stack.customer(tenant_id, usdt=10)
        payee = await stack.customer(tenant_id, usdt=10)
        await stack.transfer.execute(paying(tenant_id, payer, payee))
    return History(database, verified, since)


async def live_through(stack: Stack, tenant_id: TenantId) -> Rows:
    """Deposits, a buy and a sale, transfers with and without keys, one of them taken back, an
    order with an unknown outcome; some of it mirrored.
    """
    payer = await stack.customer(tenant_id, usdt=100_000, btc=1)
    payee = await stack.customer(tenant_id, usdt=10)
    filled = await accepted(stack, tenant_id, await quoted(stack, tenant_id, payer))
    while await stack.mirror_all():
        pass
    paid = (await stack.transfer.execute(paying(tenant_id, payer, payee))).value
    again = (await stack.transfer.execute(paying(tenant_id, payer, payee))).value
    batch = (item(payer, payee, uuid4().hex), item(payee, payer, uuid4().hex, "1000000"))
    await stack.transfer_batch.execute(paying_many(tenant_id, *batch))
    reversing = await taken_back(stack, tenant_id, again.transaction_id)
    later = await accepted(stack, tenant_id, await quoted(stack, tenant_id, payer, Side.SELL))
    stack.lps[PRIMARY].arm(Armed(fault=Fault.EXECUTE_TIMEOUT_AFTER_COMMIT))
    pending = await accepted(stack, tenant_id, await quoted(stack, tenant_id, payer))
    async with stack.uow.begin(tenant_id) as tx:
        accounts = {view.account.asset: view for view in await tx.accounts.of_customer(payer)}
        mirrored = (await tx.orders.detail(filled.id)).transaction_id
        moving = (await tx.orders.detail(later.id)).transaction_id
    assert mirrored is not None
    assert moving is not None
    assert paid.transaction_id != again.transaction_id
    async with stack.ops.acquire() as ops:
        keys = {row["accepted"]: row["key"] for row in await ops.fetch(KEYS, tenant_id, reversing)}
        deferred = await ops.fetchval(REVENUE, tenant_id)
    return Rows(
        tenant=tenant_id,
        payer=next(view.account.id for asset, view in accounts.items() if asset == "USDT"),
        filled=filled.id,
        pending=pending.id,
        mirrored=mirrored,
        moving=moving,
        reversed=again.transaction_id,
        reversing=reversing,
        answered=keys[True],
        refused=keys[False],
        deferred=deferred,
        through="",
    )


async def taken_back(
    stack: Stack, tenant_id: TenantId, transaction_id: TransactionId
) -> TransactionId:
    reverse = ReverseTransaction(uow=stack.ops_uow, clock=stack.clock, ids=stack.ids)
    command = ReverseCommand(
        tenant_id=tenant_id,
        transaction_id=transaction_id,
        reason="twice",
        by=Operator(ApiKeyId(stack.ids.new()), "Abena"),
        key=uuid4().hex,
    )
    return (await reverse.execute(command)).transaction.id


async def folded(stack: Stack, rows: Rows) -> Rows:
    """With all that is booked by now, in everybody's books."""
    await fold_everything(stack, TenantId(rows.tenant))
    async with stack.ops.acquire() as ops:
        through = await ops.fetchval(LAST_FOLD, rows.tenant, rows.deferred)
    return rows._replace(through=through)


async def fold_everything(stack: Stack, tenant_id: TenantId) -> None:
    clock, now = PostgresLedgerClock(stack.worker), stack.clock.now()
    closed = await clock.advance()
    while closed is None or closed <= now:
        closed = await clock.advance()
    for books in (tenant_id, HOUSE_TENANT_ID):
        async with stack.worker_uow.begin(books) as tx:
            await tx.folds.fold(closed, transactions_min=1, transactions_max=MANY)
            await tx.commit()


class DamagedAudit:
    """The audit over one connection, seen with the rights that it has in life."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def snapshot(self, *, full: bool) -> AsyncIterator[PostgresLedgerSnapshot]:
        snapshot = PostgresLedgerSnapshot(self._connection, full=full)
        await self._connection.execute("SET LOCAL ROLE aksum_ops")
        await snapshot.prepare()
        yield snapshot
        await self._connection.execute("SET LOCAL enable_seqscan = off")
        await self._connection.execute("RESET ROLE")

    async def remember(self, mark: VerifiedMark) -> bool:
        await self._connection.execute("SET LOCAL ROLE aksum_ops")
        try:
            return await remember(self._connection, mark, timeout=STATEMENT_SECONDS)
        finally:
            await self._connection.execute("RESET ROLE")


@asynccontextmanager
async def damaging(history: History) -> AsyncIterator[Connection]:
    """A superuser in a transaction of which nothing will be left, with the triggers off."""
    async with (
        await create_pool(history.database.admin_url, size=1, application_name="test") as pool,
        pool.acquire() as connection,
    ):
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            await connection.execute("SET LOCAL search_path = aksum")
            for table in APPEND_ONLY:
                await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield connection
        finally:
            await transaction.rollback()


async def verify(connection: Connection, *, full: bool) -> Verification:
    return await VerifyLedger(audit=DamagedAudit(connection)).execute(full=full)


async def found_by(connection: Connection, *, full: bool) -> set[str]:
    return {finding.check for finding in (await verify(connection, full=full)).findings}
