"""Run after run over a random world: whatever comes late, twice, wrong or never, nothing is lost.

Executions happen at an LP; the LP lists each at some run or never, and we book each at some run or
never, with the LP's amount or another. After each run every line and entry that is there is in one
match or in one open break, and the breaks explain the difference to the unit.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from application.ports.reconciliation import LedgerEntry, LedgerSide, MatchRecord, Statement
from application.reconciliation.books import Books
from application.reconciliation.comparing import Comparing, Comparison, Known
from application.reconciliation.reading import StatementRead
from domain.ledger.chart import AccountCode
from domain.reconciliation.breaks import Break, BreakState, Resolution
from domain.reconciliation.matching import MatchRule, Name
from domain.reconciliation.sides import ItemKey, Line
from domain.reconciliation.source import Source, SourceKind
from domain.shared.ids import AccountId, BreakId, LineId, TransactionId
from domain.shared.money import AssetCode

USDT = AssetCode("USDT")
ACCOUNT = AccountId(UUID(int=1))
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
RUNS = 4
LP = Source(
    name="lp",
    kind=SourceKind.LP_EXECUTIONS,
    account_code=AccountCode.LP_INVENTORY,
    account_owner="lp",
)
BANK = Source(name="bank", kind=SourceKind.CSV, account_code=AccountCode.CUSTODY)
WHEN = st.one_of(st.none(), st.integers(0, RUNS - 1))


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """`listed` and `booked` are runs; None is never."""

    ref: str
    units: int
    booked_units: int
    listed: int | None
    booked: int | None
    capital: bool


MOVEMENTS = st.lists(
    st.builds(
        Movement,
        ref=st.sampled_from("abcdefg"),
        units=st.sampled_from((-7, -5, -1, 1, 5, 5, 7)),
        booked_units=st.sampled_from((-7, -5, -1, 1, 5, 5, 7)),
        listed=WHEN,
        booked=WHEN,
        capital=st.booleans(),
    ),
    max_size=8,
)


class Kept:
    """What a store would keep, with the rules its indexes have."""

    def __init__(self) -> None:
        self.lines: dict[LineId, Line] = {}
        self.matches: list[MatchRecord] = []
        self.breaks: dict[BreakId, Break] = {}
        self.last: Statement | None = None

    @property
    def open(self) -> tuple[Break, ...]:
        return tuple(each for each in self.breaks.values() if each.state is not BreakState.CLOSED)

    @property
    def matched_lines(self) -> Counter[LineId]:
        return Counter(line for each in self.matches for line, _ in each.lines)

    @property
    def matched_items(self) -> Counter[ItemKey]:
        return Counter(key for each in self.matches for key, _ in each.items)

    def known(self) -> Known:
        matched = self.matched_lines
        names: dict[Name, bool] = {}
        for line in self.lines.values():
            name = (line.asset, line.ref)
            names[name] = names.get(name, False) or line.id in matched
        open_lines = [self.lines[each.line_id] for each in self.open if each.line_id is not None]
        return Known(
            previous=self.last,
            open_breaks=self.open,
            lines=tuple(open_lines),
            names=names,
            finished=frozenset(self.matched_items),
        )

    def record(self, found: Comparison) -> None:
        self.lines |= {each.id: each for each in found.lines}
        self.matches += found.matches
        for each in found.changed:
            assert self.breaks[each.id].version == each.version - 1
            assert self.breaks[each.id].state is not BreakState.CLOSED
            self.breaks[each.id] = each
        for each in found.opened:
            assert each.id not in self.breaks
            self.breaks[each.id] = each
        self.last = found.statement


def numbers() -> Callable[[], UUID]:
    count = 0

    def new() -> UUID:
        nonlocal count
        count += 1
        return UUID(int=count)

    return new


def entry(number: int, movement: Movement, run: int) -> LedgerEntry:
    template = "capital_paid_in" if movement.capital else "trade_mirror"
    return LedgerEntry(
        key=ItemKey(ACCOUNT, TransactionId(UUID(int=number))),
        asset=USDT,
        units=movement.booked_units,
        booked_at=START + run * 24 * HOUR - HOUR,
        template=template,
        reference=movement.ref,
        mirror_of=None,
    )


def statement(
    source: Source, movements: list[Movement], run: int, *, extra: int, ids: Callable[[], UUID]
) -> StatementRead:
    """A list shows again what it has shown. `extra` is in the balance and on no list."""
    until = START + run * 24 * HOUR
    repeats = source.kind is SourceKind.LP_EXECUTIONS
    shown = [
        each
        for each in movements
        if each.listed is not None and (each.listed <= run if repeats else each.listed == run)
    ]
    if repeats:
        # Its own names are unique in an LP's list.
        shown = list({each.ref: each for each in shown}.values())
    capital = sum(
        each.booked_units
        for each in movements
        if repeats and each.capital and each.booked is not None and each.booked <= run
    )
    listed = {each.ref: each for each in movements if each.listed is not None}
    everything = [
        each
        for each in (listed.values() if repeats else movements)
        if each.listed is not None and each.listed <= run
    ]
    closing = sum(each.units for each in everything) + capital + extra
    return StatementRead(
        source=source,
        since=until - 24 * HOUR,
        until=until,
        list_from=until,
        digest=bytes(32),
        lines=tuple(
            Line(
                id=LineId(ids()),
                ref=each.ref,
                asset=USDT,
                units=each.units,
                value_on=until.date(),
            )
            for each in shown
        ),
        may_repeat=repeats,
        opening=None,
        closing={USDT: closing},
    )


def books(movements: list[Movement], run: int) -> Books:
    entries = [
        entry(number, each, each.booked)
        for number, each in enumerate(movements, start=1)
        if each.booked is not None and each.booked <= run
    ]
    side = LedgerSide(
        accounts={USDT: ACCOUNT},
        balances={USDT: sum(each.units for each in entries)},
        entries=tuple(entries),
    )
    return Books(side=side, executions={}, unfinished={})


def movement(units: int, booked_units: int, *, listed: int, booked: int | None) -> Movement:
    return Movement(
        ref="a",
        units=units,
        booked_units=booked_units,
        listed=listed,
        booked=booked,
        capital=False,
    )


# A pair that falls apart when a second line of its name comes.
FALLS_APART = [movement(5, 7, listed=0, booked=0), movement(1, 1, listed=1, booked=None)]


@example(BANK, FALLS_APART, [0] * RUNS)
@given(st.sampled_from((LP, BANK)), MOVEMENTS, st.lists(st.sampled_from((0, 0, 3)), min_size=RUNS))
def test_nothing_is_lost_between_runs(
    source: Source, movements: list[Movement], extras: list[int]
) -> None:
    kept, ids = Kept(), numbers()
    if source is LP:
        # One movement of one name: a second one would be another row of the first.
        movements = list({each.ref: each for each in movements}.values())
    for run in range(RUNS):
        read = statement(source, movements, run, extra=extras[run], ids=ids)
        ours = books(movements, run)
        at = read.until + timedelta(minutes=1)
        found = Comparing(read, ours, kept.known(), at=at, ids=ids).compare()
        kept.record(found)
        check_once(kept, ours)
        (position,) = found.statement.positions or (None,)
        if position is not None:
            of_balance = sum(each.units for each in kept.open if each.is_of_balance)
            assert position.unexplained_by_books == of_balance
            assert position.closing - position.ledger == sum(each.units for each in kept.open)


def check_once(kept: Kept, ours: Books) -> None:
    in_break = Counter(each.line_id for each in kept.open if each.line_id is not None)
    assert kept.matched_lines + in_break == Counter(list(kept.lines))
    items = Counter(each.item.key for each in kept.open if each.item is not None)
    assert kept.matched_items + items == Counter(each.key for each in ours.side.entries)
    assert sum(each.is_of_balance for each in kept.open) <= 1
    for match in kept.matches:
        if match.rule is not MatchRule.OTHER_SOURCE:
            assert sum(units for _, units in match.lines) == sum(units for _, units in match.items)
    for each in kept.breaks.values():
        assert each.resolution in (None, Resolution.MATCH)
