"""What an error code of a vendor means to us: the shape of every dialect's table."""

from enum import StrEnum
from typing import Final

import msgspec

from domain.liquidity.quote import QuoteRefusal

OK: Final = 200
BANNED: Final = 418
TOO_MANY_REQUESTS: Final = 429
SERVER_ERROR_FROM: Final = 500

REASON_UNMAPPED: Final = "unmapped"


class Reason(StrEnum):
    """Why an execution is known not to have happened, besides the reasons of the tables."""

    NOT_SENT = "not_sent"
    DEADLINE_PASSED = "deadline_passed"
    QUOTE_EXPIRED = "quote_expired"
    RATE_LIMITED = "rate_limited"
    LP_FAILED = "lp_failed"


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


def refused(reason: str, quote: QuoteRefusal = QuoteRefusal.UNAVAILABLE) -> Meaning:
    return Meaning(Verdict.REFUSED, reason, quote)


def look_up(reason: str, quote: QuoteRefusal = QuoteRefusal.UNAVAILABLE) -> Meaning:
    return Meaning(Verdict.LOOK_UP, reason, quote)


def unknown(reason: str, quote: QuoteRefusal = QuoteRefusal.UNAVAILABLE) -> Meaning:
    return Meaning(Verdict.UNKNOWN, reason, quote)


UNMAPPED: Final = unknown(REASON_UNMAPPED)
