"""Quotes between our terms and Binance's: pure, so that every trap is a table of cases.

We give one asset and get the other. What we give is rounded down to the vendor's grid and what we
get is rounded up, so that the vendor leg always covers what the customer was promised.
"""

from datetime import datetime, timedelta
from typing import Final

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.amounts import (
    Figure,
    exact_units,
    rate_agrees,
    rounded_units,
    short_text,
)
from adapters.liquidity.asking import Ask
from adapters.liquidity.binance_convert.errors import MEANINGS
from adapters.liquidity.binance_convert.reference import NotListed, PairLimits
from adapters.liquidity.binance_convert.schemas import (
    ErrorReply,
    PairInfo,
    QuoteReply,
    read_error,
    read_quote_reply,
)
from adapters.liquidity.meanings import (
    BANNED,
    OK,
    SERVER_ERROR_FROM,
    TOO_MANY_REQUESTS,
    UNMAPPED,
)
from adapters.liquidity.reading import Unreadable, detail, identifier
from adapters.liquidity.times import from_ms
from domain.assets.asset import Asset
from domain.liquidity.quote import (
    LpName,
    LpQuote,
    LpQuoteInvalid,
    LpQuoteRefused,
    QuoteRefusal,
)
from domain.shared.money import AmountInvalid, Rounding
from domain.shared.side import Side

# The longest validity on offer is a minute; anything far beyond is not a time in milliseconds.
QUOTE_LIFE_MAX: Final = timedelta(minutes=10)


def beyond_limits(ask: Ask, limits: PairLimits | NotListed | None) -> QuoteRefusal | None:
    """None when the vendor is worth asking, also while its limits are not known."""
    if limits is None:
        return None
    if isinstance(limits, NotListed):
        return QuoteRefusal.UNSUPPORTED
    lowest, highest = (
        (limits.give_min, limits.give_max) if ask.exact_in else (limits.get_min, limits.get_max)
    )
    if ask.units < lowest:
        return QuoteRefusal.BELOW_MINIMUM
    return QuoteRefusal.ABOVE_MAXIMUM if ask.units > highest else None


def limits_of(pairs: tuple[PairInfo, ...], give: Asset, get: Asset) -> PairLimits | NotListed:
    """Raises `AmountInvalid`."""
    for pair in pairs:
        if pair.from_asset == give.code and pair.to_asset == get.code:
            up, down = Rounding.UP, Rounding.DOWN
            return PairLimits(
                give_min=rounded_units(pair.from_asset_min_amount, scale=give.scale, rounding=up),
                give_max=rounded_units(pair.from_asset_max_amount, scale=give.scale, rounding=down),
                get_min=rounded_units(pair.to_asset_min_amount, scale=get.scale, rounding=up),
                get_max=rounded_units(pair.to_asset_max_amount, scale=get.scale, rounding=down),
            )
    return NotListed()


def quote_params(ask: Ask, *, wallet_type: str, valid_time: str) -> str:
    amount = "fromAmount" if ask.exact_in else "toAmount"
    return (
        f"fromAsset={ask.give.code}&toAsset={ask.get.code}"
        f"&{amount}={short_text(ask.units, scale=ask.fixed.scale)}"
        f"&walletType={wallet_type}&validTime={valid_time}"
    )


def read_quote(
    exchange: Exchange, ask: Ask, *, lp: LpName, received_at: datetime
) -> LpQuote | LpQuoteRefused:
    match exchange:
        case NotSent(cause):
            return LpQuoteRefused(lp=lp, reason=QuoteRefusal.UNAVAILABLE, detail=cause)
        case Lost(cause=cause, timed_out=timed_out):
            late = QuoteRefusal.TIMEOUT if timed_out else QuoteRefusal.UNAVAILABLE
            return LpQuoteRefused(lp=lp, reason=late, detail=cause)
        case Answered(status, _, body) if status != OK:
            return _refusal(status, body, lp)
        case Answered(_, _, body):
            try:
                return _quote(read_quote_reply(body), ask, lp=lp, received_at=received_at)
            except (Unreadable, AmountInvalid, LpQuoteInvalid) as error:
                if (reply := error_in(body)) is not None:
                    return _mapped(reply, lp)
                return _invalid(lp, str(error))


def error_in(body: bytes) -> ErrorReply | None:
    try:
        return read_error(body)
    except Unreadable:
        return None


def error_text(status: int, reply: ErrorReply | None) -> str:
    told = "no readable error" if reply is None else f"code {reply.code}: {reply.msg}"
    return detail(f"HTTP {status}, {told}")


def _quote(
    reply: QuoteReply, ask: Ask, *, lp: LpName, received_at: datetime
) -> LpQuote | LpQuoteRefused:
    """Raises `AmountInvalid` or `LpQuoteInvalid`."""
    quote_id = identifier(reply.quote_id)
    if quote_id is None:
        return LpQuoteRefused(
            lp=lp, reason=QuoteRefusal.INSUFFICIENT_LP_BALANCE, detail="a price without quoteId"
        )
    given = exact_units(reply.from_amount, scale=ask.give.scale)
    gotten = exact_units(reply.to_amount, scale=ask.get.scale)
    expires_at = from_ms(reply.valid_timestamp)
    if (given if ask.exact_in else gotten) != ask.units:
        return _invalid(lp, f"not the amount asked for: {reply.from_amount} {reply.to_amount}")
    if not received_at < expires_at <= received_at + QUOTE_LIFE_MAX:
        return _invalid(lp, f"validTimestamp {reply.valid_timestamp}")
    give = Figure(given, ask.give.scale, ask.give_step)
    get = Figure(gotten, ask.get.scale, ask.get_step)
    if not (rate_agrees(give, get, reply.ratio) and rate_agrees(get, give, reply.inverse_ratio)):
        return _invalid(lp, f"amounts are not at ratio {reply.ratio}, {reply.inverse_ratio}")
    buys = ask.request.side is Side.BUY
    return LpQuote(
        lp=lp,
        lp_quote_id=quote_id,
        side=ask.request.side,
        base_units=gotten if buys else given,
        quote_units=given if buys else gotten,
        rate=reply.ratio,
        received_at=received_at,
        expires_at=expires_at,
    )


def _refusal(status: int, body: bytes, lp: LpName) -> LpQuoteRefused:
    reply = error_in(body)
    if status in (TOO_MANY_REQUESTS, BANNED):
        reason = QuoteRefusal.RATE_LIMITED
    elif reply is not None:
        return _mapped(reply, lp, status=status)
    elif status >= SERVER_ERROR_FROM:
        reason = QuoteRefusal.UNAVAILABLE
    else:
        reason = QuoteRefusal.INVALID_RESPONSE
    return LpQuoteRefused(lp=lp, reason=reason, detail=error_text(status, reply))


def _mapped(reply: ErrorReply, lp: LpName, *, status: int = OK) -> LpQuoteRefused:
    reason = MEANINGS.get(str(reply.code), UNMAPPED).quote
    return LpQuoteRefused(lp=lp, reason=reason, detail=error_text(status, reply))


def _invalid(lp: LpName, why: str) -> LpQuoteRefused:
    return LpQuoteRefused(lp=lp, reason=QuoteRefusal.INVALID_RESPONSE, detail=detail(why))
