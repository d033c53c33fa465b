"""What Binance's error codes mean to us, as data.

`-1xxx` and `-2xxx` are the exchange's public general codes. Convert's own table is not public:
345231 is documented for the same vendor's OTC portal, the other 345xxx in no document at all.
Undocumented codes may refuse a quote, where nothing is at stake, but never prove that an execution
did not happen; `refusals_confirmed` in the settings adds those that the vendor has put in writing.
"""

from enum import StrEnum
from typing import Final

import msgspec

from domain.liquidity.quote import QuoteRefusal

REASON_UNMAPPED: Final = "unmapped"


class Verdict(StrEnum):
    """On execution. `refused`: nothing was executed, by the vendor's documented word.

    `look_up`: it may have been executed before, and the record says whether. The rest is unknown.
    """

    REFUSED = "refused"
    LOOK_UP = "look_up"
    UNKNOWN = "unknown"


class Meaning(msgspec.Struct, frozen=True):
    verdict: Verdict
    reason: str
    quote: QuoteRefusal


def _refused(reason: str, quote: QuoteRefusal = QuoteRefusal.UNAVAILABLE) -> Meaning:
    return Meaning(Verdict.REFUSED, reason, quote)


def _unknown(reason: str, quote: QuoteRefusal = QuoteRefusal.UNAVAILABLE) -> Meaning:
    return Meaning(Verdict.UNKNOWN, reason, quote)


_MALFORMED: Final = _refused("malformed_request")

MEANINGS: Final[dict[str, Meaning]] = {
    "-1000": _unknown("vendor_error"),
    "-1001": _unknown("vendor_disconnected"),
    "-1002": _refused("unauthorized"),
    "-1003": _refused("rate_limited", QuoteRefusal.RATE_LIMITED),
    "-1006": _unknown("unexpected_response"),
    "-1007": _unknown("vendor_timeout", QuoteRefusal.TIMEOUT),
    "-1008": _unknown("vendor_busy"),
    "-1015": _refused("rate_limited", QuoteRefusal.RATE_LIMITED),
    "-1016": _unknown("vendor_shutting_down"),
    "-1021": _refused("clock_skew"),
    "-1022": _refused("bad_signature"),
    "-1100": _MALFORMED,
    "-1101": _MALFORMED,
    "-1102": _MALFORMED,
    "-1103": _MALFORMED,
    "-1104": _MALFORMED,
    "-1105": _MALFORMED,
    "-1106": _MALFORMED,
    "-1111": _MALFORMED,
    "-1121": _refused("unsupported", QuoteRefusal.UNSUPPORTED),
    "-1128": _MALFORMED,
    "-1130": _MALFORMED,
    "-1131": _MALFORMED,
    "-2014": _refused("unauthorized"),
    "-2015": _refused("unauthorized"),
    "345230": _unknown("quote_not_found"),
    "345231": _refused("quote_expired"),
    "345232": Meaning(Verdict.LOOK_UP, "already_used", QuoteRefusal.UNAVAILABLE),
    "345233": _unknown("insufficient_lp_balance", QuoteRefusal.INSUFFICIENT_LP_BALANCE),
    "345238": _unknown("below_minimum", QuoteRefusal.BELOW_MINIMUM),
    "345239": _unknown("above_maximum", QuoteRefusal.ABOVE_MAXIMUM),
}

UNMAPPED: Final = _unknown(REASON_UNMAPPED)

# The first witness does not know the order. Absence is never concluded from this alone.
ORDER_NOT_FOUND: Final = frozenset({"-2013"})

SERVER_ERROR_FROM: Final = 500
TOO_MANY_REQUESTS: Final = 429
BANNED: Final = 418
