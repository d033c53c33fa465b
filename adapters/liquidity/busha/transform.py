"""Quotes between our terms and Busha's: pure, so that every trap is a table of cases."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.alerts import undocumented
from adapters.liquidity.amounts import Figure, exact_units, rate_agrees, short_text
from adapters.liquidity.asking import Ask
from adapters.liquidity.busha.errors import MEANINGS
from adapters.liquidity.busha.schemas import (
    ErrorReply,
    Pair,
    Quote,
    Rate,
    read_error,
    read_quote_reply,
)
from adapters.liquidity.meanings import OK, SERVER_ERROR_FROM, TOO_MANY_REQUESTS, UNMAPPED
from adapters.liquidity.reading import Unreadable, amount_text, detail
from domain.liquidity.quote import (
    LpName,
    LpQuote,
    LpQuoteInvalid,
    LpQuoteRefused,
    QuoteRefusal,
)
from domain.shared.money import AmountInvalid
from domain.shared.side import Side

DIALECT: Final = "busha"
CREATED: Final = 201
# The vendor publishes no scales. These are those of its samples, and money's own.
DECIMALS: Final = {"USDT": 6, "NGN": 2, "KES": 2, "BTC": 8}


class OpenFor(msgspec.Struct, frozen=True, kw_only=True):
    """The longest that a quote is open by our own clock, and how much earlier we take it for
    expired: the vendor would execute it all the same.
    """

    life: timedelta
    guard: timedelta


def supports(pairs: tuple[Pair, ...], ask: Ask) -> bool:
    """Whether the vendor lists the pair, whichever of the two it calls the base."""
    for pair in pairs:
        if (pair.base, pair.counter) == (ask.get.code, ask.give.code):
            return pair.is_buy_supported
        if (pair.base, pair.counter) == (ask.give.code, ask.get.code):
            return pair.is_sell_supported
    return False


def quote_body(ask: Ask) -> bytes:
    amount = "source_amount" if ask.exact_in else "target_amount"
    return msgspec.json.encode(
        {
            "source_currency": ask.give.code,
            "target_currency": ask.get.code,
            amount: short_text(ask.units, scale=ask.fixed.scale),
        }
    )


def read_quote(
    exchange: Exchange, ask: Ask, *, lp: LpName, received_at: datetime, open_for: OpenFor
) -> LpQuote | LpQuoteRefused:
    match exchange:
        case NotSent(cause):
            return LpQuoteRefused(lp=lp, reason=QuoteRefusal.UNAVAILABLE, detail=cause)
        case Lost(cause=cause, timed_out=timed_out):
            late = QuoteRefusal.TIMEOUT if timed_out else QuoteRefusal.UNAVAILABLE
            return LpQuoteRefused(lp=lp, reason=late, detail=cause)
        case Answered(status, _, body) if status not in (OK, CREATED):
            return _refusal(status, body, lp)
        case Answered(_, _, body):
            try:
                quote = read_quote_reply(body).data
                return _quote(quote, ask, lp=lp, received_at=received_at, open_for=open_for)
            except (Unreadable, AmountInvalid, LpQuoteInvalid) as error:
                return _invalid(lp, str(error))


def error_in(body: bytes) -> ErrorReply | None:
    try:
        return read_error(body)
    except Unreadable:
        return None


def error_text(status: int, reply: ErrorReply | None) -> str:
    told = "no readable error" if reply is None else f"{reply.error.name}: {reply.error.message}"
    return detail(f"HTTP {status}, {told}")


def _quote(
    quote: Quote, ask: Ask, *, lp: LpName, received_at: datetime, open_for: OpenFor
) -> LpQuote | LpQuoteRefused:
    """Raises `Unreadable`, `AmountInvalid` or `LpQuoteInvalid`."""
    if (quote.source_currency, quote.target_currency) != (ask.give.code, ask.get.code):
        return _invalid(lp, f"{quote.source_currency} to {quote.target_currency}")
    if quote.fees:
        return _invalid(lp, "a quote with fees, of which nobody says from what they are taken")
    given = exact_units(amount_text(quote.source_amount), scale=ask.give.scale)
    gotten = exact_units(amount_text(quote.target_amount), scale=ask.get.scale)
    if (given if ask.exact_in else gotten) != ask.units:
        return _invalid(lp, "not the amount asked for")
    latest = min(quote.expires_at.astimezone(UTC), received_at + open_for.life)
    expires_at = latest - open_for.guard
    if expires_at <= received_at:
        return _invalid(lp, f"expires_at {quote.expires_at.isoformat()}")
    give = Figure(given, ask.give.scale, ask.give_step)
    get = Figure(gotten, ask.get.scale, ask.get_step)
    if not _agrees(quote.rate, ask, give, get):
        return _invalid(lp, f"amounts are not at the rate of {quote.rate.product}")
    buys = ask.request.side is Side.BUY
    return LpQuote(
        lp=lp,
        lp_quote_id=str(quote.id),
        side=ask.request.side,
        base_units=gotten if buys else given,
        quote_units=given if buys else gotten,
        rate=amount_text(quote.rate.rate),
        received_at=received_at,
        expires_at=expires_at,
    )


def _agrees(rate: Rate, ask: Ask, give: Figure, get: Figure) -> bool:
    """Raises `Unreadable` or `AmountInvalid`."""
    price = amount_text(rate.rate)
    if rate.product == f"{ask.give.code}{ask.get.code}":
        return rate_agrees(give, get, price)
    return rate.product == f"{ask.get.code}{ask.give.code}" and rate_agrees(get, give, price)


def _refusal(status: int, body: bytes, lp: LpName) -> LpQuoteRefused:
    reply = error_in(body)
    reason = QuoteRefusal.INVALID_RESPONSE
    if status == TOO_MANY_REQUESTS:
        reason = QuoteRefusal.RATE_LIMITED
    elif status >= SERVER_ERROR_FROM:
        reason = QuoteRefusal.UNAVAILABLE
    elif reply is not None:
        if reply.error.name not in MEANINGS:
            undocumented(DIALECT, "error of a quote", reply.error.name)
        reason = MEANINGS.get(reply.error.name, UNMAPPED).quote
    return LpQuoteRefused(lp=lp, reason=reason, detail=error_text(status, reply))


def _invalid(lp: LpName, why: str) -> LpQuoteRefused:
    return LpQuoteRefused(lp=lp, reason=QuoteRefusal.INVALID_RESPONSE, detail=detail(why))
