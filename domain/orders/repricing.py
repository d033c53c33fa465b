"""When an order that its LP definitively refused may be tried once more, at another LP.

The customer's amounts stand as quoted, so the other LP's legs have to fit inside what the house has
from the customer: what it is paid covers what it pays, and what it gets covers what it owes.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ..assets.instrument import Instrument
from ..liquidity.quote import LpName, LpQuote, LpQuoteRequest
from ..liquidity.routing import RoutingPolicy, candidates
from ..quotes.quote import Quote
from ..shared.errors import invariant
from ..shared.side import FixedSide, Side

# The first LP, and one more: a customer waits for the answer, and prices move meanwhile.
ATTEMPTS_MAX: Final = 2
# What asking, writing down and executing take: with less time left, the order is rejected instead.
REPRICE_MARGIN: Final = timedelta(seconds=2)
_REF_SEPARATOR: Final = "_"


class NoReprice(StrEnum):
    """Why another LP's quote cannot stand in for the first one's."""

    OTHER_SIDE = "other_side"
    EXPIRED = "expired"
    BASE_NOT_COVERED = "base_not_covered"
    BEYOND_ACCEPTED_PRICE = "beyond_accepted_price"


def client_ref_of(first_ref: str, number: int) -> str:
    """Of the attempt of that number, from the reference of the first.

    Two characters longer, and of the same alphabet: 32 at most, of letters, digits and `_`.
    """
    invariant(1 <= number <= ATTEMPTS_MAX, "an order has no such attempt")
    return first_ref if number == 1 else f"{first_ref}{_REF_SEPARATOR}{number}"


def send_by(quote: Quote, *, answer_by: datetime) -> datetime:
    """Until when another LP may be called: neither the customer's quote nor their wait is over."""
    return min(quote.expires_at, answer_by)


def may_reprice(quote: Quote, *, attempts: int, now: datetime, answer_by: datetime) -> bool:
    """After a definitive refusal, and after nothing else."""
    in_time = now + REPRICE_MARGIN <= send_by(quote, answer_by=answer_by)
    return attempts < ATTEMPTS_MAX and in_time


def next_lp(
    policy: RoutingPolicy | None, *, tried: AbstractSet[LpName], unreachable: AbstractSet[LpName]
) -> LpName | None:
    if policy is None:
        return None
    return next(iter(candidates(policy, halted=tried | unreachable)), None)


def reprice_request(quote: Quote, instrument: Instrument) -> LpQuoteRequest:
    """The side that the customer fixed stays fixed: their base, or all the house has for it."""
    base_fixed = quote.fixed is FixedSide.BASE
    return LpQuoteRequest(
        instrument=instrument,
        side=quote.side,
        fixed=quote.fixed,
        units=quote.base_units if base_fixed else house_quote_units(quote),
    )


def house_quote_units(quote: Quote) -> int:
    """The house's part of what a buyer pays, or what it owes for what a seller gives."""
    parts = quote.breakdown
    house_share = parts.platform_spread_units + parts.rounding_units
    return parts.lp_units + (house_share if quote.side is Side.BUY else -house_share)


def refusal(quote: Quote, offer: LpQuote, *, now: datetime) -> NoReprice | None:
    """None: the offer serves the customer as they accepted, and the house loses nothing by it."""
    if offer.side is not quote.side:
        return NoReprice.OTHER_SIDE
    if offer.expires_at <= now:
        return NoReprice.EXPIRED
    part = house_quote_units(quote)
    if quote.side is Side.BUY:
        covered, affordable = offer.base_units >= quote.base_units, offer.quote_units <= part
    else:
        covered, affordable = offer.base_units <= quote.base_units, offer.quote_units >= part
    if not covered:
        return NoReprice.BASE_NOT_COVERED
    return None if affordable else NoReprice.BEYOND_ACCEPTED_PRICE
