"""Every fault a simulator can be told to show, once, whatever the dialect.

A dialect picks the names that mean something on its wire. Times are in milliseconds unless the
parameter says otherwise.
"""

from collections.abc import Mapping

from entrypoints.simulator.faults import FaultBook, FaultSpec, Stage

QUOTE, EXECUTE, LOOKUP, HISTORY = Stage.QUOTE, Stage.EXECUTE, Stage.LOOKUP, Stage.HISTORY
TICKER = Stage.TICKER
EVERYWHERE = (QUOTE, EXECUTE, LOOKUP, HISTORY)


def _bends(name: str, *stages: Stage, says: str, **params: int) -> FaultSpec:
    return FaultSpec(name=name, stages=frozenset(stages), says=says, params=params)


def _decides(name: str, *stages: Stage, says: str, **params: int) -> FaultSpec:
    return FaultSpec(name=name, stages=frozenset(stages), says=says, params=params, decides=True)


def _lookups(name: str, says: str, **params: int) -> FaultSpec:
    return FaultSpec(
        name=name,
        stages=frozenset((LOOKUP,)),
        says=says,
        params=params,
        decides=True,
        count=None,
        count_param="lookups" if "lookups" in params else None,
    )


def _ticks(name: str, says: str, **params: int) -> FaultSpec:
    """Until cleared: a ticker is asked for all the time, and not by whoever armed the fault."""
    return FaultSpec(name=name, stages=frozenset((TICKER,)), says=says, params=params, count=None)


_QUOTE = (
    _bends("quote_slow", QUOTE, says="The quote comes after `ms`.", ms=2_000),
    _decides("quote_5xx", QUOTE, says="`status` and no quote.", status=503),
    _decides("quote_429", QUOTE, says="429 with Retry-After in seconds.", retry_after=1),
    _bends(
        "quote_insufficient_funds_no_id",
        QUOTE,
        says="Answered as if our account at the vendor could not pay: a price that cannot be had.",
    ),
    _bends("stale_price", QUOTE, says="The price of `age_ms` ago.", age_ms=60_000),
    _bends("price_off_by", QUOTE, says="The price is `bps` too high; negative: low.", bps=200),
    _bends(
        "limits_changed",
        QUOTE,
        says="The maximum has just fallen to half of what is asked for (`below`=1: the minimum has"
        " risen to twice of it), whatever the published limits say.",
        below=0,
    ),
)

_EXECUTE = (
    _decides(
        "execute_timeout_after_commit",
        EXECUTE,
        says="Executed, then silence until the client hangs up or `ms` have passed.",
        ms=30_000,
    ),
    _decides(
        "execute_timeout_before_commit",
        EXECUTE,
        says="Silence as above, and nothing is executed; the quote stays open.",
        ms=30_000,
    ),
    _decides("execute_502_after_commit", EXECUTE, says="Executed, then 502 with an HTML page."),
    _decides("execute_200_truncated_json", EXECUTE, says="Executed, then 200 with half a body."),
    _decides(
        "execute_async_pending",
        EXECUTE,
        says="Accepted but not finished: `lookups` more answers say so before the final one"
        " (`fails`=1: it fails, and nothing is executed).",
        lookups=2,
        fails=0,
    ),
    _decides("last_look_reject", EXECUTE, says="The vendor looks once more and declines."),
    _decides(
        "executed_price_null",
        EXECUTE,
        says="Answered like a trade, with no price it was executed at: nothing was.",
    ),
    _decides("expired", EXECUTE, says="The quote is refused as expired, and is from now on."),
    _bends(
        "expired_executes_at_market",
        EXECUTE,
        says="The quote counts as expired, and is executed all the same: at the market, which has"
        " moved `bps` against us.",
        bps=100,
    ),
    _decides(
        "already_used",
        EXECUTE,
        says="Refused as used before, though nothing was executed; the quote is dead.",
    ),
    _decides(
        "duplicate_execute",
        EXECUTE,
        says="The request arrives twice: the first copy executes, the second one's refusal"
        " (already used) is the answer.",
    ),
    _bends(
        "amounts_differ_from_quote",
        EXECUTE,
        says="Executed with `bps` less received than quoted; negative: more.",
        bps=10,
    ),
    _decides(
        "unknown_enum",
        EXECUTE,
        says="Executed; the answer and `lookups` more carry a status nobody has documented.",
        lookups=1,
    ),
    _bends(
        "balance_drop",
        EXECUTE,
        says="Before executing, what we pay with is gone from our account, and stays gone.",
    ),
)

_LOOKUP = (
    _lookups(
        "lookup_404_then_found",
        "The order is not found `lookups` times (or for `delay_ms`), then it is.",
        lookups=2,
        delay_ms=0,
    ),
    _lookups("lookup_404_forever", "The order is never found by its id; the history has it."),
    _decides("lookup_5xx", LOOKUP, HISTORY, says="`status` and no answer.", status=503),
)

_TICKER = (
    _ticks("ticker_off_by", "The public ticker is `bps` too high; negative: low.", bps=200),
    _ticks(
        "ticker_stale", "The public ticker stands still at what it was `age_ms` ago.", age_ms=60_000
    ),
    _ticks("ticker_crossed", "The public ticker's bid is its ask, and its ask its bid."),
    _ticks("ticker_5xx", "`status` and no ticker.", status=503),
)

_EVERYWHERE = (
    _bends("clock_skew", *EVERYWHERE, says="The vendor's clock is `ms` ahead of ours.", ms=60_000),
    _decides("ip_ban_418", *EVERYWHERE, says="418, Retry-After in seconds.", retry_after=120),
)

TICKER_FAULTS = tuple(spec.name for spec in _TICKER)

CATALOG: Mapping[str, FaultSpec] = {
    spec.name: spec for spec in (*_QUOTE, *_EXECUTE, *_LOOKUP, *_TICKER, *_EVERYWHERE)
}

# Named by the catalogue of failures, and shown by dialects on whose wire they can happen.
OF_OTHER_DIALECTS = frozenset(
    (
        "quote_async",
        "partial_take",
        "webhook_lost",
        "webhook_duplicated",
        "webhook_reordered",
        "webhook_bad_signature",
    )
)

_ANY_DIALECTS = FaultBook(CATALOG.values(), OF_OTHER_DIALECTS)


def check_scenario(header: str) -> None:
    """Raises FaultInvalid for what no simulator knows. Where a header passes through other hands
    first, they ask here: a vendor's own refusal would reach its sender as a trade that failed.
    """
    _ANY_DIALECTS.parse(header)
