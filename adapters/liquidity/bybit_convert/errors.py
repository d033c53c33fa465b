"""What Bybit's codes mean to us, as data; `10xxx` are its general codes, the rest are Convert's.

`700008` is said of an expired quote and of an id that was never given out: it proves nothing of
what became of a request, and neither does `790000`, a system error. `700009` says that the quote
was used, perhaps by us.
"""

from typing import Final

from adapters.liquidity.meanings import Meaning, look_up, refused, unknown
from domain.liquidity.quote import QuoteRefusal

RATE_LIMITED: Final = frozenset({"10006", "10018"})

MEANINGS: Final[dict[str, Meaning]] = {
    "10001": refused("malformed_request"),
    "10002": refused("clock_skew"),
    "10003": refused("unauthorized"),
    "10004": refused("bad_signature"),
    "10005": refused("unauthorized"),
    "10006": refused("rate_limited", QuoteRefusal.RATE_LIMITED),
    "10010": refused("unauthorized"),
    "10016": unknown("vendor_error"),
    "10018": refused("rate_limited", QuoteRefusal.RATE_LIMITED),
    "32024": refused("price_moved"),
    "700000": refused("malformed_request"),
    "700001": unknown("no_dealer"),
    "700003": look_up("status_not_allowed"),
    "700004": unknown("quote_not_found"),
    "700005": refused("insufficient_lp_balance", QuoteRefusal.INSUFFICIENT_LP_BALANCE),
    "700006": refused("below_minimum", QuoteRefusal.BELOW_MINIMUM),
    "700007": refused("above_maximum", QuoteRefusal.ABOVE_MAXIMUM),
    "700008": unknown("quote_expired_or_unknown"),
    "700009": look_up("already_used"),
    "700011": refused("quote_of_another_account"),
    "790000": look_up("vendor_error"),
}

# The first witness does not know the quote. Absence is never concluded from this alone.
NOT_FOUND: Final = "700004"
