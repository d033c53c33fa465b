"""Two witnesses: one order by our reference, and the lists of orders."""

from datetime import datetime, timedelta
from typing import Final

from adapters.http_client.exchange import Answered
from adapters.liquidity.channel import LOOKUP_ATTEMPTS
from adapters.liquidity.luno.history import PAGE_ROWS, scan
from adapters.liquidity.luno.names import our_asset, pair_of
from adapters.liquidity.luno.outcomes import listed, outcome_of, read_order
from adapters.liquidity.luno.proofs import WITNESSES
from adapters.liquidity.luno.quoting import Quoting
from adapters.liquidity.luno.schemas import OrderRecord, read_balances, read_order_list
from adapters.liquidity.luno.wire import BALANCE, LIST_ORDERS, ORDER, Wire
from adapters.liquidity.meanings import OK
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

# The vendor's clock may differ from ours by this much and an order is still inside the window.
CLOCK_SLACK: Final = timedelta(minutes=5)


class Lookup:
    def __init__(self, wire: Wire, quoting: Quoting) -> None:
        self._wire = wire
        self._quoting = quoting

    async def by_ref(
        self,
        client_ref: str,
        *,
        instrument: Instrument,
        side: Side,
        read_ms: int | None = None,
        attempts: int = LOOKUP_ATTEMPTS,
    ) -> Outcome | None:
        """None: the vendor says that it knows no such order."""
        exchange = await self._wire.get(
            ORDER, f"client_order_id={client_ref}", read_ms=read_ms, attempts=attempts
        )
        record = read_order(exchange)
        if not isinstance(record, OrderRecord):
            return record
        return outcome_of(record, instrument, side)

    async def in_history(self, key: ExecutionKey) -> Outcome | NotSeen:
        """The second witness, asked once the first knows nothing and the order's time is over."""
        pair = f"&pair={pair_of(key.instrument)}"

        async def fetch(closed: bool, before_ms: int) -> tuple[OrderRecord, ...] | None:
            return await self._page(closed, before_ms, pair)

        found = await scan(
            fetch,
            since_ms=to_ms(key.sent_at - CLOCK_SLACK),
            until_ms=to_ms(max(key.lp_expires_at, key.sent_at) + CLOCK_SLACK),
        )
        if not found.complete:
            return NotSeen(authoritative=False, detail="no such order; the lists were not readable")
        for row in found.rows:
            if identifier(row.client_order_id) == key.client_ref:
                return outcome_of(row, key.instrument, key.side)
        if any(identifier(row.client_order_id) is None for row in found.rows):
            return Unknown(cause="an order that does not tell its reference may be this one")
        detail = f"no such order, and none of {len(found.rows)} listed after its deadline"
        return NotSeen(authoritative=True, detail=detail, witnesses=WITNESSES)

    async def page(self, *, since: datetime, until: datetime, limit: int) -> LpExecutionPage:
        async def fetch(closed: bool, before_ms: int) -> tuple[OrderRecord, ...] | None:
            return await self._page(closed, before_ms, "")

        found = await scan(fetch, since_ms=to_ms(since), until_ms=to_ms(until))
        executions = []
        try:
            for row in found.rows:
                execution = listed(row, await self._quoting.market(row.pair))
                if execution is not None:
                    executions.append(execution)
        except AmountInvalid:
            return LpExecutionPage(executions=(), complete=False)
        return LpExecutionPage(
            executions=tuple(executions[:limit]),
            complete=found.complete and len(executions) <= limit,
        )

    async def balances(self) -> tuple[LpHolding, ...] | None:
        exchange = await self._wire.get(BALANCE, "")
        if not isinstance(exchange, Answered) or exchange.status != OK:
            return None
        try:
            held = read_balances(exchange.body).balance
        except Unreadable:
            return None
        return tuple(LpHolding(our_asset(each.asset), each.balance) for each in held)

    async def _page(
        self, closed: bool, before_ms: int, pair: str
    ) -> tuple[OrderRecord, ...] | None:
        query = f"closed={'true' if closed else 'false'}&created_before={before_ms}"
        exchange = await self._wire.get(LIST_ORDERS, f"{query}&limit={PAGE_ROWS}{pair}")
        if not isinstance(exchange, Answered) or exchange.status != OK:
            return None
        try:
            return read_order_list(exchange.body).orders or ()
        except Unreadable:
            return None
