"""From a book to a quote: pure, so that every rounding is a table of cases.

The price of the worst level that the volume needs, moved away by the buffer, is the limit of the
order and the price of the quote. A fill can only be at that price or better, so the vendor leg
always covers what the customer was promised.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from adapters.liquidity.amounts import (
    exact_units,
    fraction_of,
    on_grid,
    rounded_units,
    short_text,
    step_units,
)
from adapters.liquidity.luno.schemas import BookLevel, Market, TopOfBook
from adapters.liquidity.luno.ticket import ASK, BID, Ticket
from adapters.liquidity.times import to_ms
from domain.liquidity.answer import is_on_grid
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRequest, QuoteRefusal
from domain.shared.money import AmountInvalid, Rounding, divide
from domain.shared.side import FixedSide, Side

ACTIVE: Final = "ACTIVE"
PPM: Final = 1_000_000


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a market. `taker_fee` is decimal text, a part of one."""

    market: Market
    taker_fee: str
    buffer_ppm: int


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """What the order is for and what of it is ours after the fee, in units of the base asset."""

    ordered: int
    ours: int
    step: int


def volume_for(request: LpQuoteRequest, terms: Terms) -> Volume | QuoteRefusal:
    """Only an amount of base can be fixed: a book is not asked for a sum of money.

    Raises `AmountInvalid` when the market's figures are no numbers.
    """
    if request.fixed is not FixedSide.BASE:
        return QuoteRefusal.UNSUPPORTED
    base = request.instrument.base
    step = step_units(scale=base.scale, decimals=terms.market.volume_scale)
    if request.side is Side.BUY:
        # The fee is taken from what we buy, so that more than the wanted amount is bought.
        fee, one = fraction_of(terms.taker_fee)
        if fee >= one:
            raise AmountInvalid("a fee of everything", fee=terms.taker_fee)
        gross = divide(request.units * one, one - fee, rounding=Rounding.UP)
        volume = Volume(
            ordered=on_grid(gross, step, rounding=Rounding.UP), ours=request.units, step=step
        )
    else:
        units = on_grid(request.units, step, rounding=Rounding.DOWN)
        volume = Volume(ordered=units, ours=units, step=step)
    lowest = rounded_units(terms.market.min_volume, scale=base.scale, rounding=Rounding.UP)
    highest = rounded_units(terms.market.max_volume, scale=base.scale, rounding=Rounding.DOWN)
    if volume.ordered < max(lowest, 1) or not is_on_grid(request.units, volume.ours):
        return QuoteRefusal.BELOW_MINIMUM
    return QuoteRefusal.ABOVE_MAXIMUM if volume.ordered > highest else volume


def quote_from(
    book: TopOfBook,
    request: LpQuoteRequest,
    terms: Terms,
    volume: Volume,
    *,
    lp: LpName,
    received_at: datetime,
    life: timedelta,
) -> LpQuote | QuoteRefusal:
    """Raises `AmountInvalid` or `LpQuoteInvalid`."""
    buys = request.side is Side.BUY
    base, counter = request.instrument.base, request.instrument.quote
    worst = _worst_price(book.asks if buys else book.bids, volume, terms, base.scale)
    if worst is None:
        # More than the book holds: the same amount in smaller parts might do.
        return QuoteRefusal.ABOVE_MAXIMUM
    away = Rounding.UP if buys else Rounding.DOWN
    factor = PPM + terms.buffer_ppm if buys else PPM - terms.buffer_ppm
    limit = divide(worst * factor, PPM, rounding=away)
    # Volume at base.scale times price at price_scale, brought to the scale of the counter asset.
    scales: int = 10 ** (base.scale + terms.market.price_scale)
    gross = divide(volume.ordered * limit * 10**counter.scale, scales, rounding=away)
    fee, one = fraction_of(terms.taker_fee)
    net = gross if buys else gross - divide(gross * fee, one, rounding=Rounding.UP)
    price = short_text(limit, scale=terms.market.price_scale)
    ticket = Ticket(
        pair=terms.market.market_id,
        order_type=BID if buys else ASK,
        volume=short_text(volume.ordered, scale=base.scale),
        price=price,
        expires_ms=to_ms(received_at + life),
    )
    return LpQuote(
        lp=lp,
        lp_quote_id=ticket.text(),
        side=request.side,
        base_units=volume.ours,
        quote_units=net,
        rate=price,
        received_at=received_at,
        expires_at=ticket.expires_at,
    )


def _worst_price(
    levels: tuple[BookLevel, ...], volume: Volume, terms: Terms, base_scale: int
) -> int | None:
    """In units of the price's own scale; None when the side is too thin."""
    left = volume.ordered
    for level in levels:
        left -= rounded_units(level.volume, scale=base_scale, rounding=Rounding.DOWN)
        if left <= 0:
            return exact_units(level.price, scale=terms.market.price_scale)
    return None
