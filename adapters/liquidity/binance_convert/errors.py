"""What Binance's error codes mean to us, as data.

`-1xxx` and `-2xxx` are the exchange's public general codes. Convert's own table is not public:
345231 is documented for the same vendor's OTC portal, the other 345xxx in no document at all.
Undocumented codes may refuse a quote, where nothing is at stake, but never prove that an execution
did not happen; `refusals_confirmed` in the settings adds those that the vendor has put in writing.
"""

from typing import Final

from adapters.liquidity.meanings import Meaning, look_up, refused, unknown
from domain.liquidity.quote import QuoteRefusal

_MALFORMED: Final = refused("malformed_request")

MEANINGS: Final[dict[str, Meaning]] = {
    "-1000": unknown("vendor_error"),
    "-1001": unknown("vendor_disconnected"),
    "-1002": refused("unauthorized"),
    "-1003": refused("rate_limited", QuoteRefusal.RATE_LIMITED),
    "-1006": unknown("unexpected_response"),
    "-1007": unknown("vendor_timeout", QuoteRefusal.TIMEOUT),
    "-1008": unknown("vendor_busy"),
    "-1015": refused("rate_limited", QuoteRefusal.RATE_LIMITED),
    "-1016": unknown("vendor_shutting_down"),
    "-1021": refused("clock_skew"),
    "-1022": refused("bad_signature"),
    "-1100": _MALFORMED,
    "-1101": _MALFORMED,
    "-1102": _MALFORMED,
    "-1103": _MALFORMED,
    "-1104": _MALFORMED,
    "-1105": _MALFORMED,
    "-1106": _MALFORMED,
    "-1111": _MALFORMED,
    "-1121": refused("unsupported", QuoteRefusal.UNSUPPORTED),
    "-1128": _MALFORMED,
    "-1130": _MALFORMED,
    "-1131": _MALFORMED,
    "-2014": refused("unauthorized"),
    "-2015": refused("unauthorized"),
    "345230": unknown("quote_not_found"),
    "345231": refused("quote_expired"),
    "345232": look_up("already_used"),
    "345233": unknown("insufficient_lp_balance", QuoteRefusal.INSUFFICIENT_LP_BALANCE),
    "345238": unknown("below_minimum", QuoteRefusal.BELOW_MINIMUM),
    "345239": unknown("above_maximum", QuoteRefusal.ABOVE_MAXIMUM),
}

# The first witness does not know the order. Absence is never concluded from this alone.
ORDER_NOT_FOUND: Final = frozenset({"-2013"})
