"""What one request to an LP says about the LP, and what it does not.

A customer's amount, our own balance and our own request rate say nothing about it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from .outcome import Filled, NotAsked, NotSeen, Outcome, Pending, Rejected, Unknown
from .quote import LpName, LpQuote, LpQuoteRefused, QuoteRefusal

CAUSE_LENGTH_MAX: Final = 40
# Instead of an instrument: what holds for all that the LP trades.
EVERY_INSTRUMENT: Final = "*"


class Operation(StrEnum):
    QUOTE = "quote"
    EXECUTE = "execute"
    LOOKUP = "lookup"


class Result(StrEnum):
    """`throttled`: it answered that we ask too often. `neutral`: nothing was learnt of the LP."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    THROTTLED = "throttled"
    NEUTRAL = "neutral"


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """`latency_ms` is None where the time says nothing, `cause` where all went well.

    `open_ms` is how long an execution had been open when a lookup said how it ended.
    """

    lp: LpName
    instrument: str
    operation: Operation
    result: Result
    at: datetime
    cause: str | None = None
    latency_ms: int | None = None
    open_ms: int | None = None


# A table and not a default: whoever adds a refusal has to decide.
QUOTE_RESULTS: Final[dict[QuoteRefusal, Result]] = {
    QuoteRefusal.UNAVAILABLE: Result.FAILED,
    QuoteRefusal.TIMEOUT: Result.FAILED,
    QuoteRefusal.RATE_LIMITED: Result.THROTTLED,
    QuoteRefusal.INSUFFICIENT_LP_BALANCE: Result.NEUTRAL,
    QuoteRefusal.BELOW_MINIMUM: Result.NEUTRAL,
    QuoteRefusal.ABOVE_MAXIMUM: Result.NEUTRAL,
    QuoteRefusal.UNSUPPORTED: Result.NEUTRAL,
    QuoteRefusal.MOVED: Result.NEUTRAL,
    QuoteRefusal.INVALID_RESPONSE: Result.FAILED,
    QuoteRefusal.OFF_MARKET: Result.FAILED,
    # Nobody confirms it: that says nothing of the LP.
    QuoteRefusal.UNREFERENCED: Result.NEUTRAL,
}

# Reasons of rejected executions that are ours or the customer's. Any other is the LP's.
REJECTION_RESULTS: Final[dict[str, Result]] = {
    "above_maximum": Result.NEUTRAL,
    "below_minimum": Result.NEUTRAL,
    "credit_exposure": Result.NEUTRAL,
    "deadline_passed": Result.NEUTRAL,
    "insufficient_lp_balance": Result.NEUTRAL,
    "lp_unavailable": Result.NEUTRAL,
    "quote_expired": Result.NEUTRAL,
    "rate_limited": Result.THROTTLED,
    "risk_exposure": Result.NEUTRAL,
    "unsupported": Result.NEUTRAL,
}


def quote_observed(
    lp: LpName,
    instrument: str,
    answer: LpQuote | LpQuoteRefused,
    *,
    latency_ms: int,
    at: datetime,
) -> Observation:
    """A quote that no offer can be made of is a refusal: `QuoteRefusal.INVALID_RESPONSE`."""
    refused = answer.reason if isinstance(answer, LpQuoteRefused) else None
    return Observation(
        lp=lp,
        instrument=instrument,
        operation=Operation.QUOTE,
        result=Result.OK if refused is None else QUOTE_RESULTS[refused],
        at=at,
        cause=None if refused is None else refused.value,
        latency_ms=latency_ms,
    )


def execution_observed(
    lp: LpName, instrument: str, outcome: Outcome, *, latency_ms: int, at: datetime
) -> Observation:
    """Of the call that executes. What a lookup finds later is a lookup's."""
    result, cause = _said_by(outcome)
    return Observation(
        lp=lp,
        instrument=instrument,
        operation=Operation.EXECUTE,
        result=result,
        at=at,
        cause=short(cause),
        latency_ms=latency_ms,
    )


def _said_by(outcome: Outcome) -> tuple[Result, str | None]:
    match outcome:
        case Filled() | Pending():
            return Result.OK, None
        case Rejected():
            return REJECTION_RESULTS.get(outcome.reason, Result.FAILED), outcome.reason
        case Unknown():
            return Result.UNKNOWN, outcome.cause


def lookup_observed(
    lp: LpName,
    instrument: str,
    seen: Outcome | NotSeen,
    *,
    latency_ms: int,
    at: datetime,
    open_ms: int | None = None,
) -> Observation:
    """An LP that answers "no such execution" has answered."""
    cause = seen.cause if isinstance(seen, Unknown) else None
    result = Result.OK if cause is None else Result.FAILED
    if isinstance(seen, NotAsked):
        result = Result.NEUTRAL
    return Observation(
        lp=lp,
        instrument=instrument,
        operation=Operation.LOOKUP,
        result=result,
        at=at,
        cause=short(cause),
        latency_ms=latency_ms,
        open_ms=open_ms,
    )


def short(cause: str | None) -> str | None:
    """One line of bounded length: causes are counted by their text, and shown in tables."""
    return None if cause is None else " ".join(cause.split())[:CAUSE_LENGTH_MAX]
