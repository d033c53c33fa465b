"""Which line is which entry. Rules in order, each over what the ones before it left.

1. `reference`: one line and one entry of one name. Equal amounts match; others are a pair that
   differs, and neither is looked at again.
2. `reference_and_amount`: several of one name are paired by equal amounts.
3. `amount_in_window`: equal amounts within some days, each the other's only candidate. Lines and
   entries that are parts of a batch, or have a name that was matched already, do not take part.
4. `batch`: all lines that name one payment add up to the one entry of that name, or all entries to
   one line. Never a search for a subset that happens to fit.

A line and an entry are matched once at most, and the result does not depend on their order.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import TypeVar

import msgspec

from ..shared.errors import invariant
from ..shared.money import AssetCode
from .ageing import business_days
from .sides import Item, Line
from .source import MatchingPolicy

Name = tuple[AssetCode, str]
"""What a line and an entry have in common: the asset and a reference."""

T = TypeVar("T", Line, Item)


class MatchRule(StrEnum):
    """The last five are not found by matching: `runs` and people make those.

    `other_source`: another list of the source shows it. `manual`: an operator says so. The rest
    close a break by a posting.
    """

    REFERENCE = "reference"
    REFERENCE_AND_AMOUNT = "reference_and_amount"
    AMOUNT_IN_WINDOW = "amount_in_window"
    BATCH = "batch"
    OTHER_SOURCE = "other_source"
    MANUAL = "manual"
    ADJUSTMENT = "adjustment"
    WRITE_OFF = "write_off"
    BALANCE = "balance"


class Match(msgspec.Struct, frozen=True):
    """Lines and entries that are the same movement: both sides add up to the same, to the unit."""

    rule: MatchRule
    lines: tuple[Line, ...]
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        assets = {line.asset for line in self.lines} | {item.asset for item in self.items}
        invariant(len(assets) == 1, "a match is in one asset")
        theirs, ours = total(self.lines), total(self.items)
        invariant(theirs == ours, "both sides of a match add up to the same")


class Pair(msgspec.Struct, frozen=True):
    """One name on both sides, and two amounts. Or a suggestion: two names and one amount."""

    line: Line
    item: Item


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that came in, once: matched, in a differing pair, or left. Suggestions are of
    what is left.
    """

    matches: tuple[Match, ...]
    pairs: tuple[Pair, ...]
    lines: tuple[Line, ...]
    items: tuple[Item, ...]
    names: frozenset[Name]
    suggestions: tuple[Pair, ...]


def total(side: Iterable[Line] | Iterable[Item]) -> int:
    return sum(each.units for each in side)


def match(
    lines: Iterable[Line],
    items: Iterable[Item],
    *,
    policy: MatchingPolicy,
    earlier: AbstractSet[Name] = frozenset(),
) -> Matched:
    """`earlier` are names that were matched before: another of that name is a duplicate."""
    pool = _Pool(lines, items)
    pairs = _by_reference(pool)
    names = {*earlier, *(name for each in pool.matches for name in _names(each))}
    suggestions = _by_amount(pool, policy, names)
    _by_batch(pool)
    return Matched(
        matches=tuple(pool.matches),
        pairs=tuple(pairs),
        lines=tuple(pool.lines),
        items=tuple(pool.items),
        names=frozenset(names),
        suggestions=tuple(
            each for each in suggestions if each.line in pool.lines and each.item in pool.items
        ),
    )


class _Pool:
    """What nothing has matched yet, in an order of its own. Dicts, because order is the point."""

    def __init__(self, lines: Iterable[Line], items: Iterable[Item]) -> None:
        self.lines = dict.fromkeys(sorted(lines, key=_line_order))
        self.items = dict.fromkeys(sorted(items, key=_item_order))
        self.matches: list[Match] = []

    def match(self, rule: MatchRule, lines: tuple[Line, ...], items: tuple[Item, ...]) -> None:
        self.take(lines, items)
        self.matches.append(Match(rule, lines, items))

    def take(self, lines: Iterable[Line], items: Iterable[Item]) -> None:
        for line in lines:
            del self.lines[line]
        for item in items:
            del self.items[item]


def _by_reference(pool: _Pool) -> list[Pair]:
    pairs: list[Pair] = []
    candidates = _by_name(pool.items)
    for name, lines in _grouped((line.asset, line.ref, line) for line in pool.lines).items():
        items = [item for item in candidates.get(name, ()) if item in pool.items]
        alone = len(lines) == len(items) == 1
        rule = MatchRule.REFERENCE if alone else MatchRule.REFERENCE_AND_AMOUNT
        open_lines: list[Line] = []
        for line in lines:
            found = next((item for item in items if item.units == line.units), None)
            if found is None:
                open_lines.append(line)
                continue
            items.remove(found)
            pool.match(rule, (line,), (found,))
        if len(open_lines) == len(items) == 1:
            pairs.append(Pair(open_lines[0], items[0]))
            pool.take(open_lines, items)
    return pairs


def _by_amount(pool: _Pool, policy: MatchingPolicy, names: AbstractSet[Name]) -> list[Pair]:
    """All candidates are looked for before the first is taken."""
    lines = [
        each for each in pool.lines if not each.batch_ref and (each.asset, each.ref) not in names
    ]
    amounts: defaultdict[tuple[AssetCode, int], list[Item]] = defaultdict(list)
    for item in pool.items:
        if not item.batch_ref and not any((item.asset, ref) in names for ref in item.refs):
            amounts[item.asset, item.units].append(item)
    near = {
        line: [
            item
            for item in amounts.get((line.asset, line.units), ())
            if abs(business_days(line.value_on, item.value_on)) <= policy.window_days
        ]
        for line in lines
    }
    wanted: defaultdict[Item, int] = defaultdict(int)
    for items in near.values():
        for item in items:
            wanted[item] += 1
    sole = [
        Pair(line, items[0])
        for line, items in near.items()
        if len(items) == 1 and wanted[items[0]] == 1
    ]
    if not policy.fuzzy_matches:
        return sole
    for each in sole:
        pool.match(MatchRule.AMOUNT_IN_WINDOW, (each.line,), (each.item,))
    return []


def _by_batch(pool: _Pool) -> None:
    candidates = _by_name(pool.items)
    parts = ((line.asset, line.batch_ref, line) for line in pool.lines if line.batch_ref)
    for name, lines in _grouped(parts).items():
        whole = [item for item in candidates.get(name, ()) if item in pool.items]
        if len(whole) == 1 and total(lines) == whole[0].units:
            pool.match(MatchRule.BATCH, tuple(lines), (whole[0],))
    named = _grouped((line.asset, line.ref, line) for line in pool.lines)
    entries = ((item.asset, item.batch_ref, item) for item in pool.items if item.batch_ref)
    for name, items in _grouped(entries).items():
        one = named.get(name, ())
        if len(one) == 1 and one[0] in pool.lines and total(items) == one[0].units:
            pool.match(MatchRule.BATCH, (one[0],), tuple(items))


def _grouped(named: Iterable[tuple[AssetCode, str, T]]) -> Mapping[Name, list[T]]:
    """By name, in order of the names."""
    groups: defaultdict[Name, list[T]] = defaultdict(list)
    for asset, ref, each in named:
        groups[asset, ref].append(each)
    return dict(sorted(groups.items()))


def _by_name(items: Iterable[Item]) -> Mapping[Name, list[Item]]:
    return _grouped((item.asset, ref, item) for item in items for ref in sorted(set(item.refs)))


def _names(found: Match) -> Iterable[Name]:
    yield from ((line.asset, line.ref) for line in found.lines)
    yield from ((item.asset, ref) for item in found.items for ref in item.refs)


def _line_order(line: Line) -> tuple[object, ...]:
    return (line.asset, line.ref, line.units, line.value_on, line.batch_ref or "", line.id)


def _item_order(item: Item) -> tuple[object, ...]:
    return (item.asset, item.refs, item.units, item.booked_at, item.batch_ref or "", item.key)
