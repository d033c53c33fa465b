"""What an answer says about the LP: one row per kind of answer."""

import pytest

from adapters.liquidity.meanings import Reason
from domain.liquidity.observation import (
    CAUSE_LENGTH_MAX,
    QUOTE_RESULTS,
    Result,
    execution_observed,
    lookup_observed,
    quote_observed,
)
from domain.liquidity.outcome import Filled, NotSeen, Outcome, Pending, Rejected, Unknown
from domain.liquidity.quote import LpQuoteRefused, QuoteRefusal
from domain.shared.side import Side
from tests.unit.domain.builders import LP, NOW, lp_quote_of

FILLED = Filled(lp_execution_id="e", base_units=1, quote_units=1, executed_at=NOW)


def rejected(reason: str) -> Rejected:
    return Rejected(reason=reason, detail="told so")


@pytest.mark.parametrize("reason", list(QuoteRefusal))
def test_every_refusal_of_a_quote_has_its_row(reason: QuoteRefusal) -> None:
    answer = LpQuoteRefused(lp=LP, reason=reason, detail="-")
    seen = quote_observed(LP, "BTC-USDT", answer, latency_ms=3, at=NOW)
    assert (seen.result, seen.cause, seen.latency_ms) == (QUOTE_RESULTS[reason], reason.value, 3)


def test_only_what_the_lp_failed_at_counts_against_it() -> None:
    failed = {reason for reason, result in QUOTE_RESULTS.items() if result is Result.FAILED}
    assert failed == {
        QuoteRefusal.UNAVAILABLE,
        QuoteRefusal.TIMEOUT,
        QuoteRefusal.INVALID_RESPONSE,
    }
    assert QUOTE_RESULTS[QuoteRefusal.RATE_LIMITED] is Result.THROTTLED


def test_quote_is_a_success() -> None:
    quote = lp_quote_of(Side.BUY, 1, 1)
    seen = quote_observed(LP, "BTC-USDT", quote, latency_ms=3, at=NOW)
    assert (seen.result, seen.cause) == (Result.OK, None)


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (FILLED, Result.OK),
        (Pending(), Result.OK),
        (Unknown(cause="no reply"), Result.UNKNOWN),
        (rejected(Reason.NOT_SENT), Result.FAILED),
        (rejected(Reason.LP_FAILED), Result.FAILED),
        (rejected("price_moved"), Result.FAILED),
        (rejected("a code that is new"), Result.FAILED),
        (rejected(Reason.RATE_LIMITED), Result.THROTTLED),
        (rejected(Reason.DEADLINE_PASSED), Result.NEUTRAL),
        (rejected(Reason.QUOTE_EXPIRED), Result.NEUTRAL),
        (rejected("insufficient_lp_balance"), Result.NEUTRAL),
        (rejected("below_minimum"), Result.NEUTRAL),
        (rejected("above_maximum"), Result.NEUTRAL),
        (rejected("lp_unavailable"), Result.NEUTRAL),
    ],
)
def test_execution_counts_by_its_outcome(outcome: Outcome, result: Result) -> None:
    assert execution_observed(LP, "BTC-USDT", outcome, latency_ms=3, at=NOW).result is result


@pytest.mark.parametrize(
    ("seen", "result"),
    [
        (FILLED, Result.OK),
        (rejected("lp_failed"), Result.OK),
        (Pending(), Result.OK),
        (NotSeen(authoritative=False, detail="none"), Result.OK),
        (Unknown(cause="HTTP 503"), Result.FAILED),
    ],
)
def test_lookup_counts_by_whether_it_was_answered(seen: Outcome | NotSeen, result: Result) -> None:
    assert lookup_observed(LP, "BTC-USDT", seen, latency_ms=3, at=NOW).result is result


def test_long_cause_is_one_short_line() -> None:
    outcome = Unknown(cause="no reply\n" + "x" * 500)
    cause = execution_observed(LP, "BTC-USDT", outcome, latency_ms=3, at=NOW).cause
    assert cause is not None
    assert cause.startswith("no reply xxx")
    assert len(cause) == CAUSE_LENGTH_MAX
