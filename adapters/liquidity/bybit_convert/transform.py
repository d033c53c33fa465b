"""Quotes between our terms and Bybit's. Pure, so that every trap is a table of cases.

The amount asked for is always that of the coin we give: an exact amount of what we get has to be
inverted by whoever asks. What we get is told with up to 18 decimals and counts in whole units.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from adapters.liquidity.alerts import undocumented
from adapters.liquidity.amounts import (
    Figure,
    exact_units,
    rate_agrees,
    rounded_units,
    short_text,
    whole_units,
)
from adapters.liquidity.asking import Ask
from adapters.liquidity.bybit_convert.replies import Code, Nothing, Reply, Result
from adapters.liquidity.bybit_convert.schemas import Coin, QuoteResult, read_quote_result
from adapters.liquidity.reading import Unreadable, detail, identifier
from adapters.liquidity.times import from_ms
from domain.liquidity.quote import (
    LpName,
    LpQuote,
    LpQuoteInvalid,
    LpQuoteRefused,
    QuoteRefusal,
)
from domain.shared.money import AmountInvalid, Rounding
from domain.shared.side import Side

DIALECT: Final = "bybit_convert"
# The vendor documents 15 seconds; anything far beyond is not a time in milliseconds.
QUOTE_LIFE_MAX: Final = timedelta(minutes=10)

Coins = dict[str, Coin]


def beyond_limits(ask: Ask, coins: Coins) -> QuoteRefusal | None:
    """None when the vendor is worth asking. Raises `AmountInvalid`."""
    give, get = coins[ask.give.code], coins[ask.get.code]
    if give.disable_from or get.disable_to:
        return QuoteRefusal.UNSUPPORTED
    up, down, scale = Rounding.UP, Rounding.DOWN, ask.give.scale
    if ask.units < rounded_units(give.single_from_min_limit, scale=scale, rounding=up):
        return QuoteRefusal.BELOW_MINIMUM
    if ask.units > rounded_units(give.single_from_max_limit, scale=scale, rounding=down):
        return QuoteRefusal.ABOVE_MAXIMUM
    return None


def quote_body(ask: Ask, *, account_type: str) -> bytes:
    return msgspec.json.encode(
        {
            "fromCoin": ask.give.code,
            "toCoin": ask.get.code,
            "accountType": account_type,
            "requestCoin": ask.give.code,
            "requestAmount": short_text(ask.units, scale=ask.give.scale),
        }
    )


def read_quote(
    reply: Reply, ask: Ask, *, lp: LpName, received_at: datetime
) -> LpQuote | LpQuoteRefused:
    match reply:
        case Nothing(cause=cause, timed_out=timed_out):
            late = QuoteRefusal.TIMEOUT if timed_out else QuoteRefusal.UNAVAILABLE
            return LpQuoteRefused(lp=lp, reason=late, detail=cause)
        case Code(code=code, told=told):
            if not reply.is_documented:
                undocumented(DIALECT, "retCode of a quote", code)
            return LpQuoteRefused(lp=lp, reason=reply.meaning.quote, detail=told)
        case Result(body):
            try:
                return _quote(read_quote_result(body), ask, lp=lp, received_at=received_at)
            except (Unreadable, AmountInvalid, LpQuoteInvalid) as error:
                return _invalid(lp, str(error))


def _quote(
    result: QuoteResult, ask: Ask, *, lp: LpName, received_at: datetime
) -> LpQuote | LpQuoteRefused:
    """Raises `AmountInvalid` or `LpQuoteInvalid`."""
    quote_id = identifier(result.quote_tx_id)
    if quote_id is None:
        return _invalid(lp, "no quoteTxId")
    if (result.from_coin, result.to_coin) != (ask.give.code, ask.get.code):
        return _invalid(lp, f"not the pair asked for: {result.from_coin} to {result.to_coin}")
    given = exact_units(result.from_amount, scale=ask.give.scale)
    gotten = whole_units(result.to_amount, scale=ask.get.scale)
    expires_at = from_ms(int(result.expired_time))
    if given != ask.units:
        return _invalid(lp, f"not the amount asked for: {result.from_amount}")
    if not received_at < expires_at <= received_at + QUOTE_LIFE_MAX:
        return _invalid(lp, f"expiredTime {result.expired_time}")
    give = Figure(given, ask.give.scale, ask.give_step)
    if not rate_agrees(give, Figure(gotten, ask.get.scale, 1), result.exchange_rate):
        return _invalid(lp, f"amounts are not at rate {result.exchange_rate}")
    buys = ask.request.side is Side.BUY
    return LpQuote(
        lp=lp,
        lp_quote_id=quote_id,
        side=ask.request.side,
        base_units=gotten if buys else given,
        quote_units=given if buys else gotten,
        rate=result.exchange_rate,
        received_at=received_at,
        expires_at=expires_at,
    )


def _invalid(lp: LpName, why: str) -> LpQuoteRefused:
    return LpQuoteRefused(lp=lp, reason=QuoteRefusal.INVALID_RESPONSE, detail=detail(why))
