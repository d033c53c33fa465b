"""Every kind of damage to the ledger is named by its verification, and health is not.

The damage is done as a superuser with the triggers switched off, in a transaction that the audit
reads in too and that is rolled back: one history serves all cases.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest
from asyncpg import Connection

from adapters.memory.liquidity_faults import Armed, Fault
from adapters.postgres.audit import LedgerSnapshot
from adapters.postgres.audit_sql import CHECKS
from adapters.postgres.connection import create_pool
from application.ledger.verify_ledger import VerifyLedger
from application.ports.verification import Finding
from domain.shared.side import Side
from tests.fixtures.postgres_servers import Database, Server, in_thread
from tests.integration.commands import accepted, paying, quoted
from tests.integration.stack import PRIMARY, open_stack

TRADERS = 3
TRADES = 12
VERIFICATIONS_MIN = 3
NAME = re.compile(":(tenant|payer|filled|pending|mirrored|moving)")
RUNBOOK = Path(__file__).parents[2] / "docs/runbooks/ledger-verification-failed.md"
# Compared by the use case itself, from the totals of each account.
SUMS = {
    "asset_sums_to_zero",
    "balance_equals_entries",
    "clearing_pair_nets_to_zero",
    "held_equals_holds",
    "not_below_floor",
}
JOURNAL = ("ledger_transactions", "ledger_entries", "fills")


class History(NamedTuple):
    """`filled` and `pending` are orders; `mirrored` and `moving` transactions of the tenant."""

    database: Database
    tenant: UUID
    payer: UUID
    filled: UUID
    pending: UUID
    mirrored: UUID
    moving: UUID


async def live(database: Database) -> History:
    """Deposits, a buy and a sale, a transfer, an order with an unknown outcome; some mirrored."""
    async with open_stack(database) as stack:
        tenant_id = await stack.tenant()
        payer = await stack.customer(tenant_id, usdt=100_000, btc=1)
        payee = await stack.customer(tenant_id, usdt=10)
        filled = await accepted(stack, tenant_id, await quoted(stack, tenant_id, payer))
        while await stack.mirror_all():
            pass
        await stack.transfer.execute(paying(tenant_id, payer, payee))
        later = await accepted(stack, tenant_id, await quoted(stack, tenant_id, payer, Side.SELL))
        stack.lps[PRIMARY].arm(Armed(fault=Fault.EXECUTE_TIMEOUT_AFTER_COMMIT))
        pending = await accepted(stack, tenant_id, await quoted(stack, tenant_id, payer))
        async with stack.uow.begin(tenant_id) as tx:
            accounts = {view.account.asset: view for view in await tx.accounts.of_customer(payer)}
            mirrored = (await tx.orders.detail(filled.id)).transaction_id
            moving = (await tx.orders.detail(later.id)).transaction_id
    assert mirrored is not None
    assert moving is not None
    return History(
        database=database,
        tenant=tenant_id,
        payer=next(view.account.id for asset, view in accounts.items() if asset == "USDT"),
        filled=filled.id,
        pending=pending.id,
        mirrored=mirrored,
        moving=moving,
    )


@pytest.fixture(scope="module")
def history(postgres_server: Server) -> Iterator[History]:
    made = postgres_server.create_database()
    yield in_thread(lambda: live(made))
    postgres_server.drop_database(made.name)


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
            for table in JOURNAL:
                await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield connection
        finally:
            await transaction.rollback()


async def found_by(connection: Connection) -> set[str]:
    """What the verification names, seen with the rights that it has in life."""
    await connection.execute("SET LOCAL ROLE aksum_ops")
    verification = await VerifyLedger(audit=LedgerSnapshot(connection)).execute()
    return {finding.check for finding in verification.findings}


# :names stand for the ids of the history.
LAST = "(SELECT max(account_seq) FROM ledger_entries WHERE account_id = :payer)"
PAYER = "account_id = :payer AND account_seq"
DAMAGE: dict[str, tuple[set[str], str]] = {
    "a balance that is wrong": (
        {"balance_equals_entries"},
        "UPDATE ledger_balances SET credits = credits + 1 WHERE account_id = :payer",
    ),
    "a count of entries that is wrong": (
        {"balance_equals_entries"},
        "UPDATE ledger_balances SET version = version + 1 WHERE account_id = :payer",
    ),
    "a balance that is gone": (
        {
            "balance_equals_entries",
            "held_equals_holds",
            "running_balance_continues",
        },
        "DELETE FROM ledger_balances WHERE account_id = :payer",
    ),
    "a balance with another floor": (
        {"balance_has_its_accounts_terms"},
        "UPDATE ledger_balances SET floor_units = -10 WHERE account_id = :payer",
    ),
    "an entry that is gone": (
        {
            "asset_sums_to_zero",
            "balance_equals_entries",
            "entries_numbered_without_gap",
            "running_balance_continues",
            "transaction_balances",
        },
        f"DELETE FROM ledger_entries WHERE {PAYER} = 2",
    ),
    "the last entry that is gone": (
        {"asset_sums_to_zero", "balance_equals_entries", "transaction_balances"},
        f"DELETE FROM ledger_entries WHERE {PAYER} = {LAST}",
    ),
    "all entries of a transaction gone": (
        {
            "balance_equals_entries",
            "clearing_pair_nets_to_zero",
            "entries_numbered_without_gap",
            "header_has_entries",
            "running_balance_continues",
        },
        "DELETE FROM ledger_entries WHERE transaction_id = :mirrored",
    ),
    "a header that is gone": (
        {"entry_has_header", "fill_has_postings", "mirror_has_its_original"},
        "DELETE FROM ledger_transactions WHERE id = :mirrored",
    ),
    "a gap in the numbers": (
        {"entries_numbered_without_gap"},
        f"UPDATE ledger_entries SET account_seq = account_seq + 1 WHERE {PAYER} = {LAST}",
    ),
    "a last entry without a number": (
        {"entries_numbered_without_gap"},
        (
            "UPDATE ledger_entries SET account_seq = NULL, balance_after = NULL "
            f"WHERE {PAYER} = {LAST}"
        ),
    ),
    "a number on an account without a floor": (
        {"running_balance_continues"},
        (
            "UPDATE ledger_entries SET account_seq = 1, balance_after = units "
            "WHERE transaction_id = :mirrored AND account_seq IS NULL"
        ),
    ),
    "a running balance that is wrong": (
        {"running_balance_continues"},
        f"UPDATE ledger_entries SET balance_after = balance_after + 1 WHERE {PAYER} = 2",
    ),
    "an entry booked before the one it follows": (
        {"entries_booked_in_order"},
        (
            "UPDATE ledger_entries SET booked_at = booked_at - interval '1 day' "
            f"WHERE {PAYER} = {LAST}"
        ),
    ),
    "a transaction that does not balance": (
        {
            "asset_sums_to_zero",
            "balance_equals_entries",
            "running_balance_continues",
            "transaction_balances",
        },
        f"UPDATE ledger_entries SET units = units + 1 WHERE {PAYER} = 2",
    ),
    "entries in another asset than their accounts": (
        {"entry_fits_its_account"},
        (
            "UPDATE ledger_entries SET asset = 'BTC' WHERE transaction_id = :mirrored "
            "AND asset = 'USDT'"
        ),
    ),
    "entries of no account at all": (
        {"entry_fits_its_account"},
        (
            "WITH headed AS (INSERT INTO ledger_transactions (tenant_id, id, template, reference, "
            "effective_on, booked_at) SELECT tenant_id, uuid7_floor(now()), 'transfer', 'x', "
            "effective_on, booked_at FROM ledger_transactions WHERE id = :mirrored RETURNING *) "
            "INSERT INTO ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units, "
            "booked_at) SELECT tenant_id, id, leg, gen_random_uuid(), 'USDT', leg * 2 - 1, "
            "booked_at FROM headed, generate_series(0, 1) leg"
        ),
    ),
    "a hold that the balance does not know of": (
        {"held_equals_holds"},
        (
            "INSERT INTO ledger_holds (tenant_id, id, account_id, units, remaining, state, "
            "reference, created_at, updated_at) SELECT :tenant, gen_random_uuid(), :payer, 5, 5, "
            "'active', 'x', now(), now()"
        ),
    ),
    "units held for nothing": (
        {"held_equals_holds"},
        "UPDATE ledger_balances SET held = held + 1 WHERE account_id = :payer",
    ),
    "the hold of a final order": (
        {"hold_belongs_to_open_order", "held_equals_holds"},
        (
            "UPDATE ledger_holds SET state = 'active', remaining = captured, captured = 0 "
            "WHERE id = :filled"
        ),
    ),
    "a pending order without its hold": (
        {"held_equals_holds", "pending_order_has_hold_and_intent"},
        (
            "UPDATE ledger_holds SET state = 'released', released = remaining, remaining = 0 "
            "WHERE id = :pending"
        ),
    ),
    "a pending order that nobody will settle": (
        {"pending_order_has_hold_and_intent"},
        "DELETE FROM intents WHERE subject = :pending",
    ),
    "an account below its floor": (
        {"not_below_floor", "balance_has_its_accounts_terms"},
        "UPDATE ledger_accounts SET floor_units = 1000000000000000000 WHERE id = :payer",
    ),
    "a mirror that will never be made": (
        {"clearing_is_mirrored_once", "clearing_pair_nets_to_zero"},
        "DELETE FROM intents WHERE subject = :moving",
    ),
    "a mirror that is gone": (
        {"clearing_is_mirrored_once", "clearing_pair_nets_to_zero"},
        (
            "WITH gone AS (DELETE FROM ledger_transactions WHERE mirror_of = :mirrored "
            "RETURNING id) DELETE FROM ledger_entries e USING gone WHERE e.transaction_id = gone.id"
        ),
    ),
    "a mirror made twice": (
        {"clearing_is_mirrored_once", "clearing_pair_nets_to_zero"},
        (
            "WITH copied AS (INSERT INTO ledger_transactions (tenant_id, id, template, reference, "
            "effective_on, mirror_tenant_id, mirror_of, booked_at) SELECT tenant_id, "
            "uuid7_floor(now()), template, reference, effective_on, mirror_tenant_id, mirror_of, "
            "booked_at FROM ledger_transactions WHERE mirror_of = :mirrored RETURNING id) "
            "INSERT INTO ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units, "
            "booked_at) SELECT e.tenant_id, copied.id, leg, account_id, asset, units, e.booked_at "
            "FROM copied, ledger_transactions m JOIN ledger_entries e ON e.transaction_id = m.id "
            "WHERE m.mirror_of = :mirrored"
        ),
    ),
    "a mirror of another amount": (
        {"clearing_pair_nets_to_zero"},
        (
            "UPDATE ledger_entries e SET units = units * 2 FROM ledger_transactions m "
            "WHERE m.mirror_of = :mirrored AND e.transaction_id = m.id"
        ),
    ),
    "a mirror of nothing": (
        {"clearing_is_mirrored_once", "mirror_has_its_original"},
        "UPDATE ledger_transactions SET mirror_of = gen_random_uuid() WHERE mirror_of = :mirrored",
    ),
    "a fill without postings": (
        {"fill_has_postings"},
        "UPDATE fills SET transaction_id = gen_random_uuid() WHERE order_id = :filled",
    ),
    "a filled order without its fill": (
        {"filled_order_has_one_fill"},
        "DELETE FROM fills WHERE order_id = :filled",
    ),
    "a fill of an order that is still open": (
        {"filled_order_has_one_fill"},
        (
            "INSERT INTO fills SELECT tenant_id, :pending, gen_random_uuid(), price, base_units, "
            "quote_units, fee_units, fee_asset, source, source_ref, transaction_id, executed_at, "
            "recorded_at FROM fills WHERE order_id = :filled"
        ),
    ),
}


async def test_healthy_history_has_no_findings(history: History) -> None:
    async with damaging(history) as connection:
        assert await found_by(connection) == set()


@pytest.mark.parametrize("damage", DAMAGE)
async def test_damage_is_named(history: History, damage: str) -> None:
    checks, statement = DAMAGE[damage]
    ids = history._asdict()
    async with damaging(history) as connection:
        done = await connection.execute(NAME.sub(lambda name: f"'{ids[name[1]]}'", statement))
        assert not done.endswith(" 0"), "there was nothing to damage"
        assert await found_by(connection) == checks


def test_every_check_has_found_something() -> None:
    named = set().union(*(checks for checks, _ in DAMAGE.values()))
    assert named == CHECKS.keys() | SUMS


def test_runbook_explains_every_check() -> None:
    unexplained = [check for check in (*CHECKS, *SUMS) if f"`{check}`" not in RUNBOOK.read_text()]
    assert unexplained == []


async def test_verification_beside_running_trades_reports_no_false_alarm(
    database: Database,
) -> None:
    async with open_stack(database) as stack:
        tenant_id = await stack.tenant()
        customer = await stack.customer(tenant_id, usdt=1_000_000)

        async def trade() -> None:
            for _ in range(TRADES):
                await accepted(stack, tenant_id, await quoted(stack, tenant_id, customer))
                await stack.mirror_all()

        traders = [asyncio.create_task(trade()) for _ in range(TRADERS)]
        found: list[Finding] = []
        verified = 0
        while not all(trader.done() for trader in traders):
            found += (await stack.verified()).findings
            verified += 1
        await asyncio.gather(*traders)
        assert found == []
        assert verified >= VERIFICATIONS_MIN
