"""What Busha's error names mean to us, as data.

The vendor publishes no table. The names are those of the simulator, to be replaced by what the
vendor's sandbox answers; none of them proves that a transfer was not made, and only a refusal to
take more requests is believed.
"""

from typing import Final

from adapters.liquidity.meanings import Meaning, look_up, refused, unknown
from domain.liquidity.quote import QuoteRefusal

MEANINGS: Final[dict[str, Meaning]] = {
    "rate_limited": refused("rate_limited", QuoteRefusal.RATE_LIMITED),
    "quote_already_used": look_up("already_used"),
    "quote_not_found": unknown("quote_not_found"),
    "insufficient_balance": unknown(
        "insufficient_lp_balance", QuoteRefusal.INSUFFICIENT_LP_BALANCE
    ),
    "unsupported_pair": unknown("unsupported", QuoteRefusal.UNSUPPORTED),
    "amount_below_minimum": unknown("below_minimum", QuoteRefusal.BELOW_MINIMUM),
    "amount_above_maximum": unknown("above_maximum", QuoteRefusal.ABOVE_MAXIMUM),
    "unauthorized": unknown("unauthorized"),
    "invalid_request": unknown("malformed_request"),
    "internal_error": unknown("vendor_error"),
}
