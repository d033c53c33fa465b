"""From both sides and the open breaks to all that is to be recorded. Pure: ids come in."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID

import msgspec

from application.ports.reconciliation import LedgerEntry, MatchRecord, Statement
from application.reconciliation.books import Books
from application.reconciliation.reading import StatementRead
from domain.reconciliation import breaks
from domain.reconciliation.breaks import Break
from domain.reconciliation.findings import BreakType, Finding, Knowledge, Reconciled, reconcile
from domain.reconciliation.gates import Position
from domain.reconciliation.matching import Match, MatchRule, Name, Pair
from domain.reconciliation.sides import Item, ItemKey, Line
from domain.shared.ids import BreakId, LineId, MatchId, StatementId
from domain.shared.money import AssetCode

Ids = Callable[[], UUID]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier runs left, read under the source's lock.

    `names` are those of stored lines, True where one is matched; `lines` those of open breaks.
    """

    previous: Statement | None
    open_breaks: tuple[Break, ...]
    lines: tuple[Line, ...]
    names: Mapping[Name, bool]
    finished: AbstractSet[ItemKey]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    statement: Statement
    lines: tuple[Line, ...]
    matches: tuple[MatchRecord, ...]
    opened: tuple[Break, ...]
    changed: tuple[Break, ...]
    suggestions: tuple[Pair, ...]


class Comparing:
    """One statement at one time. `ids` gives new ids, in order."""

    def __init__(
        self, read: StatementRead, books: Books, known: Known, *, at: datetime, ids: Ids
    ) -> None:
        self._read, self._books, self._known = read, books, known
        self._at, self._ids = at, ids
        self._id = StatementId(ids())
        self._matches: list[MatchRecord] = []
        self._opened: list[Break] = []
        self._changed: list[Break] = []

    def compare(self) -> Comparison:
        read, known = self._read, self._known
        lines = self._new_lines()
        carried = [each for each in known.open_breaks if self._in_scope(each.asset)]
        items = self._new_items(carried)
        carried_items = [each.item for each in carried if each.item is not None]
        found = reconcile(
            [*(each for each in known.lines if self._in_scope(each.asset)), *lines],
            [*carried_items, *items],
            policy=read.source.policy,
            known=self._knowledge(),
        )
        other = self._other_entries()
        self._record_matches(found.matches, other)
        self._record_findings(found, [each for each in carried if not each.is_of_balance])
        positions = self._positions(lines, found, other)
        self._record_balances(positions, [each for each in carried if each.is_of_balance])
        return Comparison(
            statement=self._statement(positions),
            lines=tuple(lines),
            matches=tuple(self._matches),
            opened=tuple(self._opened),
            changed=tuple(self._changed),
            suggestions=found.suggestions,
        )

    def _in_scope(self, asset: AssetCode) -> bool:
        return self._read.assets is None or asset in self._read.assets

    def _new_lines(self) -> list[Line]:
        if not self._read.may_repeat:
            return list(self._read.lines)
        names = self._known.names
        return [each for each in self._read.lines if (each.asset, each.ref) not in names]

    def _new_items(self, carried: Iterable[Break]) -> list[Item]:
        known = {*self._known.finished}
        known |= {each.item.key for each in carried if each.item is not None}
        items = self._books.items(self._read.source)
        return [each for each in items if each.key not in known and self._in_scope(each.asset)]

    def _knowledge(self) -> Knowledge:
        quotes = {each.ref: each.other_ref or "" for each in self._known.lines}
        return Knowledge(
            unfinished=self._books.unfinished_refs(self._read, quotes),
            pending=self._read.pending,
            failed=self._read.failed,
            earlier={name for name, matched in self._known.names.items() if matched},
            until=self._read.until,
        )

    def _other_entries(self) -> list[LedgerEntry]:
        """Explained by another list of the source, and not by an earlier run already."""
        return [
            each
            for each in self._books.other(self._read.source)
            if each.key not in self._known.finished and each.booked_at < self._read.until
        ]

    def _record_matches(self, matches: Iterable[Match], other: Iterable[LedgerEntry]) -> None:
        for each in matches:
            lines = tuple((line.id, line.units) for line in each.lines)
            items = tuple((item.key, item.units) for item in each.items)
            asset = each.lines[0].asset
            self._matches.append(self._match(each.rule, asset, lines, items))
        for entry in other:
            entries = ((entry.key, entry.units),)
            self._matches.append(self._match(MatchRule.OTHER_SOURCE, entry.asset, (), entries))

    def _match(
        self,
        rule: MatchRule,
        asset: AssetCode,
        lines: tuple[tuple[LineId, int], ...],
        items: tuple[tuple[ItemKey, int], ...],
    ) -> MatchRecord:
        return MatchRecord(
            id=MatchId(self._ids()),
            rule=rule,
            source=self._read.source.name,
            statement_id=self._id,
            asset=asset,
            lines=lines,
            items=items,
            made_by=None,
            created_at=self._at,
        )

    def _record_findings(self, found: Reconciled, carried: Iterable[Break]) -> None:
        by_line = {each.line_id: each for each in carried if each.line_id is not None}
        by_item = {each.item.key: each for each in carried if each.item is not None}
        left = {each.id: each for each in carried}
        for finding in found.findings:
            of_line = None if finding.line is None else by_line.get(finding.line.id)
            of_item = None if finding.item is None else by_item.get(finding.item.key)
            existing = of_line or of_item
            if existing is None or existing.id not in left:
                self._open(finding)
                continue
            del left[existing.id]
            if of_line is not None and of_item is not None and of_line.id != of_item.id:
                # Each has a break of its own already, and together they are the same difference.
                left.pop(of_item.id, None)
                continue
            self._change(existing, breaks.seen_again(existing, finding, at=self._at))
        ended = {line: each.id for each in self._matches for line, _ in each.lines}
        ended_items = {key: each.id for each in self._matches for key, _ in each.items}
        for each in left.values():
            match_id = ended.get(each.line_id) if each.line_id is not None else None
            if match_id is None and each.item is not None:
                match_id = ended_items.get(each.item.key)
            self._change(each, breaks.matched(each, match_id=match_id, by=None, at=self._at))

    def _positions(
        self, lines: Iterable[Line], found: Reconciled, other: Iterable[LedgerEntry]
    ) -> list[Position]:
        read, side = self._read, self._books.side
        of_lines, of_other = _sums(lines), _sums(other)
        of_breaks, of_later = _sums(found.findings), _sums(found.later)
        for entry in self._books.other(read.source):
            if entry.booked_at >= read.until:
                of_later[entry.asset] += entry.units
        previous = () if self._known.previous is None else self._known.previous.positions
        before = {each.asset: each.closing for each in previous}
        unfinished = {each.asset: each.closing_pending for each in previous}
        assets = {*of_lines, *of_breaks, *side.balances, *before, *(read.closing or ())}
        positions = []
        for asset in sorted(each for each in assets if self._in_scope(each)):
            opening = (before if read.opening is None else read.opening).get(asset, 0)
            own = opening - unfinished.get(asset, 0) + of_lines[asset] + of_other[asset]
            closing = own if read.closing is None else read.closing.get(asset, 0)
            positions.append(
                Position(
                    asset=asset,
                    opening=opening,
                    lines=of_lines[asset],
                    other=of_other[asset],
                    closing=closing,
                    reported=read.closing is not None,
                    pending=read.pending_units.get(asset, 0),
                    opening_pending=unfinished.get(asset, 0),
                    ledger=side.balances.get(asset, 0) - of_later[asset],
                    breaks=of_breaks[asset],
                )
            )
        return positions

    def _record_balances(self, positions: Iterable[Position], open_: Iterable[Break]) -> None:
        by_asset = {each.asset: each for each in open_}
        for position in positions:
            known = by_asset.get(position.asset)
            units = position.unexplained_by_books
            if units == 0:
                if known is not None:
                    ended = breaks.matched(known, match_id=None, by=None, at=self._at)
                    self._change(known, ended)
                continue
            finding = Finding(
                type=BreakType.AMOUNT,
                asset=position.asset,
                units=units,
                detail="the closing differs from our account by more than all other breaks",
            )
            if known is None:
                self._open(finding)
            else:
                self._change(known, breaks.seen_again(known, finding, at=self._at))

    def _open(self, finding: Finding) -> None:
        source = self._read.source.name
        break_id = BreakId(self._ids())
        self._opened.append(breaks.opened(finding, break_id=break_id, source=source, at=self._at))

    def _change(self, before: Break, after: Break) -> None:
        if after is not before:
            self._changed.append(after)

    def _statement(self, positions: Iterable[Position]) -> Statement:
        read = self._read
        return Statement(
            id=self._id,
            source=read.source.name,
            since=read.since,
            until=read.until,
            list_from=read.list_from,
            digest=read.digest,
            positions=tuple(positions),
            created_at=self._at,
        )


def _sums(
    parts: Iterable[Line] | Iterable[Item] | Iterable[Finding] | Iterable[LedgerEntry],
) -> defaultdict[AssetCode, int]:
    sums: defaultdict[AssetCode, int] = defaultdict(int)
    for each in parts:
        sums[each.asset] += each.units
    return sums
