"""How the hot statements reach their rows, planned while the tables are empty.

A connection keeps the plan it made first. What is planned on the first day of a month, or of a
deployment, must therefore be what a year of rows needs: one row by its key, never a range of them.
The planner is that of the newest server; older ones come to the same once a table was analyzed.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import asyncpg
import pytest

from adapters.postgres.account_reader import ACCOUNTS
from adapters.postgres.accounts import FIND, VIEW
from adapters.postgres.connection import SESSION
from adapters.postgres.intents import FINISH, LEASE
from adapters.postgres.journal import TRANSACTION
from adapters.postgres.journal_batch import WRITE, WRITE_LARGE
from adapters.postgres.journal_state import (
    ANSWERS,
    LOCK_BALANCES,
    LOCK_HOLDS,
    POSTED,
    REVERSALS,
    REVERSED_ENTRIES,
)
from adapters.postgres.journal_writes import CHANGED_HOLDS
from adapters.postgres.ledger_folds import FOLD
from adapters.postgres.ledger_history import (
    BOOKED_BY,
    EFFECTIVE_ON,
    NUMBERED_LINES,
    POSTED_WITH,
)
from adapters.postgres.orders import ATTEMPTS
from adapters.postgres.quotes import OFFER
from adapters.postgres.reconciliation_sql import LEDGER_SIDE
from adapters.postgres.seals import AFTER, COVERING, END_OF_BLOCK, HEAD, PAGE
from adapters.postgres.trading import OPEN_ATTEMPT, OPEN_ORDER, QUOTE_OF
from adapters.postgres.trading_sql import KEEP_OPEN, REJECT, REPRICE, RESERVE, SETTLE
from tests.fixtures.postgres_servers import Database

STATEMENTS: Final = {
    "offer": OFFER,
    "reserve": RESERVE,
    "settle": SETTLE,
    "reject": REJECT,
    "reprice": REPRICE,
    "keep_open": KEEP_OPEN,
    "find_accounts": FIND,
    "write": WRITE,
    "write_large": WRITE_LARGE,
    "change_holds": CHANGED_HOLDS,
    "lease_intents": LEASE,
    "finish_intent": FINISH,
    "quote": QUOTE_OF,
    "open_order": OPEN_ORDER,
    "open_attempt": OPEN_ATTEMPT,
    "attempts": ATTEMPTS,
    "accounts": ACCOUNTS,
    "balances": LOCK_BALANCES,
    "holds": LOCK_HOLDS,
    "posted": POSTED,
    "reversed": REVERSED_ENTRIES,
    "reversals": REVERSALS,
    "answers": ANSWERS,
    "transaction": TRANSACTION,
}
# A partition's is named after it. The others hold only what is open, by the same columns.
OBJECT: Final = re.compile(
    r"\b(id|account_id|order_id|subject|owner|transaction_id|key|reverses|singleton|asset) ="
)
KEYS: Final = re.compile(
    r"\w+_pkey|ledger_accounts_natural_key|ledger_reversals_once|\w+_tenant_id_reverses_idx|"
    r"orders_pending|lp_attempts_open"
)


@pytest.mark.parametrize("name", STATEMENTS)
async def test_rows_are_reached_by_their_key(name: str, module_database_18: Database) -> None:
    plan = await generic_plan(module_database_18, STATEMENTS[name])
    scans = [
        each for each in nodes(plan) if "Relation Name" in each and "Scan" in each["Node Type"]
    ]
    assert [found for each in scans if (found := _wrong(each)) is not None] == []


# What runs every few seconds for every tenant: never from the beginning of the journal again.
RANGES: Final = {
    "page": (PAGE, "booked_at >="),
    "shared balance": (f"{VIEW} AND a.id = $2", "booked_at >="),
    "posted by a time": (BOOKED_BY, "booked_at <= $3"),
    "posted by a day": (EFFECTIVE_ON, "booked_at >="),
    "statement": (NUMBERED_LINES, "booked_at <="),
    "shared statement": (POSTED_WITH, "booked_at >="),
    "ledger side": (LEDGER_SIDE, "booked_at >="),
    "fold": (FOLD, "booked_at >="),
    "end_of_block": (END_OF_BLOCK, "booked_at >"),
    "head": (HEAD, "tenant_id ="),
    "after": (AFTER, "block_no >"),
    "covering": (COVERING, "booked_to >"),
}

# What grows without end; all else is small, or reached by its key.
JOURNAL: Final = ("ledger_entries", "ledger_transactions", "ledger_seals")
# One header, or the entries of one: by their key, wherever in the journal they are.
JOURNAL_ROW: Final = re.compile(r"\b(id|transaction_id) =")


@pytest.mark.parametrize("name", RANGES)
async def test_reading_begins_where_the_last_block_fold_or_page_ends(
    name: str, module_database_18: Database
) -> None:
    statement, beginning = RANGES[name]
    plan = await generic_plan(module_database_18, statement)
    scans = [each["Index Cond"] for each in nodes(plan) if _reads_journal(each)]
    assert [condition for condition in scans if beginning in condition]
    assert [
        condition
        for condition in scans
        if beginning not in condition and not JOURNAL_ROW.search(condition)
    ] == []
    assert not [each for each in nodes(plan) if each["Node Type"] == "Seq Scan"]


def _reads_journal(node: dict[str, Any]) -> bool:
    """Bitmap index scans name only their index, which is named after its table."""
    name = node.get("Relation Name", node.get("Index Name", ""))
    return "Index Cond" in node and name.startswith(JOURNAL)


def _wrong(scan: dict[str, Any]) -> tuple[str | None, ...] | None:
    """Skipping through an index (since 18) is reading one entry per customer of the tenant."""
    index, condition = scan.get("Index Name"), scan.get("Index Cond", "")
    if index is not None and KEYS.fullmatch(index) and OBJECT.search(condition):
        return None
    return scan["Node Type"], scan["Relation Name"], index, condition


async def generic_plan(database: Database, statement: str) -> dict[str, Any]:
    parameters = max(int(number) for number in re.findall(r"\$(\d+)", statement))
    url = database.worker_url if statement is FOLD else database.api_url
    connection = await asyncpg.connect(url, server_settings=dict(SESSION))
    try:
        await connection.execute(f"PREPARE planned AS {statement}")
        nulls = ", ".join(["NULL"] * parameters)
        text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE planned({nulls})")
    finally:
        await connection.close()
    root: dict[str, Any] = json.loads(text)[0]["Plan"]
    return root


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)
