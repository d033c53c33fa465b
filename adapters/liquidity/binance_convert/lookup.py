"""Two witnesses: orderStatus by quote id, and the list of conversions (tradeFlow)."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote as url_quote

from adapters.http_client.exchange import Answered
from adapters.liquidity.amounts import exact_sum
from adapters.liquidity.binance_convert.history import PAGE_ROWS, scan
from adapters.liquidity.binance_convert.outcomes import listed, outcome_of, read_order
from adapters.liquidity.binance_convert.proofs import WITNESSES
from adapters.liquidity.binance_convert.schemas import (
    OrderRecord,
    TradeFlow,
    TradeRow,
    read_account,
    read_trade_flow,
)
from adapters.liquidity.binance_convert.wire import ACCOUNT_PATH, Wire
from adapters.liquidity.channel import LOOKUP_ATTEMPTS
from adapters.liquidity.meanings import OK
from adapters.liquidity.pairs import Pairs, legs
from adapters.liquidity.reading import Unreadable, identifier
from adapters.liquidity.times import to_ms
from domain.assets.instrument import Instrument
from domain.liquidity.outcome import (
    ExecutionKey,
    LpExecutionPage,
    LpHolding,
    NotSeen,
    Outcome,
    Unknown,
)
from domain.shared.money import AmountInvalid
from domain.shared.side import Side

# The vendor's clock may differ from ours by this much and a row is still inside the window.
CLOCK_SLACK: Final = timedelta(minutes=5)
# An attempt has one row. More than this many around it means that the window is wrong.
ROWS_MAX: Final = 20_000


class Lookup:
    def __init__(self, wire: Wire, pairs: Pairs) -> None:
        self._wire = wire
        self._pairs = pairs

    async def by_quote(
        self,
        lp_quote_id: str,
        *,
        pair: tuple[Instrument, Side] | None = None,
        read_ms: int | None = None,
        attempts: int = LOOKUP_ATTEMPTS,
    ) -> Outcome | None:
        """None: the vendor says that it knows no such order.

        Without `pair` the record's own assets tell base from quote, as far as they are known here.
        """
        params = f"quoteId={url_quote(lp_quote_id, safe='')}"
        exchange = await self._wire.get("orderStatus", params, read_ms=read_ms, attempts=attempts)
        record = read_order(exchange)
        if not isinstance(record, OrderRecord):
            return record
        return outcome_of(record, pair or self._pairs.find(record.from_asset, record.to_asset))

    async def in_history(self, key: ExecutionKey) -> Outcome | NotSeen:
        """The second witness, asked once the first knows nothing and the quote is long expired."""
        since_ms = to_ms(key.sent_at - CLOCK_SLACK)
        until_ms = to_ms(max(key.lp_expires_at, key.sent_at) + CLOCK_SLACK)
        found = await scan(self._page, since_ms=since_ms, until_ms=until_ms, limit=ROWS_MAX)
        for row in found.rows:
            if identifier(row.quote_id) == key.lp_quote_id:
                return outcome_of(row, (key.instrument, key.side))
        if any(_may_be(row, key) for row in found.rows):
            return Unknown(cause="a row of tradeFlow that does not tell its quote may be this one")
        if not found.complete:
            return NotSeen(authoritative=False, detail="no such order; tradeFlow was not readable")
        detail = f"no such order, and none of {len(found.rows)} rows of tradeFlow after its expiry"
        return NotSeen(authoritative=True, detail=detail, witnesses=WITNESSES)

    async def page(self, *, since: datetime, until: datetime, limit: int) -> LpExecutionPage:
        found = await scan(self._page, since_ms=to_ms(since), until_ms=to_ms(until), limit=limit)
        executions = []
        for row in found.rows:
            pair = self._pairs.find(row.from_asset, row.to_asset)
            executions.append(listed(row, None if pair is None else pair[1]))
        return LpExecutionPage(executions=tuple(executions), complete=found.complete)

    async def balances(self) -> tuple[LpHolding, ...] | None:
        """Of the spot wallet; None on any trouble."""
        exchange = await self._wire.get("account", "omitZeroBalances=true", below=ACCOUNT_PATH)
        if not isinstance(exchange, Answered) or exchange.status != OK:
            return None
        try:
            held = read_account(exchange.body).balances
            return tuple(LpHolding(each.asset, exact_sum(each.free, each.locked)) for each in held)
        except (Unreadable, AmountInvalid):
            return None

    async def _page(self, start_ms: int, end_ms: int) -> TradeFlow | None:
        params = f"startTime={start_ms}&endTime={end_ms}&limit={PAGE_ROWS}"
        exchange = await self._wire.get("tradeFlow", params)
        if not isinstance(exchange, Answered) or exchange.status != OK:
            return None
        try:
            return read_trade_flow(exchange.body)
        except Unreadable:
            return None


def _may_be(row: TradeRow, key: ExecutionKey) -> bool:
    give, get = legs(key.instrument, key.side)
    same_pair = (row.from_asset, row.to_asset) == (give.code, get.code)
    return same_pair and identifier(row.quote_id) is None
