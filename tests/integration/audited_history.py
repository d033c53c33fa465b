"""Books that were verified once and have gone on since, and ways to damage either part of them."""

import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
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
from application.ports.intents import IntentKind
from application.ports.verification import VerifiedMark
from domain.shared.ids import OperatorId, TenantId, TransactionId
from domain.shared.side import Side
from domain.tenants.operator import Operator
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepted, item, paying, paying_many, quoted
from tests.integration.direct import connected
from tests.integration.stack import PRIMARY, Stack, open_stack

MANY: Final = 10_000
ADVANCES_MAX: Final = 1_000
NAME: Final = re.compile(r"(?<![:\w]):([a-z]+)\b")
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
WHERE tenant_id = $1 AND transaction_id IS DISTINCT FROM $2 ORDER BY created_at DESC LIMIT 2
"""
BUSIEST: Final = """
SELECT a.id FROM aksum.ledger_accounts a JOIN aksum.ledger_entries e
  ON e.tenant_id = a.tenant_id AND e.account_id = a.id
WHERE a.tenant_id = $1 AND a.code = 'house_clearing'
GROUP BY a.id ORDER BY count(*) DESC, a.id LIMIT 1
"""
DEPOSITED: Final = """
SELECT transaction_id FROM aksum.deposits WHERE tenant_id = $1 AND asset = 'USDT'
ORDER BY created_at DESC LIMIT 1
"""
# As if it had been so long ago that what is read again to be sure does not reach it.
LONG_AGO: Final = (
    "ALTER TABLE aksum.ledger_requests DISABLE TRIGGER USER",
    "UPDATE aksum.ledger_requests SET created_at = created_at - interval '1 day'",
    "ALTER TABLE aksum.ledger_requests ENABLE ALWAYS TRIGGER append_only",
    "ALTER TABLE aksum.ledger_requests ENABLE ALWAYS TRIGGER append_only_truncate",
    "UPDATE aksum.ledger_verifications SET orders_from = aksum.uuid7_floor(booked_before)",
)
LAST_FOLD: Final = """
SELECT max(through)::text FROM aksum.ledger_checkpoints WHERE tenant_id = $1 AND account_id = $2
"""


class Rows(NamedTuple):
    """What can be damaged. `filled` and `pending` are orders; `mirrored`, `moving`, `deposited`,
    `reversed` and `reversing` transactions; `answered` and `refused` keys; `payer` and `deferred`
    accounts, the second of which has a checkpoint `through` a time.
    """

    tenant: UUID
    payer: UUID
    filled: UUID
    pending: UUID
    mirrored: UUID
    moving: UUID
    deposited: UUID
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
        lived = await live_through(stack, tenant_id, unmirrored=())
        async with stack.uow.begin(tenant_id) as tx:
            old = stack.clock.now().date() - timedelta(days=9)
            assert await tx.journal.close_period(old, by="ops")
            await tx.commit()
        verified = await folded(stack, lived)
        assert (await stack.verified()).findings == ()
        async with connected(database.admin_url) as admin:
            for statement in LONG_AGO:
                await admin.execute(statement)
        lived = await live_through(stack, tenant_id, unmirrored=(verified.moving,))
        since = await folded(stack, lived)
        payer = await stack.customer(tenant_id, usdt=10)
        payee = await stack.customer(tenant_id, usdt=10)
        await stack.transfer.execute(paying(tenant_id, payer, payee))
    return History(database, verified, since)


async def live_through(stack: Stack, tenant_id: TenantId, *, unmirrored: Collection[UUID]) -> Rows:
    """Deposits, a buy and a sale, transfers with and without keys, one of them taken back, an
    order with an unknown outcome; some of it mirrored.
    """
    payer = await stack.customer(tenant_id, usdt=100_000, btc=1)
    payee = await stack.customer(tenant_id, usdt=10)
    filled = await accepted(stack, tenant_id, await quoted(stack, tenant_id, payer))
    due = await stack.due.due_intents(IntentKind.MIRROR, limit=MANY)
    await stack.mirror.execute([each for each in due if each.subject not in unmirrored])
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
        deferred = await ops.fetchval(BUSIEST, tenant_id)
        deposited = await ops.fetchval(DEPOSITED, tenant_id)
    return Rows(
        tenant=tenant_id,
        payer=next(view.account.id for asset, view in accounts.items() if asset == "USDT"),
        filled=filled.id,
        pending=pending.id,
        mirrored=mirrored,
        moving=moving,
        deposited=deposited,
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
        by=Operator(OperatorId(stack.ids.new()), "Abena"),
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
    closed = await closed_by_now(stack)
    for books in (tenant_id, HOUSE_TENANT_ID):
        async with stack.worker_uow.begin(books) as tx:
            await tx.folds.fold(closed, transactions_min=1, transactions_max=MANY)
            await tx.commit()


async def closed_by_now(stack: Stack) -> datetime:
    clock, now = PostgresLedgerClock(stack.worker), stack.clock.now()
    for _ in range(ADVANCES_MAX):
        closed = await clock.advance()
        if closed is not None and closed > now:
            return closed
    raise AssertionError("somebody keeps a transaction open")


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
async def tampering(history: History) -> AsyncIterator[Connection]:
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


@asynccontextmanager
async def damaged(tamper: Connection, statement: str, rows: Rows) -> AsyncIterator[Connection]:
    """Until the end of the block. `:names` in the statement stand for what `rows` has of them."""
    values = rows._asdict()
    filled_in = NAME.sub(lambda name: f"'{values[name[1]]}'", statement)
    transaction = tamper.transaction()
    await transaction.start()
    try:
        done = await tamper.execute(filled_in)
        assert not done.endswith(" 0"), "there was nothing to damage"
        yield tamper
    finally:
        await transaction.rollback()


async def verify(connection: Connection, *, full: bool) -> Verification:
    return await VerifyLedger(audit=DamagedAudit(connection)).execute(full=full)


async def found_by(connection: Connection, *, full: bool) -> set[str]:
    return {finding.check for finding in (await verify(connection, full=full)).findings}
