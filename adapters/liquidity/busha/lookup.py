"""Two witnesses, of which neither proves absence: transfers of one quote, and all transfers."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote as url_quote

import msgspec

from adapters.http_client.exchange import Answered
from adapters.liquidity.busha.outcomes import created_at, listed, outcome_of
from adapters.liquidity.busha.schemas import Transfer, TransferList, read_transfers
from adapters.liquidity.busha.wire import TRANSFERS, Wire
from adapters.liquidity.channel import LOOKUP_ATTEMPTS
from adapters.liquidity.meanings import OK
from adapters.liquidity.pairs import Pairs
from adapters.liquidity.reading import Unreadable
from application.ports.clock import Clock
from domain.assets.instrument import Instrument
from domain.liquidity.outcome import ExecutionKey, LpExecutionPage, NotSeen, Outcome, Unknown
from domain.shared.side import Side

PAGE_ROWS: Final = 100
REQUESTS_MAX: Final = 32
# The vendor's clock may differ from ours by this much and a row is still inside the window.
CLOCK_SLACK: Final = timedelta(minutes=5)


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first, back to before `since`; not complete when one page could not be read."""

    rows: tuple[Transfer, ...]
    complete: bool


class Lookup:
    def __init__(self, wire: Wire, pairs: Pairs, *, clock: Clock) -> None:
        self._wire = wire
        self._pairs = pairs
        self._clock = clock

    async def by_quote(
        self,
        lp_quote_id: str,
        *,
        instrument: Instrument,
        side: Side,
        read_ms: int | None = None,
        attempts: int = LOOKUP_ATTEMPTS,
    ) -> Outcome | None:
        """None: the vendor shows no transfer of that quote."""
        query = f"quote_id={url_quote(lp_quote_id, safe='')}"
        found = await self._fetch(query, read_ms=read_ms, attempts=attempts)
        if found is None:
            return Unknown(cause="lookup failed: the transfers were not readable")
        return self._of_quote(found.data, lp_quote_id, instrument, side)

    async def in_history(self, key: ExecutionKey) -> Outcome | NotSeen:
        """Never authoritative: the quote stays executable, so the transfer may still be made."""
        found = await self._scan(key.sent_at - CLOCK_SLACK)
        seen = self._of_quote(found.rows, key.lp_quote_id, key.instrument, key.side)
        if seen is not None:
            return seen
        read = f"none of {len(found.rows)}" if found.complete else "nor could all be read"
        return NotSeen(authoritative=False, detail=f"no transfer of the quote, {read}")

    async def page(self, *, since: datetime, until: datetime, limit: int) -> LpExecutionPage:
        found = await self._scan(since)
        if not found.complete:
            return LpExecutionPage(executions=(), complete=False)
        executions = []
        try:
            for row in reversed(found.rows):
                executed_at = created_at(row)
                if executed_at is None or not since <= executed_at < until:
                    continue
                pair = self._pairs.find(row.source_currency, row.target_currency)
                side = None if pair is None else pair[1]
                executions.append(listed(row, side, executed_at=executed_at))
        except Unreadable:
            return LpExecutionPage(executions=(), complete=False)
        return LpExecutionPage(
            executions=tuple(executions[:limit]), complete=len(executions) <= limit
        )

    def _of_quote(
        self, rows: tuple[Transfer, ...], lp_quote_id: str, instrument: Instrument, side: Side
    ) -> Outcome | None:
        """A vendor that ignored the filter would show the transfers of others: each is checked."""
        mine = [row for row in rows if str(row.quote_id) == lp_quote_id]
        if len(mine) > 1:
            return Unknown(cause=f"{len(mine)} transfers of one quote")
        seen_at = self._clock.now()
        return outcome_of(mine[0], instrument, side, seen_at=seen_at) if mine else None

    async def _scan(self, since: datetime) -> Scan:
        """A row without a time stands somewhere unknown, and then the list is not complete."""
        rows: list[Transfer] = []
        cursor = ""
        for _ in range(REQUESTS_MAX):
            found = await self._fetch(f"limit={PAGE_ROWS}&cursor={url_quote(cursor, safe='')}")
            if found is None:
                return Scan(rows=tuple(rows), complete=False)
            rows.extend(found.data)
            times = [created_at(each) for each in found.data]
            if any(each is None for each in times):
                return Scan(rows=tuple(rows), complete=False)
            cursor = found.next_cursor
            if not cursor or any(each is not None and each < since for each in times):
                return Scan(rows=tuple(rows), complete=True)
        return Scan(rows=tuple(rows), complete=False)

    async def _fetch(
        self, query: str, *, read_ms: int | None = None, attempts: int = LOOKUP_ATTEMPTS
    ) -> TransferList | None:
        exchange = await self._wire.get(TRANSFERS, query, read_ms=read_ms, attempts=attempts)
        if not isinstance(exchange, Answered) or exchange.status != OK:
            return None
        try:
            return read_transfers(exchange.body)
        except Unreadable:
            return None
