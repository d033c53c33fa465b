"""Two witnesses: convert-result-query by quote id, and the list of conversions."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote as url_quote

from adapters.liquidity.bybit_convert.history import PAGE_ROWS, scan
from adapters.liquidity.bybit_convert.outcomes import listed, outcome_of, read_result
from adapters.liquidity.bybit_convert.proofs import WITNESSES
from adapters.liquidity.bybit_convert.replies import Result
from adapters.liquidity.bybit_convert.schemas import Conversion, read_conversions
from adapters.liquidity.bybit_convert.wire import Wire
from adapters.liquidity.pairs import Pairs
from adapters.liquidity.reading import Unreadable
from adapters.liquidity.times import to_ms
from domain.assets.instrument import Instrument
from domain.liquidity.outcome import ExecutionKey, LpExecutionPage, NotSeen, Outcome, Unknown
from domain.shared.money import AmountInvalid
from domain.shared.side import Side

# The vendor's clock may differ from ours by this much and a row is still inside the window.
CLOCK_SLACK: Final = timedelta(minutes=5)


class Lookup:
    def __init__(self, wire: Wire, pairs: Pairs) -> None:
        self._wire = wire
        self._pairs = pairs

    async def by_quote(
        self, lp_quote_id: str, pair: tuple[Instrument, Side], *, read_ms: int | None = None
    ) -> Outcome | None:
        """None: the vendor says that it knows no such quote."""
        query = f"quoteTxId={url_quote(lp_quote_id, safe='')}"
        reply = await self._wire.get("convert-result-query", query, read_ms=read_ms)
        record = read_result(reply)
        if not isinstance(record, Conversion):
            return record
        if str(record.exchange_tx_id) != lp_quote_id:
            return Unknown(cause=f"lookup failed: an answer about {record.exchange_tx_id}")
        return outcome_of(record, pair)

    async def in_history(self, key: ExecutionKey) -> Outcome | NotSeen:
        """The second witness, asked once the first knows nothing and the quote is long expired."""
        since_ms = to_ms(key.sent_at - CLOCK_SLACK)
        until_ms = to_ms(max(key.lp_expires_at, key.sent_at) + CLOCK_SLACK)
        found = await scan(self._page, since_ms=since_ms, until_ms=until_ms)
        for row in found.rows:
            if str(row.exchange_tx_id) == key.lp_quote_id:
                return outcome_of(row, (key.instrument, key.side))
        if not found.complete:
            return NotSeen(authoritative=False, detail="not found; the history was not readable")
        detail = f"not found, and none of {len(found.rows)} rows of the history after its expiry"
        return NotSeen(authoritative=True, detail=detail, witnesses=WITNESSES)

    async def page(self, *, since: datetime, until: datetime, limit: int) -> LpExecutionPage:
        found = await scan(self._page, since_ms=to_ms(since), until_ms=to_ms(until))
        try:
            executions = [
                listed(row, self._pairs.find(row.from_coin, row.to_coin))
                for row in found.rows[:limit]
            ]
        except AmountInvalid:
            return LpExecutionPage(executions=(), complete=False)
        complete = found.complete and len(found.rows) <= limit
        return LpExecutionPage(executions=tuple(executions), complete=complete)

    async def _page(self, index: int) -> tuple[Conversion, ...] | None:
        reply = await self._wire.get("query-convert-history", f"index={index}&limit={PAGE_ROWS}")
        if not isinstance(reply, Result):
            return None
        try:
            return read_conversions(reply.body).rows
        except Unreadable:
            return None
