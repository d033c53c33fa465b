"""Whatever comes in: everything ends once, sums agree to the unit, and order means nothing."""

from collections import Counter, defaultdict
from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.reconciliation.findings import Knowledge, Reconciled, reconcile
from domain.reconciliation.matching import MatchRule
from domain.reconciliation.sides import Item, Line
from domain.reconciliation.source import MatchingPolicy
from domain.shared.money import AssetCode
from tests.unit.domain.reconciliation.sides import MONDAY, UNTIL, item, line

# Few of everything, so that names, amounts and batches collide all the time.
REFS = st.sampled_from("abcd")
BATCHES = st.one_of(st.none(), st.sampled_from("abpq"))
UNITS = st.sampled_from((-3, -2, -1, 1, 2, 3, 5, 10**29))
DAYS = st.integers(0, 9).map(lambda days: MONDAY + timedelta(days=days))
ASSETS = st.sampled_from((AssetCode("USDT"), AssetCode("BTC")))
NAMES = st.frozensets(REFS, max_size=2)
POLICIES = st.builds(
    MatchingPolicy,
    fuzzy_matches=st.booleans(),
    window_days=st.integers(0, 3),
    rounding_units=st.integers(0, 1),
    fee_ppm_max=st.sampled_from((0, 400_000)),
)
KNOWN = st.builds(
    Knowledge,
    unfinished=NAMES.map(lambda refs: dict.fromkeys(refs, "under way")),
    pending=NAMES,
    failed=NAMES,
    earlier=st.frozensets(st.tuples(ASSETS, REFS), max_size=2),
    until=st.sampled_from((UNTIL, UNTIL - timedelta(days=28))),
)


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    count = draw(st.integers(0, 8))
    return [
        line(
            number,
            draw(REFS),
            draw(UNITS),
            on=draw(DAYS),
            batch=draw(BATCHES),
            asset=draw(ASSETS),
        )
        for number in range(count)
    ]


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    count = draw(st.integers(0, 8))
    return [
        item(
            number,
            " ".join(sorted(draw(st.sets(REFS, max_size=2)))),
            draw(UNITS),
            on=draw(DAYS),
            batch=draw(BATCHES),
            asset=draw(ASSETS),
        )
        for number in range(count)
    ]


def sums(found: Reconciled) -> dict[AssetCode, int]:
    by_asset: defaultdict[AssetCode, int] = defaultdict(int)
    for each in found.findings:
        by_asset[each.asset] += each.units
    return {asset: units for asset, units in by_asset.items() if units}


@given(lines(), items(), POLICIES, KNOWN)
def test_every_line_and_item_ends_in_one_match_or_one_break(
    lines: list[Line], items: list[Item], policy: MatchingPolicy, known: Knowledge
) -> None:
    found = reconcile(lines, items, policy=policy, known=known)
    ended_lines = Counter(each for match in found.matches for each in match.lines)
    ended_lines.update(each.line for each in found.findings if each.line is not None)
    ended_items = Counter(each for match in found.matches for each in match.items)
    ended_items.update(each.item for each in found.findings if each.item is not None)
    ended_items.update(found.later)
    assert ended_lines == Counter(lines)
    assert ended_items == Counter(items)


@given(lines(), items(), POLICIES, KNOWN)
def test_breaks_add_up_to_the_difference_between_the_sides(
    lines: list[Line], items: list[Item], policy: MatchingPolicy, known: Knowledge
) -> None:
    difference: defaultdict[AssetCode, int] = defaultdict(int)
    for each in lines:
        difference[each.asset] += each.units
    for entry in items:
        difference[entry.asset] -= entry.units
    found = reconcile(lines, items, policy=policy, known=known)
    for later in found.later:
        difference[later.asset] += later.units
    assert sums(found) == {asset: units for asset, units in difference.items() if units}


@given(lines(), items(), POLICIES, KNOWN, st.integers())
def test_order_of_what_comes_in_changes_nothing(
    lines: list[Line], items: list[Item], policy: MatchingPolicy, known: Knowledge, seed: int
) -> None:
    expected = reconcile(lines, items, policy=policy, known=known)
    shuffled = Random(seed)
    shuffled.shuffle(lines)
    shuffled.shuffle(items)
    assert reconcile(lines, items, policy=policy, known=known) == expected


@given(lines(), items(), POLICIES, KNOWN)
def test_amount_alone_matches_only_what_has_no_rival(
    lines: list[Line], items: list[Item], policy: MatchingPolicy, known: Knowledge
) -> None:
    found = reconcile(lines, items, policy=policy, known=known)
    by_amount = [each for each in found.matches if each.rule is MatchRule.AMOUNT_IN_WINDOW]
    assert policy.fuzzy_matches or not by_amount
    for each in by_amount:
        (matched_line,), (matched_item,) = each.lines, each.items
        assert matched_line.batch_ref is None
        assert matched_item.batch_ref is None
        same_day = [
            rival
            for match in by_amount
            for rival in match.items
            if (rival.asset, rival.units, rival.value_on)
            == (matched_item.asset, matched_item.units, matched_item.value_on)
        ]
        assert same_day == [matched_item]
