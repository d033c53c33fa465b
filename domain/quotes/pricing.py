"""From an LP's quote to the customer's: spreads on the LP's price, then the fee.

The amount the customer fixed stays exact; the other one rounds against the payer of the trade, that
is for the house. With p = LP quote units / LP base units, s = both spreads and c = the customer's
price (p * (1 + s) rounded up to the tick on a buy, p * (1 - s) rounded down on a sell):

    buy, base fixed     net = ceil(base * c)           quote = net + fee
    buy, quote fixed    net = quote - fee              base = floor(net / c), on a lot
    sell, base fixed    gross = floor(base * c)        quote = gross - fee
    sell, quote fixed   gross = quote + fee            base = ceil(gross / c), on a lot

Spread parts are shares of base * p, each rounded down, and the remainder is the rounding residue:

    0 <= residue <= base * tick + 5
                    (+ lot * (c + tick) + 2 * what the LP's amount differs from the request,
                     when the quote amount is fixed)
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from ..assets.instrument import Instrument
from ..liquidity.answer import covers, off_units
from ..liquidity.quote import LpQuote, LpQuoteRequest
from ..shared.errors import RuleViolation, invariant
from ..shared.ids import CustomerId
from ..shared.money import PPM, Rounding, divide, share_ppm
from ..shared.price import Price, base_for, notional, price_from
from ..shared.side import FixedSide, Side
from ..tenants.tenant import PricingPolicy
from .limits import QuoteTooSmall, check_base, check_open, check_quote
from .quote import Breakdown

# The LP's price is shown with this many decimals more than the tick has.
LP_PRICE_EXTRA_DECIMALS: Final = 6


class LpQuoteMismatch(RuleViolation):
    """The LP quoted another trade than the one we asked for. Not the customer's doing."""

    code = "lp_quote_mismatch"


class LpQuoteTooShort(RuleViolation):
    """The LP's quote ends before a customer could accept ours."""

    code = "lp_quote_too_short"


class QuoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`units` is of the asset that `fixed` names."""

    customer_id: CustomerId
    side: Side
    fixed: FixedSide
    units: int


class Pricing(msgspec.Struct, frozen=True, kw_only=True):
    base_units: int
    quote_units: int
    price: Price
    fee_units: int
    breakdown: Breakdown


def lp_request(
    request: QuoteRequest,
    instrument: Instrument,
    policy: PricingPolicy,
    scenario: str | None = None,
) -> LpQuoteRequest:
    """What to ask an LP, so that spreads and fee fit around its answer.

    Raises `InstrumentHalted`, `AmountBelowMinimum`, `AmountAboveMaximum`, `AmountNotOnLot` or
    `QuoteTooSmall`.
    """
    check_open(instrument)
    units = request.units
    if request.fixed is FixedSide.BASE:
        check_base(units, instrument)
    else:
        check_quote(units, instrument)
        units = _lp_units(request, policy)
    if units <= 0:
        raise QuoteTooSmall("nothing is left after spread and fee", instrument=instrument.symbol)
    return LpQuoteRequest(
        instrument=instrument,
        side=request.side,
        fixed=request.fixed,
        units=units,
        scenario=scenario,
    )


def price_quote(
    request: QuoteRequest, instrument: Instrument, policy: PricingPolicy, lp_quote: LpQuote
) -> Pricing:
    """Raises what `lp_request` raises, now for both amounts, and `LpQuoteMismatch`."""
    _check_answer(lp_request(request, instrument, policy), lp_quote)
    price = _customer_price(instrument, policy, lp_quote)
    if request.fixed is FixedSide.BASE:
        base_units = request.units
        between_units, fee_units = _around_base(request, instrument, policy, price)
    else:
        between_units, fee_units = _around_quote(request, policy)
        base_units = _base_units(between_units, instrument, price, lp_quote)
    quote_units = between_units + (fee_units if request.side is Side.BUY else -fee_units)
    if base_units <= 0 or quote_units <= 0:
        raise QuoteTooSmall("one side is worth nothing", instrument=instrument.symbol)
    check_base(base_units, instrument)
    check_quote(quote_units, instrument)
    breakdown = _explain(base_units, between_units, fee_units, instrument, policy, lp_quote)
    invariant(breakdown.total(request.side) == quote_units, "breakdown does not add up")
    return Pricing(
        base_units=base_units,
        quote_units=quote_units,
        price=price,
        fee_units=fee_units,
        breakdown=breakdown,
    )


def expiry(
    lp_expires_at: datetime, now: datetime, *, margin: timedelta, max_validity: timedelta
) -> datetime:
    """When our quote ends: early enough to execute the LP's. Raises `LpQuoteTooShort`."""
    expires_at = min(lp_expires_at - margin, now + max_validity)
    if expires_at <= now:
        raise LpQuoteTooShort(
            "the LP's quote leaves no time to accept", lp_expires_at=lp_expires_at
        )
    return expires_at


def _around_base(
    request: QuoteRequest, instrument: Instrument, policy: PricingPolicy, price: Price
) -> tuple[int, int]:
    """The amount between spread and fee, and the fee, for a fixed base amount."""
    between_units = notional(
        request.units,
        price,
        base_scale=instrument.base.scale,
        quote_scale=instrument.quote.scale,
        rounding=Rounding.UP if request.side is Side.BUY else Rounding.DOWN,
    )
    return between_units, share_ppm(between_units, policy.fee_ppm, rounding=Rounding.UP)


def _around_quote(request: QuoteRequest, policy: PricingPolicy) -> tuple[int, int]:
    """The same for a fixed quote amount, which contains the fee already.

    The fee is the least that covers its share: on a buy of net = quote - fee, on a sell of
    gross = quote + fee.
    """
    of_ppm = PPM + policy.fee_ppm if request.side is Side.BUY else PPM - policy.fee_ppm
    fee_units = divide(request.units * policy.fee_ppm, of_ppm, rounding=Rounding.UP)
    between_units = request.units + (-fee_units if request.side is Side.BUY else fee_units)
    return between_units, fee_units


def _lp_units(request: QuoteRequest, policy: PricingPolicy) -> int:
    """Quote units to trade with the LP when the customer fixed the quote amount."""
    between_units, _ = _around_quote(request, policy)
    if request.side is Side.BUY:
        return divide(between_units * PPM, PPM + policy.spread_ppm, rounding=Rounding.DOWN)
    return divide(between_units * PPM, PPM - policy.spread_ppm, rounding=Rounding.UP)


def _base_units(between_units: int, instrument: Instrument, price: Price, lp_quote: LpQuote) -> int:
    """The base amount on its lot, within what the LP delivers or beyond what it takes."""
    buying = lp_quote.side is Side.BUY
    rounding = Rounding.DOWN if buying else Rounding.UP
    priced_units = base_for(
        between_units,
        price,
        base_scale=instrument.base.scale,
        quote_scale=instrument.quote.scale,
        rounding=rounding,
    )
    limit = min if buying else max
    units = limit(lp_quote.base_units, priced_units)
    return divide(units, instrument.lot_units, rounding=rounding) * instrument.lot_units


def _customer_price(instrument: Instrument, policy: PricingPolicy, lp_quote: LpQuote) -> Price:
    """The LP's ratio with both spreads, rounded to the tick once."""
    buying = lp_quote.side is Side.BUY
    factor_ppm = PPM + policy.spread_ppm if buying else PPM - policy.spread_ppm
    return price_from(
        lp_quote.base_units * PPM,
        lp_quote.quote_units * factor_ppm,
        base_scale=instrument.base.scale,
        quote_scale=instrument.quote.scale,
        tick=instrument.tick,
        rounding=Rounding.UP if buying else Rounding.DOWN,
    )


def _explain(
    base_units: int,
    between_units: int,
    fee_units: int,
    instrument: Instrument,
    policy: PricingPolicy,
    lp_quote: LpQuote,
) -> Breakdown:
    # Down on both sides: were it up on a buy, the spread's share of that one unit could exceed what
    # the customer pays, and the residue would be negative.
    lp_units = divide(
        base_units * lp_quote.quote_units, lp_quote.base_units, rounding=Rounding.DOWN
    )
    platform_units = share_ppm(lp_units, policy.platform_spread_ppm, rounding=Rounding.DOWN)
    tenant_units = share_ppm(lp_units, policy.tenant_spread_ppm, rounding=Rounding.DOWN)
    difference = between_units - lp_units
    margin_units = difference if lp_quote.side is Side.BUY else -difference
    return Breakdown(
        lp_price=price_from(
            lp_quote.base_units,
            lp_quote.quote_units,
            base_scale=instrument.base.scale,
            quote_scale=instrument.quote.scale,
            tick=instrument.tick.scaleb(-LP_PRICE_EXTRA_DECIMALS),
            rounding=Rounding.HALF_EVEN,
        ),
        lp_units=lp_units,
        platform_spread_units=platform_units,
        tenant_spread_units=tenant_units,
        rounding_units=margin_units - platform_units - tenant_units,
        fee_units=fee_units,
        platform_spread_ppm=policy.platform_spread_ppm,
        tenant_spread_ppm=policy.tenant_spread_ppm,
        fee_ppm=policy.fee_ppm,
    )


def _check_answer(asked: LpQuoteRequest, lp_quote: LpQuote) -> None:
    """Raises `LpQuoteMismatch` unless the LP's amount is the one asked for, but for its grid."""
    if not covers(asked, lp_quote):
        raise LpQuoteMismatch(
            "the LP quoted another amount than the one asked for",
            lp=lp_quote.lp,
            asked_units=asked.units,
            off_units=off_units(asked, lp_quote),
        )
