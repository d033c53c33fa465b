"""What the LP in process computes and keeps of an execution."""

from datetime import datetime
from typing import Final

import msgspec

from domain.assets.instrument import Instrument
from domain.liquidity.outcome import (
    Filled,
    LpExecution,
    LpLeg,
    Outcome,
    OutcomeKind,
    Pending,
    Rejected,
    Unknown,
)
from domain.liquidity.quote import LpQuote, LpQuoteRequest
from domain.shared.money import Rounding, divide, format_units
from domain.shared.price import Price, base_for, notional
from domain.shared.side import FixedSide, Side

BPS: Final = 10_000


class Order(msgspec.Struct, kw_only=True):
    """An accepted quote. `executed` is the truth, whatever lookups are made to say about it."""

    id: str
    quote: LpQuote
    instrument: Instrument
    executed: Filled | None
    at: datetime
    pending_looks: int = 0
    unknown_looks: int = 0

    def look(self) -> Outcome:
        if self.unknown_looks:
            self.unknown_looks -= 1
            return Unknown(cause="undocumented status")
        if self.pending_looks:
            self.pending_looks -= 1
            return Pending(lp_execution_id=self.id)
        return self.final()

    @property
    def kind(self) -> OutcomeKind:
        if self.unknown_looks:
            return OutcomeKind.UNKNOWN
        if self.pending_looks:
            return OutcomeKind.PENDING
        return OutcomeKind.REJECTED if self.executed is None else OutcomeKind.FILLED

    def final(self) -> Filled | Rejected:
        failed = Rejected(reason="lp_failed", detail=f"order {self.id} failed")
        return failed if self.executed is None else self.executed


def amounts(request: LpQuoteRequest, price: Price) -> tuple[int, int]:
    """Base and quote units: the fixed side exact, the other one rounded in the LP's favour."""
    scales = {
        "base_scale": request.instrument.base.scale,
        "quote_scale": request.instrument.quote.scale,
    }
    if request.fixed is FixedSide.BASE:
        rounding = Rounding.UP if request.side is Side.BUY else Rounding.DOWN
        return request.units, notional(request.units, price, rounding=rounding, **scales)
    rounding = Rounding.DOWN if request.side is Side.BUY else Rounding.UP
    return base_for(request.units, price, rounding=rounding, **scales), request.units


def filled(quote: LpQuote, order_id: str, at: datetime, *, bps: int) -> Filled:
    """`bps` less received than quoted."""
    buys = quote.side is Side.BUY
    gotten = quote.base_units if buys else quote.quote_units
    gotten = divide(gotten * (BPS - bps), BPS, rounding=Rounding.DOWN)
    return Filled(
        lp_execution_id=order_id,
        base_units=gotten if buys else quote.base_units,
        quote_units=quote.quote_units if buys else gotten,
        executed_at=at,
    )


def row_of(order: Order) -> LpExecution:
    told = order.executed or filled(order.quote, order.id, order.at, bps=0)
    base, quote = order.instrument.base, order.instrument.quote
    return LpExecution(
        lp_quote_id=order.quote.lp_quote_id,
        lp_execution_id=order.id,
        status=order.kind,
        side=order.quote.side,
        base=LpLeg(base.code, format_units(told.base_units, scale=base.scale)),
        quote=LpLeg(quote.code, format_units(told.quote_units, scale=quote.scale)),
        executed_at=order.at,
    )
