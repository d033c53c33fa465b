"""The rules one by one; which rule finds what, and what no rule may find."""

from datetime import timedelta

import pytest

from domain.reconciliation.matching import MatchRule, match
from domain.reconciliation.sides import Item, Line
from domain.reconciliation.source import POLICIES, MatchingPolicy, SourceKind
from domain.shared.money import AssetCode
from tests.unit.domain.reconciliation.sides import MONDAY, USDT, item, line

BANK = POLICIES[SourceKind.RAIL]
LP = POLICIES[SourceKind.LP_EXECUTIONS]


@pytest.mark.parametrize(
    ("lines", "items", "rules"),
    [
        ([line(1, "a", 5)], [item(1, "a", 5)], [MatchRule.REFERENCE]),
        ([line(1, "a", 5)], [item(1, "x a", 5)], [MatchRule.REFERENCE]),
        ([line(1, "a", -5)], [item(1, "a", 5)], []),
        ([line(1, "a", 5), line(2, "a", 7)], [item(1, "a", 7), item(2, "a", 5)], ["2"] * 2),
        ([line(1, "a", 5), line(2, "a", 5)], [item(1, "a", 5)], ["2"]),
        ([line(1, "a", 5)], [item(1, "b", 5)], ["3"]),
        ([line(1, "a", 5)], [item(1, "b", 5, on=MONDAY + timedelta(days=3))], ["3"]),
        ([line(1, "a", 5)], [item(1, "b", 5, on=MONDAY + timedelta(days=4))], []),
        ([line(1, "a", 5)], [item(1, "b", 5), item(2, "c", 5)], []),
        ([line(1, "a", 5), line(2, "b", 5)], [item(1, "c", 5)], []),
        ([line(1, "a", 2, batch="p"), line(2, "b", 3, batch="p")], [item(1, "p", 5)], ["4"]),
        ([line(1, "a", 2, batch="p"), line(2, "b", 4, batch="p")], [item(1, "p", 5)], []),
        ([line(1, "p", 5)], [item(1, "a", 2, batch="p"), item(2, "b", 3, batch="p")], ["4"]),
        ([line(1, "a", 5, batch="p")], [item(1, "b", 5)], []),
    ],
)
def test_rule_that_matches(lines: list[Line], items: list[Item], rules: list[str]) -> None:
    named = {
        "2": MatchRule.REFERENCE_AND_AMOUNT,
        "3": MatchRule.AMOUNT_IN_WINDOW,
        "4": MatchRule.BATCH,
    }
    found = match(lines, items, policy=BANK)
    assert [each.rule for each in found.matches] == [named.get(rule, rule) for rule in rules]


def test_reference_goes_before_an_equal_amount() -> None:
    lines = [line(1, "a", 5), line(2, "b", 5)]
    items = [item(1, "b", 5), item(2, "c", 5)]
    found = match(lines, items, policy=BANK)
    assert [(each.rule, each.lines[0].ref) for each in found.matches] == [
        (MatchRule.REFERENCE, "b"),
        (MatchRule.AMOUNT_IN_WINDOW, "a"),
    ]


def test_one_name_and_two_amounts_is_a_pair_that_no_other_rule_breaks_up() -> None:
    found = match([line(1, "a", 4)], [item(1, "a", 5), item(2, "b", 4)], policy=BANK)
    assert [(each.line.ref, each.item.units) for each in found.pairs] == [("a", 5)]
    assert found.matches == ()
    assert [each.units for each in found.items] == [4]


def test_list_that_names_everything_gets_suggestions_and_no_matches_by_amount() -> None:
    found = match([line(1, "a", 5)], [item(1, "b", 5)], policy=LP)
    assert found.matches == ()
    assert [(each.line.ref, each.item.refs) for each in found.suggestions] == [("a", ("b",))]
    assert (len(found.lines), len(found.items)) == (1, 1)


def test_second_line_of_a_matched_name_is_not_matched_by_its_amount() -> None:
    lines, items = [line(1, "a", 5), line(2, "a", 5)], [item(1, "a", 5), item(2, "b", 5)]
    found = match(lines, items, policy=BANK)
    assert len(found.matches) == 1
    assert (len(found.lines), len(found.items)) == (1, 1)


def test_name_matched_earlier_is_not_matched_by_its_amount() -> None:
    earlier = frozenset({(USDT, "a")})
    found = match([line(1, "a", 5)], [item(1, "b", 5)], policy=BANK, earlier=earlier)
    assert found.matches == ()


def test_equal_amounts_of_two_assets_have_nothing_in_common() -> None:
    found = match([line(1, "a", 5)], [item(1, "a", 5, asset=AssetCode("BTC"))], policy=BANK)
    assert (found.matches, found.pairs) == ((), ())


def test_window_of_no_days_is_the_same_day() -> None:
    same_day = MatchingPolicy(fuzzy_matches=True, window_days=0, rounding_units=0, fee_ppm_max=0)
    near = item(1, "b", 5, on=MONDAY + timedelta(days=1))
    assert match([line(1, "a", 5)], [near], policy=same_day).matches == ()
    assert match([line(1, "a", 5)], [item(1, "b", 5)], policy=same_day).matches != ()
