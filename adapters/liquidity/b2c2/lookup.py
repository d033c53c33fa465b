"""Two witnesses: the order by our own id, and the list of trades."""

from datetime import datetime, timedelta
from typing import Final

from adapters.liquidity.amounts import rounded_units
from adapters.liquidity.b2c2.history import PAGE_ROWS, Page, scan
from adapters.liquidity.b2c2.names import Names, order_id_for, our_code, their_name, unit_for
from adapters.liquidity.b2c2.outcomes import Asked, filled_of, listed, read_looked_up
from adapters.liquidity.b2c2.proofs import WITNESSES
from adapters.liquidity.b2c2.replies import Body
from adapters.liquidity.b2c2.schemas import Trade, read_balances, read_trades
from adapters.liquidity.b2c2.transform import SIDES
from adapters.liquidity.b2c2.wire import Wire
from adapters.liquidity.reading import Unreadable
from domain.liquidity.outcome import (
    ExecutionKey,
    LpExecutionPage,
    LpHolding,
    NotSeen,
    Outcome,
    Unknown,
)
from domain.shared.money import AmountInvalid, Rounding, format_units, split_plain_number

# The vendor's clock may differ from ours by this much and a trade is still inside the window.
CLOCK_SLACK: Final = timedelta(minutes=5)


class Lookup:
    def __init__(self, wire: Wire, names: Names) -> None:
        self._wire = wire
        self._names = names

    async def by_ref(self, asked: Asked, *, read_ms: int | None = None) -> Outcome | None:
        """None: the vendor says that it knows no such order."""
        path = f"/order/{order_id_for(asked.client_ref)}/"
        return read_looked_up(await self._wire.get(path, read_ms=read_ms), asked)

    async def in_history(self, key: ExecutionKey) -> Outcome | NotSeen:
        """The second witness, asked once the first knows nothing and the order is long expired."""
        since = key.sent_at - CLOCK_SLACK
        until = max(key.lp_expires_at, key.sent_at) + CLOCK_SLACK
        found = await scan(lambda cursor: self._page(since, until, cursor))
        asked = Asked(key.client_ref, key.instrument, key.side)
        for trade in found.trades:
            if _is_ours(trade, key.client_ref):
                return filled_of(trade, asked)
        if any(_may_be(trade, key) for trade in found.trades):
            return Unknown(cause="a trade that does not tell its order may be this one")
        if not found.complete:
            return NotSeen(authoritative=False, detail="no such order; the trades were unreadable")
        detail = f"no such order, and none of {len(found.trades)} trades after its expiry is ours"
        return NotSeen(authoritative=True, detail=detail, witnesses=WITNESSES)

    async def page(self, *, since: datetime, until: datetime, limit: int) -> LpExecutionPage:
        found = await scan(lambda cursor: self._page(since, until, cursor))
        try:
            rows = tuple(listed(trade, self._names) for trade in found.trades[:limit])
        except AmountInvalid:
            return LpExecutionPage(executions=(), complete=False)
        complete = found.complete and len(found.trades) <= limit
        return LpExecutionPage(executions=rows, complete=complete)

    async def balances(self) -> tuple[LpHolding, ...] | None:
        """Below zero what we owe the vendor; None on any trouble."""
        reply = await self._wire.get("/balance/")
        if not isinstance(reply, Body):
            return None
        try:
            held = read_balances(reply.body).items()
            return tuple(self._holding(our_code(name), amount) for name, amount in held)
        except (Unreadable, AmountInvalid):
            return None

    def _holding(self, code: str, amount: str) -> LpHolding:
        """In whole units, rounded towards less for us. Raises `AmountInvalid`."""
        asset = self._names.asset(code)
        sign, whole, decimals = split_plain_number(amount)
        if asset is None:
            return LpHolding(code, amount)
        rounding = Rounding.UP if sign else Rounding.DOWN
        text = f"{whole}.{decimals}" if decimals else whole
        units = rounded_units(text, scale=asset.scale, rounding=rounding)
        return LpHolding(code, format_units(-units if sign else units, scale=asset.scale))

    async def _page(self, since: datetime, until: datetime, cursor: str | None) -> Page | None:
        query = f"created__gte={_text(since)}&created__lt={_text(until)}&limit={PAGE_ROWS}"
        if cursor is not None:
            query += f"&cursor={cursor}"
        reply = await self._wire.get("/trade/", query)
        if not isinstance(reply, Body):
            return None
        try:
            return Page(read_trades(reply.body), reply.link)
        except Unreadable:
            return None


def _is_ours(trade: Trade, client_ref: str) -> bool:
    by_order = trade.order is not None and str(trade.order) == order_id_for(client_ref)
    return by_order or trade.executing_unit == unit_for(client_ref)


def _may_be(trade: Trade, key: ExecutionKey) -> bool:
    """Of our instrument and side, without the mark that every order of ours carries."""
    same = (trade.instrument, trade.side) == (their_name(key.instrument), SIDES[key.side])
    return same and not trade.executing_unit


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
