"""What a run came to, per source and asset: the gates, what matched, and what is open by age."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date

import msgspec

from application.ports.reconciliation import Statement
from application.reconciliation.comparing import Comparison
from domain.reconciliation.ageing import AgeBucket, age_bucket
from domain.reconciliation.breaks import Break
from domain.reconciliation.findings import BreakType
from domain.reconciliation.gates import Position
from domain.reconciliation.matching import MatchRule, Pair
from domain.shared.money import AssetCode


class BreakLine(msgspec.Struct, frozen=True, kw_only=True):
    """Open breaks of one type, asset and age. `units` nets them, `gross_units` does not."""

    asset: AssetCode
    type: BreakType
    age: AgeBucket
    count: int
    units: int
    gross_units: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`matched` counts the matches of this run by rule, `closed` the breaks that it closed."""

    statement: Statement
    new_lines: int
    matched: dict[MatchRule, int]
    opened: int
    closed: int
    suggestions: tuple[Pair, ...]
    breaks: tuple[BreakLine, ...]

    @property
    def gates_passed(self) -> bool:
        return all(gates_passed(each) for each in self.statement.positions)

    @property
    def clean(self) -> bool:
        """All gates passed and nothing is open."""
        return self.gates_passed and not self.breaks

    @property
    def quiet(self) -> bool:
        """Nothing for people: all gates passed, and what is open only waits for its other side."""
        return self.gates_passed and all(each.type is BreakType.TIMING for each in self.breaks)


def gates_passed(position: Position) -> bool:
    return position.unexplained_by_lines == 0 and position.unexplained_by_books == 0


def report(found: Comparison, open_breaks: Iterable[Break], *, today: date) -> Report:
    return Report(
        statement=found.statement,
        new_lines=len(found.lines),
        matched=dict(sorted(Counter(each.rule for each in found.matches).items())),
        opened=len(found.opened),
        closed=sum(each.resolution is not None for each in found.changed),
        suggestions=found.suggestions,
        breaks=summary(open_breaks, today=today),
    )


def summary(open_breaks: Iterable[Break], *, today: date) -> tuple[BreakLine, ...]:
    groups: defaultdict[tuple[AssetCode, BreakType, AgeBucket], list[int]] = defaultdict(list)
    for each in open_breaks:
        groups[each.asset, each.type, age_bucket(each.value_on, today)].append(each.units)
    order = list(AgeBucket)
    return tuple(
        BreakLine(
            asset=asset,
            type=kind,
            age=age,
            count=len(units),
            units=sum(units),
            gross_units=sum(abs(each) for each in units),
        )
        for (asset, kind, age), units in sorted(
            groups.items(), key=lambda each: (each[0][0], each[0][1], order.index(each[0][2]))
        )
    )
