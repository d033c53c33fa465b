"""What B2C2's error codes mean to us, as data, from clients' sources: to be confirmed on its UAT.

An answer may hold several. It is a refusal only when every one of them is.
"""

from collections.abc import Iterable
from typing import Final

from adapters.liquidity.meanings import (
    UNMAPPED,
    Meaning,
    Reason,
    Verdict,
    look_up,
    refused,
    unknown,
)
from domain.liquidity.quote import QuoteRefusal

_MALFORMED: Final = refused("malformed_request")

MEANINGS: Final[dict[str, Meaning]] = {
    "1000": unknown("vendor_error"),
    "1001": refused("unsupported", QuoteRefusal.UNSUPPORTED),
    "1002": _MALFORMED,
    "1003": _MALFORMED,
    "1004": _MALFORMED,
    "1005": _MALFORMED,
    "1006": _MALFORMED,
    "1007": refused(Reason.QUOTE_EXPIRED),
    "1009": refused("price_moved"),
    "1010": refused("above_maximum", QuoteRefusal.ABOVE_MAXIMUM),
    "1011": refused("insufficient_lp_balance", QuoteRefusal.INSUFFICIENT_LP_BALANCE),
    "1012": refused("risk_exposure", QuoteRefusal.INSUFFICIENT_LP_BALANCE),
    "1013": refused("credit_exposure", QuoteRefusal.INSUFFICIENT_LP_BALANCE),
    "1015": _MALFORMED,
    "1016": refused("trading_disabled"),
    "1017": _MALFORMED,
    "1018": refused("settlement_disabled"),
    "1019": refused("below_minimum", QuoteRefusal.BELOW_MINIMUM),
    "1020": _MALFORMED,
    "1021": refused(Reason.QUOTE_EXPIRED),
    "1022": refused("unsupported", QuoteRefusal.UNSUPPORTED),
    "1023": _MALFORMED,
    # "Other" may be that our id was used before, and then by us.
    "1100": look_up("other"),
    "1101": _MALFORMED,
}

_WEIGHT: Final = {Verdict.REFUSED: 0, Verdict.LOOK_UP: 1, Verdict.UNKNOWN: 2}


def meaning_of(codes: Iterable[str]) -> Meaning:
    """The least certain of them; of equals the first."""
    return max(
        (MEANINGS.get(code, UNMAPPED) for code in codes), key=lambda each: _WEIGHT[each.verdict]
    )
