"""Quotes and orders between our terms and B2C2's. Pure, so that every trap is a table of cases.

The vendor takes a quantity of the base and tells a price. It books price times quantity, with more
decimals than a currency may have here. What we give of that counts rounded up, what we get rounded
down: under a unit of each trade stays with the vendor, in our favour, and is promised to nobody.
"""

import re
from datetime import datetime, timedelta
from typing import Final

import msgspec

from adapters.liquidity.amounts import (
    exact_product,
    exact_units,
    on_grid,
    rounded_units,
    short_text,
)
from adapters.liquidity.b2c2.names import order_id_for, their_name, unit_for
from adapters.liquidity.b2c2.replies import Body, Codes, Missing, Nothing, Reply, Throttled
from adapters.liquidity.b2c2.schemas import InstrumentInfo, RfqReply, read_rfq
from adapters.liquidity.reading import Unreadable, detail
from domain.assets.instrument import Instrument
from domain.liquidity.answer import is_on_grid
from domain.liquidity.outcome import LpExecute
from domain.liquidity.quote import (
    LpName,
    LpQuote,
    LpQuoteInvalid,
    LpQuoteRefused,
    LpQuoteRequest,
    QuoteRefusal,
)
from domain.shared.money import AmountInvalid, Rounding
from domain.shared.side import FixedSide, Side

# The vendor quotes for seconds; anything far beyond is not the moment it seems to be.
QUOTE_LIFE_MAX: Final = timedelta(minutes=10)
# Finer than any price of the vendor: for telling whether two of them are one number.
PRICE_SCALE: Final = 12
_QUOTE_ID: Final = re.compile(r"([!-?A-~]{1,100})@([0-9]{1,20}(?:\.[0-9]{1,20})?)")

SIDES: Final = {Side.BUY: "buy", Side.SELL: "sell"}


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A request in the vendor's terms; `units` of base, on its grid."""

    request: LpQuoteRequest
    name: str
    units: int
    client_rfq_id: str

    @property
    def quantity(self) -> str:
        return short_text(self.units, scale=self.request.instrument.base.scale)


def ask_for(
    request: LpQuoteRequest, listed: dict[str, InstrumentInfo], *, client_rfq_id: str
) -> Ask | QuoteRefusal:
    """A quantity that we get is rounded up to the vendor's grid, one that we give down.

    Raises `AmountInvalid` for limits that cannot be read.
    """
    name = their_name(request.instrument)
    info = listed.get(name)
    if info is None or not info.is_tradable or request.fixed is not FixedSide.BASE:
        return QuoteRefusal.UNSUPPORTED
    scale, buys = request.instrument.base.scale, request.side is Side.BUY
    step = rounded_units(info.quantity_precision, scale=scale, rounding=Rounding.UP)
    if step <= 0:
        return QuoteRefusal.INVALID_RESPONSE
    units = on_grid(request.units, step, rounding=Rounding.UP if buys else Rounding.DOWN)
    lowest = rounded_units(info.min_quantity_per_trade, scale=scale, rounding=Rounding.UP)
    highest = rounded_units(info.max_quantity_per_trade, scale=scale, rounding=Rounding.DOWN)
    if units < max(lowest, 1) or not is_on_grid(request.units, units):
        return QuoteRefusal.BELOW_MINIMUM
    if units > highest:
        return QuoteRefusal.ABOVE_MAXIMUM
    return Ask(request=request, name=name, units=units, client_rfq_id=client_rfq_id)


def rfq_body(ask: Ask) -> bytes:
    return msgspec.json.encode(
        {
            "client_rfq_id": ask.client_rfq_id,
            "instrument": ask.name,
            "side": SIDES[ask.request.side],
            "quantity": ask.quantity,
        }
    )


def order_body(request: LpExecute, price: str) -> bytes:
    """Refused by the vendor once `valid_until` has passed, and never filled beyond `price`."""
    until = min(request.deadline, request.lp_expires_at)
    return msgspec.json.encode(
        {
            "client_order_id": order_id_for(request.client_ref),
            "instrument": their_name(request.instrument),
            "side": SIDES[request.side],
            "quantity": short_text(request.base_units, scale=request.instrument.base.scale),
            "order_type": "FOK",
            "price": price,
            "valid_until": until.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "acceptable_slippage_in_basis_points": "0",
            "executing_unit": unit_for(request.client_ref),
        }
    )


def quoted_price(request: LpExecute) -> str | None:
    """The price that stands in the id of our quote; None unless it makes the quoted amounts."""
    found = _QUOTE_ID.fullmatch(request.lp_quote_id)
    if found is None:
        return None
    instrument, price = request.instrument, found.group(2)
    quantity = short_text(request.base_units, scale=instrument.base.scale)
    try:
        units = quote_units(quantity, price, instrument, request.side)
    except AmountInvalid:
        return None
    return price if units == request.quote_units else None


def quote_units(quantity: str, price: str, instrument: Instrument, side: Side) -> int:
    """What we give, rounded up, or get, rounded down. Raises `AmountInvalid`."""
    return rounded_units(
        exact_product(quantity, price),
        scale=instrument.quote.scale,
        rounding=Rounding.UP if side is Side.BUY else Rounding.DOWN,
    )


def read_quote(
    reply: Reply, ask: Ask, *, lp: LpName, received_at: datetime
) -> LpQuote | LpQuoteRefused:
    match reply:
        case Nothing(cause=cause, timed_out=timed_out):
            late = QuoteRefusal.TIMEOUT if timed_out else QuoteRefusal.UNAVAILABLE
            return LpQuoteRefused(lp=lp, reason=late, detail=cause)
        case Throttled(told):
            return LpQuoteRefused(lp=lp, reason=QuoteRefusal.RATE_LIMITED, detail=told)
        case Codes(meaning, told):
            return LpQuoteRefused(lp=lp, reason=meaning.quote, detail=told)
        case Missing():
            return _invalid(lp, "not found")
        case Body(body):
            try:
                return _quote(read_rfq(body), ask, lp=lp, received_at=received_at)
            except (Unreadable, AmountInvalid, LpQuoteInvalid) as error:
                return _invalid(lp, str(error))


def _quote(
    rfq: RfqReply, ask: Ask, *, lp: LpName, received_at: datetime
) -> LpQuote | LpQuoteRefused:
    """Raises `AmountInvalid` or `LpQuoteInvalid`."""
    instrument, side = ask.request.instrument, ask.request.side
    asked = (ask.client_rfq_id, ask.name, SIDES[side])
    if (rfq.client_rfq_id, rfq.instrument, rfq.side) != asked or rfq.rfq_id == "":
        return _invalid(lp, f"not what was asked for: {rfq.instrument} {rfq.side}")
    if exact_units(rfq.quantity, scale=instrument.base.scale) != ask.units:
        return _invalid(lp, f"not the quantity asked for: {rfq.quantity}")
    if not received_at < rfq.valid_until <= received_at + QUOTE_LIFE_MAX:
        return _invalid(lp, f"valid_until {rfq.valid_until}")
    return LpQuote(
        lp=lp,
        # An order has to state the price, whichever process sends it.
        lp_quote_id=f"{rfq.rfq_id}@{rfq.price}",
        side=side,
        base_units=ask.units,
        quote_units=quote_units(ask.quantity, rfq.price, instrument, side),
        rate=rfq.price,
        received_at=received_at,
        expires_at=rfq.valid_until,
    )


def _invalid(lp: LpName, why: str) -> LpQuoteRefused:
    return LpQuoteRefused(lp=lp, reason=QuoteRefusal.INVALID_RESPONSE, detail=detail(why))
