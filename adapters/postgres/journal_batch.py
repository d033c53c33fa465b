"""Balances, headers and entries of a batch in one statement: its text, and what it is given."""

from collections.abc import Mapping, Sequence
from itertools import count
from operator import attrgetter
from typing import Final

from adapters.postgres import array_text
from adapters.postgres.connection import BIGINT_MAX
from domain.ledger.decision import AccountDelta, Deltas, NumberedEntry
from domain.ledger.entry import ENTRIES_MAX, JournalTransaction
from domain.shared.errors import invariant
from domain.shared.ids import AccountId

# Read after the locks were taken and, CASE sees to that, after the transaction drew its id, or time
# that is closed already might still be booked into. No account's time runs backwards.
BOOKING_TIME = """greatest(
  CASE WHEN pg_current_xact_id() IS NOT NULL THEN clock_timestamp() END,
  (SELECT closed_until FROM ledger_clock WHERE singleton))"""
LEGS_BITS: Final = 5
LEGS_MASK: Final = (1 << LEGS_BITS) - 1
invariant(ENTRIES_MAX <= 1 << LEGS_BITS, "a leg does not fit beside its transaction's place")


# All of a batch in one statement; UNITS is the type that its amounts are read as.
#
# Balances are found by their key whatever the planner believes of the table: a join with the list
# might be planned as a product of the two. The list ascends, so `width_bucket` finds an account's
# place in it by halving; OFFSET 0 keeps that to once a row. Which of the inserts comes first is the
# server's choice, so both go by the ids of transactions, which ascend: somebody may be writing the
# same ones.
STATEMENT: Final = f"""
WITH given AS MATERIALIZED (
  SELECT s.accounts, $3::text::UNITS[] AS debits, $4::text::UNITS[] AS credits,
    $5::text::UNITS[] AS held, $6::text::int[] AS entries, $7::text::uuid[] AS transactions,
    s.accounts || $14::text::uuid[] AS named
  FROM (SELECT $2::text::uuid[] AS accounts OFFSET 0) s),
stamp AS MATERIALIZED (SELECT greatest({BOOKING_TIME}, $21::timestamptz) AS at),
moved AS (
  UPDATE ledger_balances b
  SET (debits, credits, held, version, last_booked_at) = (
    SELECT b.debits + g.debits[p.place], b.credits + g.credits[p.place],
      b.held + coalesce(g.held[p.place], 0), b.version + g.entries[p.place],
      CASE WHEN g.entries[p.place] > 0 THEN stamp.at ELSE b.last_booked_at END
    FROM (SELECT width_bucket(b.account_id, g.accounts) AS place OFFSET 0) p)
  FROM given g, stamp
  WHERE b.tenant_id = $1 AND b.account_id = ANY((SELECT accounts FROM given)::uuid[])
  RETURNING 1),
booked AS (
  INSERT INTO ledger_transactions (tenant_id, id, template, reference, effective_on, reverses,
    mirror_tenant_id, mirror_of, booked_at)
  SELECT $1, t.id, t.template, t.reference, t.effective_on, t.reverses, t.mirror_tenant_id,
    t.mirror_of, stamp.at
  FROM (
    SELECT unnest(g.transactions) AS id, unnest($8::text::text[]) AS template,
      unnest($9::text::text[]) AS reference, unnest($10::text::date[]) AS effective_on,
      unnest($11::text::uuid[]) AS reverses, unnest($12::text::uuid[]) AS mirror_tenant_id,
      unnest($13::text::uuid[]) AS mirror_of
    FROM given g) t
  CROSS JOIN stamp),
entered AS (
  INSERT INTO ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units,
    account_seq, balance_after, booked_at)
  SELECT $1, g.transactions[e.place >> {LEGS_BITS}], e.place & {LEGS_MASK},
    g.named[e.account], e.asset, e.units, e.account_seq, e.balance_after, stamp.at
  FROM (
    SELECT unnest($15::text::int[]) AS place, unnest($16::text::int[]) AS account,
      unnest($17::text::text[]) AS asset, unnest($18::text::UNITS[]) AS units,
      unnest($19::text::bigint[]) AS account_seq,
      unnest($20::text::UNITS[]) AS balance_after) e
  CROSS JOIN given g CROSS JOIN stamp)
SELECT count(*) FROM moved
"""


# Numbers of a fixed length are read and found in an array much faster than NUMERIC, which they
# become in the table. Ten ether are already too much for them.
WRITE: Final = STATEMENT.replace("UNITS", "bigint")
WRITE_LARGE: Final = STATEMENT.replace("UNITS", "numeric")

# As their bytes compare, which is how the database orders them.
HEADERS_IN_ORDER: Final = attrgetter("id.int")
ENTRIES_IN_ORDER: Final = attrgetter("transaction_id.int")


def batch_write(deltas: Deltas) -> tuple[str, tuple[str | None, ...]]:
    """The statement, and its parameters without the first and the last.

    The first is the tenant, and the last when the locked accounts were last booked at, if ever.
    """
    entries = sorted(deltas.entries, key=ENTRIES_IN_ORDER)
    strict = [delta.account_id for delta in deltas.accounts]
    named = dict.fromkeys(strict)
    named.update(dict.fromkeys([numbered.entry.account_id for numbered in entries]))
    places = dict(zip(named, count(1), strict=False))
    parameters = (
        array_text.ids(strict),
        *_balance_columns(deltas.accounts),
        *_transaction_columns(sorted(deltas.transactions, key=HEADERS_IN_ORDER)),
        array_text.ids(list(places)[len(strict) :]),
        *_entry_columns(entries, places),
    )
    return WRITE if _fits(deltas) else WRITE_LARGE, parameters


def _fits(deltas: Deltas) -> bool:
    amounts = [numbered.entry.units for numbered in deltas.entries]
    amounts += [each.balance_after or 0 for each in deltas.entries]
    amounts += [delta.held for delta in deltas.accounts]
    amounts += [delta.debits for delta in deltas.accounts]
    amounts += [delta.credits for delta in deltas.accounts]
    return not amounts or (min(amounts) >= -BIGINT_MAX and max(amounts) <= BIGINT_MAX)


def _balance_columns(strict: Sequence[AccountDelta]) -> tuple[str | None, ...]:
    held = [delta.held for delta in strict]
    return (
        array_text.numbers([delta.debits for delta in strict]),
        array_text.numbers([delta.credits for delta in strict]),
        array_text.numbers(held) if any(held) else None,
        array_text.numbers([delta.entries for delta in strict]),
    )


def _transaction_columns(transactions: Sequence[JournalTransaction]) -> tuple[str | None, ...]:
    mirrors = [transaction.mirror_of for transaction in transactions]
    return (
        array_text.ids([transaction.id for transaction in transactions]),
        array_text.texts([transaction.template for transaction in transactions]),
        array_text.texts([transaction.reference for transaction in transactions]),
        array_text.dates([transaction.effective_on for transaction in transactions]),
        array_text.optional_ids([transaction.reverses for transaction in transactions]),
        array_text.optional_ids(
            [None if mirror is None else mirror.tenant_id for mirror in mirrors]
        ),
        array_text.optional_ids(
            [None if mirror is None else mirror.transaction_id for mirror in mirrors]
        ),
    )


def _entry_columns(
    entries: Sequence[NumberedEntry], accounts: Mapping[AccountId, int]
) -> tuple[str | None, ...]:
    """Entries name transactions and accounts by place, counting from 1."""
    places: list[int] = []
    place = 0
    for numbered in entries:
        if numbered.leg == 0:
            place += 1 << LEGS_BITS
        places.append(place | numbered.leg)
    moved = [numbered.entry for numbered in entries]
    return (
        array_text.numbers(places),
        array_text.numbers([accounts[entry.account_id] for entry in moved]),
        array_text.texts([entry.asset for entry in moved]),
        array_text.numbers([entry.units for entry in moved]),
        array_text.optional_numbers([numbered.account_seq for numbered in entries]),
        array_text.optional_numbers([numbered.balance_after for numbered in entries]),
    )
