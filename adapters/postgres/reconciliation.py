"""Sources, statements, matches and breaks, and the ledger's side of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from adapters.postgres import reconciliation_sql as sql
from adapters.postgres.connection import UUID_MAX, Connection, Row
from adapters.postgres.reconciliation_rows import (
    break_from,
    break_values,
    changed_values,
    entry_from,
    line_from,
    source_from,
    statement_from,
)
from application.errors import VersionConflict
from application.ports.reconciliation import (
    ENTRIES_MAX,
    OPEN_BREAKS_MAX,
    BreakFilter,
    LedgerSide,
    MatchRecord,
    SourceExists,
    Statement,
    StatementExists,
    TooMuchToReconcile,
)
from domain.reconciliation.breaks import Break
from domain.reconciliation.matching import Name
from domain.reconciliation.sides import ItemKey, Line
from domain.reconciliation.source import Source
from domain.shared.errors import NotFound
from domain.shared.ids import (
    AccountId,
    BreakId,
    LineId,
    StatementId,
    TenantId,
    TransactionId,
)
from domain.shared.money import AssetCode

UUID_MIN: Final = UUID(int=0)
BEGINNING: Final = datetime(1, 1, 1, tzinfo=UTC)


class PostgresReconciliation:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def sources(self) -> tuple[Source, ...]:
        rows = await self._connection.fetch(sql.SOURCES, self._tenant_id)
        return tuple(source_from(row) for row in rows)

    async def add_source(self, source: Source) -> None:
        await self._connection.execute(
            sql.ADD_SOURCE,
            self._tenant_id,
            source.name,
            source.kind.value,
            source.account_code.value,
            source.account_owner or "",
        )
        if source not in await self.sources():
            raise SourceExists("another source has the name or the account", source=source.name)

    async def lock(self, source: str) -> None:
        if await self._connection.fetchrow(sql.LOCK_SOURCE, self._tenant_id, source) is None:
            raise NotFound("no such source", source=source)

    async def statement(self, statement_id: StatementId) -> Statement:
        row = await self._connection.fetchrow(sql.ONE_STATEMENT, self._tenant_id, statement_id)
        if row is None:
            raise NotFound("no such statement")
        return (await self._with_positions((row,)))[0]

    async def last_statement(self, source: str) -> Statement | None:
        row = await self._connection.fetchrow(sql.LAST_STATEMENT, self._tenant_id, source)
        return None if row is None else (await self._with_positions((row,)))[0]

    async def has_digest(self, source: str, digest: bytes) -> bool:
        found = await self._connection.fetchval(sql.HAS_DIGEST, self._tenant_id, source, digest)
        return bool(found)

    async def page_statements(
        self, source: str | None, *, before: StatementId | None, limit: int
    ) -> tuple[Statement, ...]:
        rows = await self._connection.fetch(
            sql.PAGE_STATEMENTS, self._tenant_id, source, before or UUID_MAX, limit
        )
        return await self._with_positions(rows)

    async def _with_positions(self, rows: Sequence[Row]) -> tuple[Statement, ...]:
        ids = [row["id"] for row in rows]
        positions = await self._connection.fetch(sql.POSITIONS, self._tenant_id, ids)
        return tuple(statement_from(row, positions) for row in rows)

    async def add_statement(self, statement: Statement, lines: tuple[Line, ...]) -> None:
        added = await self._connection.fetchval(
            sql.ADD_STATEMENT,
            self._tenant_id,
            statement.id,
            statement.source,
            statement.since,
            statement.until,
            statement.list_from,
            statement.digest,
            statement.created_at,
        )
        if added is None:
            raise StatementExists("this statement was read before", source=statement.source)
        positions = [
            (
                self._tenant_id,
                statement.id,
                each.asset,
                each.opening,
                each.lines,
                each.other,
                each.closing,
                each.reported,
                each.pending,
                each.opening_pending,
                each.ledger,
                each.breaks,
            )
            for each in statement.positions
        ]
        await self._connection.executemany(sql.ADD_POSITION, positions)
        await self._connection.executemany(
            sql.ADD_LINE, [self._line_values(statement, each) for each in lines]
        )

    def _line_values(self, statement: Statement, line: Line) -> Sequence[object]:
        return (
            self._tenant_id,
            statement.id,
            statement.source,
            line.id,
            line.ref,
            line.other_ref,
            line.batch_ref,
            line.asset,
            line.units,
            line.value_on,
        )

    async def lines(self, line_ids: Iterable[LineId]) -> tuple[Line, ...]:
        rows = await self._connection.fetch(sql.LINES, self._tenant_id, list(line_ids))
        return tuple(line_from(row) for row in rows)

    async def names(self, source: str, refs: Iterable[str]) -> Mapping[Name, bool]:
        rows = await self._connection.fetch(sql.NAMES, self._tenant_id, source, list(refs))
        return {(AssetCode(row["asset"]), row["ref"]): row["matched"] for row in rows}

    async def finished(self, keys: Iterable[ItemKey]) -> frozenset[ItemKey]:
        wanted = list(keys)
        rows = await self._connection.fetch(
            sql.FINISHED,
            self._tenant_id,
            [key.account_id for key in wanted],
            [key.transaction_id for key in wanted],
        )
        return frozenset(
            ItemKey(AccountId(row["account_id"]), TransactionId(row["transaction_id"]))
            for row in rows
        )

    async def ledger_side(self, source: Source, *, since: datetime | None) -> LedgerSide:
        rows = await self._connection.fetch(
            sql.LEDGER_SIDE,
            self._tenant_id,
            source.account_code.value,
            source.account_owner or "",
            since or BEGINNING,
        )
        if len(rows) > ENTRIES_MAX:
            raise TooMuchToReconcile(f"more than {ENTRIES_MAX} entries", source=source.name)
        entries = [entry_from(row) for row in rows if row["transaction_id"] is not None]
        return LedgerSide(
            accounts={AssetCode(row["asset"]): AccountId(row["account_id"]) for row in rows},
            balances={AssetCode(row["asset"]): row["balance"] for row in rows},
            entries=tuple(sorted(entries, key=lambda each: (each.booked_at, each.key))),
        )

    async def add_matches(self, matches: Iterable[MatchRecord]) -> None:
        await self._connection.executemany(
            sql.ADD_MATCH, [self._match_values(each) for each in matches]
        )

    def _match_values(self, match: MatchRecord) -> Sequence[object]:
        items = match.items
        nothing = [None] * len(match.lines)
        units = [*(each for _, each in match.lines), *(each for _, each in items)]
        return (
            self._tenant_id,
            match.id,
            match.rule.value,
            match.source,
            match.statement_id,
            match.asset,
            match.made_by,
            match.created_at,
            [*(line_id for line_id, _ in match.lines), *([None] * len(items))],
            [*nothing, *(key.account_id for key, _ in items)],
            [*nothing, *(key.transaction_id for key, _ in items)],
            [str(each) for each in units],
        )

    async def get_break(self, break_id: BreakId) -> Break:
        row = await self._connection.fetchrow(sql.ONE_BREAK, self._tenant_id, break_id)
        if row is None:
            raise NotFound("no such break")
        return break_from(row)

    async def open_breaks(self, source: str) -> tuple[Break, ...]:
        rows = await self._connection.fetch(sql.OPEN_BREAKS, self._tenant_id, source)
        if len(rows) > OPEN_BREAKS_MAX:
            raise TooMuchToReconcile(f"more than {OPEN_BREAKS_MAX} open breaks", source=source)
        return tuple(break_from(row) for row in rows)

    async def page_breaks(
        self, wanted: BreakFilter, *, after: BreakId | None, limit: int
    ) -> tuple[Break, ...]:
        rows = await self._connection.fetch(
            sql.PAGE_BREAKS,
            self._tenant_id,
            wanted.source,
            None if wanted.state is None else wanted.state.value,
            None if wanted.type is None else wanted.type.value,
            after or UUID_MIN,
            limit,
            wanted.first_on,
            wanted.last_on,
        )
        return tuple(break_from(row) for row in rows)

    async def add_breaks(self, breaks: Iterable[Break]) -> None:
        await self._connection.executemany(
            sql.ADD_BREAK, [(self._tenant_id, *break_values(each)) for each in breaks]
        )

    async def update_breaks(self, breaks: Iterable[Break]) -> None:
        for each in breaks:
            updated = await self._connection.fetchval(
                sql.UPDATE_BREAK, self._tenant_id, *changed_values(each)
            )
            if updated is None:
                raise VersionConflict("the break has changed", break_id=each.id)
