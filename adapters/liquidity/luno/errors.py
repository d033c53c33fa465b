"""What Luno's error codes mean to us, as data.

The vendor's SDK knows these codes and no document says of one of them that nothing was executed. So
on execution none proves it but the refusal to take more requests: the order's record does, or its
deadline. `refusals_confirmed` in the settings adds those the vendor has put in writing.
"""

from typing import Final

from adapters.liquidity.meanings import Meaning, look_up, refused, unknown
from domain.liquidity.quote import QuoteRefusal

MEANINGS: Final[dict[str, Meaning]] = {
    "ErrDuplicateClientOrderID": look_up("already_used"),
    "ErrDeadlineExceeded": unknown("quote_expired"),
    "ErrInternal": unknown("vendor_error"),
    "ErrTooManyRequests": refused("rate_limited", QuoteRefusal.RATE_LIMITED),
    "ErrNotEnoughLiquidity": unknown("no_liquidity"),
    "ErrInsufficientFunds": unknown(
        "insufficient_lp_balance", QuoteRefusal.INSUFFICIENT_LP_BALANCE
    ),
    "ErrMarketUnavailable": unknown("market_closed", QuoteRefusal.UNSUPPORTED),
    "ErrPostOnlyMode": unknown("market_closed"),
    "ErrVolumeTooLow": unknown("below_minimum", QuoteRefusal.BELOW_MINIMUM),
    "ErrVolumeTooHigh": unknown("above_maximum", QuoteRefusal.ABOVE_MAXIMUM),
}

# The record does not know the order. Absence is never concluded from this alone.
ORDER_NOT_FOUND: Final = frozenset({"ErrOrderNotFound"})
