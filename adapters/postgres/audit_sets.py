"""Which rows an audit reads: all of them, or those that are newer than what it remembers.

Checks name these sets and are written once. What is new is found through indexes, account by
account and header by header: OFFSET 0 keeps the planner from reading whole tables for it instead.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from domain.ledger.kept_answers import NAMES
from domain.tenants.tenant import HOUSE_TENANT_ID

# Ids are drawn, and clocks set back, within this time of what is committed.
OVERLAP: Final = "interval '1 hour'"
NO_ID: Final = "'00000000-0000-0000-0000-000000000000'::uuid"

# One row for each tenant. `folded` is where its fold ended.
MARKS: Final = f"""
WITH marks AS MATERIALIZED (
  SELECT t.tenant_id, coalesce(v.booked_before, '-infinity') AS since,
    coalesce(v.orders_from, {NO_ID}) AS orders_from,
    aksum.uuid7_floor(coalesce(v.booked_before, t.created_at) - {OVERLAP}) AS ids_from,
    coalesce(v.booked_before, t.created_at) - {OVERLAP} AS answers_from,
    coalesce(f.folded_until, '-infinity') AS folded
  FROM tenants t
  LEFT JOIN ledger_verifications v ON v.tenant_id = t.tenant_id
  LEFT JOIN ledger_folds f ON f.tenant_id = t.tenant_id)
"""
MARKS_OF_NOTHING: Final = f"""
WITH marks AS MATERIALIZED (
  SELECT t.tenant_id, '-infinity'::timestamptz AS since, {NO_ID} AS orders_from,
    {NO_ID} AS ids_from, '-infinity'::timestamptz AS answers_from,
    coalesce(f.folded_until, '-infinity') AS folded
  FROM tenants t LEFT JOIN ledger_folds f ON f.tenant_id = t.tenant_id)
"""

# `headers` are transactions. `entries` are found by their accounts, `numbered` those of accounts
# that were booked to (or have no balance that could tell). `legs` are found by their headers, whose
# columns they carry. `remembered` are the sums of what is not read.
NEW_HEADERS: Final = """
SELECT h.* FROM marks m CROSS JOIN LATERAL (
  SELECT t.* FROM ledger_transactions t
  WHERE t.tenant_id = m.tenant_id AND t.booked_at >= m.since OFFSET 0) h
"""
NEW_ENTRIES: Final = """
SELECT n.* FROM marks m JOIN ledger_accounts a ON a.tenant_id = m.tenant_id
CROSS JOIN LATERAL (
  SELECT e.* FROM ledger_entries e
  WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id AND e.booked_at >= m.since OFFSET 0) n
"""
NEW_NUMBERED: Final = """
SELECT n.* FROM marks m JOIN ledger_accounts a ON a.tenant_id = m.tenant_id
LEFT JOIN ledger_balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
CROSS JOIN LATERAL (
  SELECT e.* FROM ledger_entries e
  WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id AND e.booked_at >= m.since OFFSET 0) n
WHERE b.account_id IS NULL OR b.last_booked_at >= m.since
"""
HEADER_COLUMNS: Final = (
    "h.booked_at AS header_booked_at, h.created_xid AS header_xid, h.effective_on, h.reference"
)
NEW_LEGS: Final = f"""
SELECT n.*, {HEADER_COLUMNS} FROM ({NEW_HEADERS}) h CROSS JOIN LATERAL (
  SELECT e.* FROM ledger_entries e
  WHERE e.tenant_id = h.tenant_id AND e.transaction_id = h.id OFFSET 0) n
"""
ALL_LEGS: Final = f"""
SELECT e.*, {HEADER_COLUMNS} FROM ledger_entries e
LEFT JOIN ledger_transactions h ON h.tenant_id = e.tenant_id AND h.id = e.transaction_id
"""
ENTRIES: Final = "SELECT * FROM ledger_entries"

NEW: Final[Mapping[str, str]] = MappingProxyType(
    {
        "headers": NEW_HEADERS,
        "entries": NEW_ENTRIES,
        "numbered": NEW_NUMBERED,
        "legs": NEW_LEGS,
        "remembered": "SELECT * FROM ledger_verified_sums",
    }
)
ALL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "headers": "SELECT * FROM ledger_transactions",
        "entries": ENTRIES,
        "numbered": ENTRIES,
        "legs": ALL_LEGS,
        "remembered": "SELECT * FROM ledger_verified_sums WHERE false",
    }
)


# Joins with what the entries of an account come to that are not read.
REMEMBERED_OF_ACCOUNT: Final = """
LEFT JOIN LATERAL (
  SELECT s.debits, s.credits, s.entries FROM ({remembered}) s
  WHERE s.tenant_id = a.tenant_id AND s.account_id = a.id AND s.effective_on = 'infinity'
  OFFSET 0) r ON true"""
REMEMBERED_OF_ENTRY: Final = """
LEFT JOIN LATERAL (
  SELECT s.debits, s.credits, s.entries FROM ({remembered}) s
  WHERE s.tenant_id = e.tenant_id AND s.account_id = e.account_id AND s.effective_on = 'infinity'
  OFFSET 0) r ON true"""
# Other values that checks name.
VALUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "house": f"'{HOUSE_TENANT_ID}'::uuid",
        "answers": ", ".join(
            f"({code:d}, {names.account}, {names.hold}, {names.transaction})"
            for code, names in NAMES.items()
        ),
    }
)


def statement(query: str, *, full: bool) -> str:
    """`query` with the sets that it names in braces, and the marks that those read from."""
    marks, sets = (MARKS_OF_NOTHING, ALL) if full else (MARKS, NEW)
    return marks + query.format(**sets, **VALUES)
