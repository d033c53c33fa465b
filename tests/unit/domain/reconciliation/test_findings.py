"""What kind of difference it is: a table, one row per reason."""

from datetime import datetime, timedelta

import pytest

from domain.reconciliation.findings import TIMING_SLACK, BreakType, Knowledge, reconcile
from domain.reconciliation.gates import (
    Position,
    StatementNotContinuous,
    StatementUnbalanced,
    require_sums,
)
from domain.reconciliation.sides import Item, Line
from domain.reconciliation.source import POLICIES, SourceKind
from tests.unit.domain.reconciliation.sides import UNTIL, USDT, item, knowing, line

LP = POLICIES[SourceKind.LP_EXECUTIONS]
BANK = POLICIES[SourceKind.RAIL]
END_OF_MONTH = UNTIL.date() - timedelta(days=1)
NINE = datetime.combine(END_OF_MONTH, datetime.min.time(), UNTIL.tzinfo) + timedelta(hours=9)
SOON_AFTER = NINE + TIMING_SLACK
LONG_AFTER = SOON_AFTER + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("lines", "items", "known", "expected"),
    [
        ([line(1, "a", 5)], [], knowing(), [(BreakType.MISSING_INTERNAL, 5)]),
        ([], [item(1, "a", 5)], knowing(), [(BreakType.MISSING_EXTERNAL, -5)]),
        ([line(1, "a", 5)], [], knowing(unfinished={"a": "?"}), [(BreakType.TIMING, 5)]),
        ([], [item(1, "a", 5)], knowing(pending=frozenset("a")), [(BreakType.TIMING, -5)]),
        ([], [item(1, "a", 5)], knowing(failed=frozenset("a")), [(BreakType.REVERSED, -5)]),
        (
            [],
            [item(1, "a", 5, on=END_OF_MONTH)],
            knowing(until=SOON_AFTER),
            [(BreakType.TIMING, -5)],
        ),
        (
            [],
            [item(1, "a", 5, on=END_OF_MONTH)],
            knowing(until=LONG_AFTER),
            [(BreakType.MISSING_EXTERNAL, -5)],
        ),
        ([line(1, "a", 5)], [item(1, "a", 7)], knowing(), [(BreakType.AMOUNT, -2)]),
        ([line(1, "a", 7)], [item(1, "a", 5)], knowing(), [(BreakType.AMOUNT, 2)]),
        ([line(1, "a", 6)], [item(1, "a", 5)], knowing(), [(BreakType.FX_ROUNDING, 1)]),
        (
            [line(1, "a", 5)],
            [],
            knowing(earlier=frozenset({(USDT, "a")})),
            [(BreakType.DUPLICATE, 5)],
        ),
        (
            [line(1, "a", 5)],
            [item(1, "a", 5), item(2, "a", 5)],
            knowing(),
            [(BreakType.DUPLICATE, -5)],
        ),
    ],
)
def test_kind_of_difference(
    lines: list[Line], items: list[Item], known: Knowledge, expected: list[tuple[str, int]]
) -> None:
    found = reconcile(lines, items, policy=LP, known=known)
    assert [(each.type, each.units) for each in found.findings] == expected


def test_entry_booked_after_the_end_belongs_to_the_next_statement_unless_it_matches() -> None:
    late = [item(1, "a", 5, on=END_OF_MONTH), item(2, "b", 7, on=END_OF_MONTH)]
    found = reconcile([line(1, "a", 5)], late, policy=LP, known=knowing(until=NINE))
    assert found.findings == ()
    assert [each.items for each in found.matches] == [(late[0],)]
    assert found.later == (late[1],)


@pytest.mark.parametrize(
    ("line_units", "item_units", "expected"),
    [
        (980, 1_000, BreakType.FEE),
        (979, 1_000, BreakType.AMOUNT),
        (1_020, 1_000, BreakType.AMOUNT),
        (-1_020, -1_000, BreakType.FEE),
        (-980, -1_000, BreakType.AMOUNT),
    ],
)
def test_fee_is_a_bounded_shortfall(line_units: int, item_units: int, expected: str) -> None:
    lines, items = [line(1, "a", line_units)], [item(1, "a", item_units)]
    (found,) = reconcile(lines, items, policy=BANK, known=knowing()).findings
    assert (found.type, found.units) == (expected, line_units - item_units)


def position(**changes: int) -> Position:
    whole = {"opening": 10, "lines": 5, "other": 0, "closing": 15, "pending": 0}
    whole |= {"ledger": 15, "breaks": 0, **changes}
    return Position(asset=USDT, reported=True, **whole)


@pytest.mark.parametrize(
    ("changes", "by_lines", "by_books"),
    [
        ({}, 0, 0),
        ({"closing": 16}, 1, 1),
        ({"closing": 16, "other": 1, "ledger": 16}, 0, 0),
        ({"ledger": 12, "breaks": 3}, 0, 0),
        ({"ledger": 12}, 0, 3),
        ({"closing": 16, "pending": 1}, 0, 0),
        ({"pending": 1}, 0, 0),
        ({"closing": 17, "pending": 1}, 2, 2),
        ({"opening": 15, "opening_pending": 5}, 0, 0),
        ({"opening": 16, "opening_pending": 5}, -1, 0),
    ],
)
def test_gates(changes: dict[str, int], by_lines: int, by_books: int) -> None:
    gates = position(**changes)
    assert (gates.unexplained_by_lines, gates.unexplained_by_books) == (by_lines, by_books)


def test_file_whose_lines_do_not_lead_to_its_closing_is_refused() -> None:
    with pytest.raises(StatementUnbalanced):
        require_sums(USDT, opening=10, lines=4, closing=15, previous_closing=10)
    require_sums(USDT, opening=10, lines=5, closing=15, previous_closing=None)


def test_file_that_does_not_follow_the_one_before_is_refused() -> None:
    with pytest.raises(StatementNotContinuous):
        require_sums(USDT, opening=10, lines=5, closing=15, previous_closing=9)
    require_sums(USDT, opening=10, lines=5, closing=15, previous_closing=10)
