from collections.abc import Iterable, Mapping
from datetime import datetime

from adapters.memory.store import ReconLine, Rows
from application.errors import VersionConflict
from application.ports.reconciliation import (
    ENTRIES_MAX,
    OPEN_BREAKS_MAX,
    BreakFilter,
    LedgerEntry,
    LedgerSide,
    MatchRecord,
    SourceExists,
    Statement,
    StatementExists,
    TooMuchToReconcile,
)
from domain.reconciliation.breaks import Break, BreakState
from domain.reconciliation.matching import Name
from domain.reconciliation.sides import ItemKey, Line
from domain.reconciliation.source import Source
from domain.shared.errors import NotFound, invariant
from domain.shared.ids import BreakId, LineId, StatementId
from domain.shared.money import AssetCode


class MemoryReconciliation:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def sources(self) -> tuple[Source, ...]:
        return tuple(sorted(self._rows.recon_sources.values(), key=lambda each: each.name))

    async def add_source(self, source: Source) -> None:
        await self._rows.recon_sources.lock(source.name)
        account = (source.account_code, source.account_owner)
        taken = [
            each
            for each in self._rows.recon_sources.values()
            if each.name == source.name or (each.account_code, each.account_owner) == account
        ]
        if not taken:
            self._rows.recon_sources.put(source.name, source)
        elif taken != [source]:
            raise SourceExists("another source has the name or the account", source=source.name)

    async def lock(self, source: str) -> None:
        await self._rows.recon_sources.lock(source)
        if self._rows.recon_sources.get(source) is None:
            raise NotFound("no such source", source=source)

    async def statement(self, statement_id: StatementId) -> Statement:
        found = self._rows.recon_statements.get(statement_id)
        if found is None:
            raise NotFound("no such statement")
        return found

    async def last_statement(self, source: str) -> Statement | None:
        return max(self._statements(source), key=lambda each: each.until, default=None)

    async def has_digest(self, source: str, digest: bytes) -> bool:
        return any(each.digest == digest for each in self._statements(source))

    async def page_statements(
        self, source: str | None, *, before: StatementId | None, limit: int
    ) -> tuple[Statement, ...]:
        found = [each for each in self._statements(source) if before is None or each.id < before]
        return tuple(sorted(found, key=lambda each: each.id, reverse=True)[:limit])

    def _statements(self, source: str | None) -> list[Statement]:
        stored = self._rows.recon_statements.values()
        return [each for each in stored if source in (None, each.source)]

    async def add_statement(self, statement: Statement, lines: tuple[Line, ...]) -> None:
        if await self.has_digest(statement.source, statement.digest):
            raise StatementExists("this statement was read before", source=statement.source)
        self._rows.recon_statements.add(statement.id, statement)
        for line in lines:
            self._rows.recon_lines.add(line.id, ReconLine(statement.source, line))

    async def lines(self, line_ids: Iterable[LineId]) -> tuple[Line, ...]:
        found = (self._rows.recon_lines.get(each) for each in sorted(set(line_ids)))
        return tuple(each.line for each in found if each is not None)

    async def names(self, source: str, refs: Iterable[str]) -> Mapping[Name, bool]:
        wanted = set(refs)
        matched = {line for each in self._rows.recon_matches.values() for line, _ in each.lines}
        known: dict[Name, bool] = {}
        for row in self._rows.recon_lines.values():
            if row.source == source and row.line.ref in wanted:
                name = (row.line.asset, row.line.ref)
                known[name] = known.get(name, False) or row.line.id in matched
        return known

    async def finished(self, keys: Iterable[ItemKey]) -> frozenset[ItemKey]:
        return frozenset(keys) & self._matched_items()

    def _matched_items(self) -> set[ItemKey]:
        return {key for each in self._rows.recon_matches.values() for key, _ in each.items}

    async def ledger_side(self, source: Source, *, since: datetime | None) -> LedgerSide:
        accounts = {
            account.asset: account.id
            for account in self._rows.accounts.values()
            if (account.key.code, account.key.owner) == (source.account_code, source.account_owner)
        }
        ids = set(accounts.values())
        booked = [each for each in self._rows.entries.values() if each.account_id in ids]
        balances: dict[AssetCode, int] = dict.fromkeys(accounts, 0)
        found: list[LedgerEntry] = []
        for entry in booked:
            balances[entry.asset] -= entry.units
            posted = self._rows.transactions.get(entry.transaction_id)
            if posted is not None and (since is None or entry.booked_at >= since):
                found.append(
                    LedgerEntry(
                        key=ItemKey(entry.account_id, entry.transaction_id),
                        asset=entry.asset,
                        units=-entry.units,
                        booked_at=entry.booked_at,
                        template=entry.template,
                        reference=entry.reference,
                        mirror_of=posted.transaction.mirror_of,
                    )
                )
        if len(found) > ENTRIES_MAX:
            raise TooMuchToReconcile(f"more than {ENTRIES_MAX} entries", source=source.name)
        found.sort(key=lambda each: (each.booked_at, each.key))
        return LedgerSide(accounts=accounts, balances=balances, entries=tuple(found))

    async def add_matches(self, matches: Iterable[MatchRecord]) -> None:
        for match in matches:
            known = self._rows.recon_matches.values()
            lines = {line for each in known for line, _ in each.lines}
            items = self._matched_items()
            invariant(
                lines.isdisjoint(line for line, _ in match.lines)
                and items.isdisjoint(key for key, _ in match.items),
                "a line and an entry are matched once",
            )
            self._rows.recon_matches.add(match.id, match)

    async def get_break(self, break_id: BreakId) -> Break:
        found = self._rows.recon_breaks.get(break_id)
        if found is None:
            raise NotFound("no such break")
        return found

    async def open_breaks(self, source: str) -> tuple[Break, ...]:
        found = await self.page_breaks(
            BreakFilter(source=source), after=None, limit=OPEN_BREAKS_MAX + 1
        )
        if len(found) > OPEN_BREAKS_MAX:
            raise TooMuchToReconcile(f"more than {OPEN_BREAKS_MAX} open breaks", source=source)
        return found

    async def page_breaks(
        self, wanted: BreakFilter, *, after: BreakId | None, limit: int
    ) -> tuple[Break, ...]:
        found = [
            each
            for each in self._rows.recon_breaks.values()
            if wanted.source in (None, each.source)
            and wanted.type in (None, each.type)
            and (after is None or each.id > after)
            and (wanted.first_on is None or each.value_on >= wanted.first_on)
            and (wanted.last_on is None or each.value_on <= wanted.last_on)
            and (
                each.state is not BreakState.CLOSED
                if wanted.state is None
                else each.state is wanted.state
            )
        ]
        return tuple(sorted(found, key=lambda each: each.id)[:limit])

    async def add_breaks(self, breaks: Iterable[Break]) -> None:
        for each in breaks:
            self._rows.recon_breaks.add(each.id, each)

    async def update_breaks(self, breaks: Iterable[Break]) -> None:
        for each in breaks:
            await self._rows.recon_breaks.lock(each.id)
            stored = self._rows.recon_breaks.get(each.id)
            if stored is None or stored.version != each.version - 1:
                raise VersionConflict("the break has changed", break_id=each.id)
            self._rows.recon_breaks.put(each.id, each)
