"""Verification of books that are being written to, and what it reads when little is new."""

import asyncio
from typing import Final

from asyncpg import Connection

from adapters.postgres.audit import PostgresLedgerSnapshot
from application.ports.verification import Finding
from tests.contract.conftest import make_postgres_ports
from tests.contract.history_contract import fold_all
from tests.contract.transfers import at_once, move
from tests.contract.world import World
from tests.fixtures.postgres_servers import Database
from tests.integration.audited_history import fold_everything
from tests.integration.commands import accepted, quoted
from tests.integration.direct import connected, undone
from tests.integration.stack import open_stack

POSTED: Final = 600
NEW: Final = 5
READ: Final = """
SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_all_tables
WHERE relname ~ '^ledger_(transactions|entries|requests|checkpoints|days|verified_sums)'
"""
TRADERS: Final = 3
ROUNDS: Final = 2


async def test_verification_beside_running_trades_reports_no_false_alarm(
    database: Database,
) -> None:
    """Nor do folds that go on all the while: what is verified and what is folded meet anywhere."""
    async with open_stack(database) as stack:
        tenant_id = await stack.tenant()
        customer = await stack.customer(tenant_id, usdt=1_000_000)

        enough = asyncio.Event()

        async def trade() -> None:
            while not enough.is_set():
                await accepted(stack, tenant_id, await quoted(stack, tenant_id, customer))
                await stack.mirror_all()

        traders = [asyncio.create_task(trade()) for _ in range(TRADERS)]
        found: list[Finding] = []
        read: list[tuple[int, int]] = []
        for _ in range(ROUNDS):
            for full in (False, True):
                verification = await stack.verified(full=full)
                found += verification.findings
                read.append((verification.entries_read, verification.entries))
                await fold_everything(stack, tenant_id)
        enough.set()
        await asyncio.gather(*traders)
        assert found == []
        assert any(newly < entries for newly, entries in read)


async def test_default_run_reads_what_is_new_and_not_the_journal(database: Database) -> None:
    async with make_postgres_ports(database) as ports, connected(database.ops_url) as ops:
        world = World(ports)
        await world.prepare()
        payer, _ = await at_once(world, POSTED)
        await fold_all(world, payer.tenant_id)
        async with ports.ledger_audit.snapshot(full=True) as snapshot:
            assert await snapshot.findings(limit=1) == ()
            marks = await snapshot.marks()
        for mark in marks:
            assert await ports.ledger_audit.remember(mark)
        for _ in range(NEW):
            await move(world, payer, world.moving(payer.usdt, payer.other, 1))
        async with connected(database.admin_url) as admin:
            await admin.execute("ANALYZE")
        assert await rows_read(ops, full=False) < POSTED
        assert await rows_read(ops, full=True) > 2 * POSTED


async def rows_read(ops: Connection, *, full: bool) -> int:
    """Of the tables that grow with every posting, by all that a verification asks of them."""
    async with undone(ops):
        await ops.execute("SET LOCAL enable_seqscan = off")
        snapshot = PostgresLedgerSnapshot(ops, full=full)
        await snapshot.prepare()
        before = await ops.fetchval(READ)
        totals = [total async for total in snapshot.account_totals()]
        assert await snapshot.findings(limit=10) == ()
        assert await snapshot.marks() != ()
        assert totals
        read: int = await ops.fetchval(READ) - before
        return read
