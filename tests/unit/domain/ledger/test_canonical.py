"""No two different transactions share their bytes, and every column is in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.ledger.canonical import (
    FORMAT,
    FORMATS,
    JournalRow,
    row_bytes,
    text_bytes,
    transaction_bytes,
)
from domain.shared.errors import InvariantViolation

COLUMNS = FORMATS[FORMAT]
VALUES = st.none() | st.text(max_size=8)
FIELDS = st.dictionaries(st.text(max_size=4), VALUES, max_size=5)


def rows() -> st.SearchStrategy[JournalRow]:
    header = st.fixed_dictionaries(dict.fromkeys(COLUMNS.header, VALUES))
    entry = st.fixed_dictionaries(dict.fromkeys(COLUMNS.entry_with_account, VALUES))
    return st.builds(JournalRow, header, st.lists(entry, max_size=4).map(tuple))


@given(FIELDS, FIELDS)
def test_different_rows_have_different_bytes(one: dict[str, str], other: dict[str, str]) -> None:
    same = list(one.items()) == list(other.items())
    assert (row_bytes(one) == row_bytes(other)) is same


@given(rows(), rows())
def test_different_transactions_have_different_bytes(one: JournalRow, other: JournalRow) -> None:
    assert (transaction_bytes(one) == transaction_bytes(other)) is (one == other)


@given(rows())
def test_transaction_is_its_title_its_header_and_its_counted_entries(row: JournalRow) -> None:
    assert transaction_bytes(row) == b"".join(
        (
            text_bytes("aksum transaction 1"),
            row_bytes({name: row.header[name] for name in COLUMNS.header}),
            len(row.entries).to_bytes(4, "big"),
            *(
                row_bytes({name: entry[name] for name in COLUMNS.entry_with_account})
                for entry in row.entries
            ),
        )
    )


@given(rows(), st.data())
def test_change_of_any_column_changes_the_bytes(row: JournalRow, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(COLUMNS.header))
    value = data.draw(VALUES.filter(lambda each: each != row.header[name]))
    changed = replace(row, header={**row.header, name: value})
    assert transaction_bytes(changed) != transaction_bytes(row)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": None}, {"a": ""}),
        ({"a": "bc"}, {"ab": "c"}),
        ({"a": "", "b": None}, {"a": None, "b": ""}),
        ({}, {"": ""}),
        ({"a": "\x00"}, {"a": "\x01"}),
    ],
)
def test_what_looks_alike_is_told_apart(one: dict[str, str], other: dict[str, str]) -> None:
    assert row_bytes(one) != row_bytes(other)


def test_entry_moved_to_another_transaction_changes_both() -> None:
    header = dict.fromkeys(COLUMNS.header, "x")
    first, second = (
        {**dict.fromkeys(COLUMNS.entry_with_account, "x"), "leg": leg} for leg in ("0", "1")
    )
    whole = JournalRow(header, (first, second))
    assert transaction_bytes(whole) != transaction_bytes(JournalRow(header, (first,)))
    assert transaction_bytes(whole) != transaction_bytes(JournalRow(header, (second, first)))


def test_column_that_is_missing_is_a_bug_and_one_more_is_not_sealed_by_this_format() -> None:
    header = dict.fromkeys(COLUMNS.header, "x")
    row = JournalRow(header, ())
    assert transaction_bytes(replace(row, header={**header, "later": "y"})) == transaction_bytes(
        row
    )
    del header["reference"]
    with pytest.raises(InvariantViolation, match="reference"):
        transaction_bytes(row)
