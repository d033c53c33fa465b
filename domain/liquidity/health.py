"""How an LP did lately, and what follows for its breakers.

All observations of one LP, instrument and operation are a row: sums that fade, each sample weighing
1/e of itself five minutes later, and a breaker. Sums add up, whoever made the observations.

breaker   opens                                                        closes
quote     failures in a row, or most of the quotes lately failed       quotes as probes
execute   outcomes unknown within a window; rejections in a row        quotes, then one execution
lookup    of all instruments: lookups failed in a row                  a lookup; or as above

Who cannot look up must not execute; so nothing is executed while lookups fail.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec
from msgspec.structs import replace

from . import breaker as breakers
from .breaker import CLOSED, Breaker, BreakerState, Trial
from .observation import EVERY_INSTRUMENT, Observation, Operation, Result
from .quote import LpName

MICRO: Final = 1_000_000
# exp(-1/300) in parts of 10^12: what is left of a weight after a second.
FADE: Final = 996_672_216_054
FADE_UNIT: Final = 10**12
FADE_EVERY: Final = timedelta(seconds=1)
# After an hour six millionths are left: nothing.
FADED_AFTER: Final = 3_600

QUOTE_FAILURES_TO_OPEN: Final = 5
QUOTE_SHARE_TO_OPEN_PPM: Final = 500_000
QUOTE_SAMPLES_MIN: Final = 20
REJECTIONS_TO_OPEN: Final = 5
UNKNOWNS_TO_OPEN: Final = 3
UNKNOWN_WINDOW: Final = timedelta(minutes=5)
LOOKUP_FAILURES_TO_OPEN: Final = 3
# Causes beyond these are counted as one.
CAUSES_MAX: Final = 12
OTHER_CAUSES: Final = "other"

Key: TypeAlias = tuple[LpName, str, Operation]


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Faded sums as of a moment, in millionths of a sample; `in_a_row` and `last_…` do not fade.

    `failed` are those among `samples` that count against the LP; `causes` has these and what does
    not count. `latency` is in milliseconds times millionths, over `timed`; likewise `open_time`
    over `resolved`.
    """

    as_of: datetime
    samples: int = 0
    failed: int = 0
    causes: Mapping[str, int] = {}
    timed: int = 0
    latency: int = 0
    resolved: int = 0
    open_time: int = 0
    in_a_row: int = 0
    last_ok_at: datetime | None = None
    last_error_at: datetime | None = None
    last_error: str | None = None

    @property
    def failed_ppm(self) -> int | None:
        """Rounded down; None when nothing is known."""
        return self.failed * MICRO // self.samples if self.samples else None

    @property
    def latency_ms(self) -> int | None:
        return self.latency // self.timed if self.timed else None

    @property
    def open_ms(self) -> int | None:
        return self.open_time // self.resolved if self.resolved else None


class HealthRow(msgspec.Struct, frozen=True, kw_only=True):
    """`unknown_at` are the latest moments at which an execution's outcome became unknown."""

    tally: Tally
    breaker: Breaker = CLOSED
    unknown_at: tuple[datetime, ...] = ()


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A breaker that changed its state."""

    key: Key
    before: BreakerState
    after: BreakerState
    cause: str | None
    at: datetime


class Folded(msgspec.Struct, frozen=True):
    """`rows` are those that changed."""

    rows: Mapping[Key, HealthRow]
    turns: tuple[Turn, ...]


def keys_of(observation: Observation) -> tuple[Key, ...]:
    """The rows that an observation may change."""
    lp, instrument = observation.lp, observation.instrument
    executing: Key = (lp, instrument, Operation.EXECUTE)
    every: Key = (lp, EVERY_INSTRUMENT, Operation.LOOKUP)
    match observation.operation:
        case Operation.QUOTE:
            return ((lp, instrument, Operation.QUOTE), executing, every)
        case Operation.EXECUTE:
            return (executing, every)
        case Operation.LOOKUP:
            return ((lp, instrument, Operation.LOOKUP), every)


def fold(known: Mapping[Key, HealthRow], observations: Iterable[Observation]) -> Folded:
    """`known` has the rows of `keys_of` each observation, as far as there are any."""
    rows: dict[Key, HealthRow] = {}
    turns: list[Turn] = []
    for each in observations:
        for key in keys_of(each):
            before = rows.get(key) or known.get(key)
            after = _observed(before, key, each)
            if after is None or after is before:
                continue
            rows[key] = after
            turns.extend(turned(key, before, after, at=each.at))
    return Folded(rows, tuple(turns))


def turned(key: Key, before: HealthRow | None, after: HealthRow, *, at: datetime) -> Iterator[Turn]:
    """One, or none where the breaker's state is as before."""
    was = CLOSED if before is None else before.breaker
    if was.state is not after.breaker.state:
        yield Turn(
            key=key,
            before=was.state,
            after=after.breaker.state,
            cause=after.breaker.cause or was.cause,
            at=at,
        )


def _observed(row: HealthRow | None, key: Key, seen: Observation) -> HealthRow | None:
    """None for a row that this is no news to."""
    operation = key[2]
    own = operation is seen.operation
    if row is None:
        if not own:
            return None
        row = HealthRow(tally=Tally(as_of=seen.at))
    counted = replace(row, tally=tallied(row.tally, seen)) if own else row
    if operation is Operation.LOOKUP and key[1] != EVERY_INSTRUMENT:
        return counted
    if counted.breaker.is_closed:
        return _closed(counted, seen) if own else counted
    return _recovering(counted, operation, seen)


def _closed(row: HealthRow, seen: Observation) -> HealthRow:
    """It opens, or not."""
    if seen.operation is Operation.EXECUTE and seen.result is Result.UNKNOWN:
        return _unknown(row, seen)
    if seen.result is not Result.FAILED:
        return row
    why = _too_many(row.tally, seen.operation)
    if why is None:
        return row
    cause = f"{why}, the last: {seen.cause}"
    return replace(row, breaker=breakers.tripped(row.breaker, cause, at=seen.at))


def _too_many(tally: Tally, operation: Operation) -> str | None:
    limit = {
        Operation.QUOTE: QUOTE_FAILURES_TO_OPEN,
        Operation.EXECUTE: REJECTIONS_TO_OPEN,
        Operation.LOOKUP: LOOKUP_FAILURES_TO_OPEN,
    }[operation]
    if tally.in_a_row >= limit:
        return f"{tally.in_a_row} failures in a row"
    share = tally.failed_ppm or 0
    if (
        operation is Operation.QUOTE
        and tally.samples >= QUOTE_SAMPLES_MIN * MICRO
        and share >= QUOTE_SHARE_TO_OPEN_PPM
    ):
        return f"{share // 10_000} % failed lately"
    return None


def _unknown(row: HealthRow, seen: Observation) -> HealthRow:
    recent = tuple(at for at in row.unknown_at if seen.at - at < UNKNOWN_WINDOW)
    unknown_at = (*recent, seen.at)[-UNKNOWNS_TO_OPEN:]
    row = replace(row, unknown_at=unknown_at)
    if len(unknown_at) < UNKNOWNS_TO_OPEN:
        return row
    minutes = UNKNOWN_WINDOW // timedelta(minutes=1)
    cause = f"{len(unknown_at)} unknown outcomes in {minutes} minutes, the last: {seen.cause}"
    return replace(row, breaker=breakers.tripped(row.breaker, cause, at=seen.at))


def _recovering(row: HealthRow, operation: Operation, seen: Observation) -> HealthRow:
    """Open or half-open. What was under way when it opened says nothing of a recovery."""
    breaker = row.breaker
    if seen.operation is Operation.LOOKUP and operation is Operation.LOOKUP:
        if seen.result is Result.OK:
            return _recovered(row, at=seen.at)
        return _failed(row, seen)
    if seen.operation is Operation.QUOTE and breaker.trial is Trial.QUOTE:
        if seen.result is Result.OK:
            after = breakers.quote_passed(
                breaker, at=seen.at, then_execute=operation is not Operation.QUOTE
            )
            return _recovered(row, at=seen.at) if after.is_closed else replace(row, breaker=after)
        return _failed(row, seen)
    if seen.operation is Operation.EXECUTE and breaker.trial in (Trial.EXECUTE, Trial.EXECUTING):
        if seen.result is Result.OK:
            return _recovered(row, at=seen.at)
        return _failed(row, seen)
    return row


def _recovered(row: HealthRow, *, at: datetime) -> HealthRow:
    """With a clean sheet: what opened it must not open it again at the next failure."""
    tally = replace(row.tally, samples=0, failed=0, in_a_row=0)
    return HealthRow(tally=tally, breaker=breakers.recovered(row.breaker, at=at))


def _failed(row: HealthRow, seen: Observation) -> HealthRow:
    """A probe that was throttled or refused for reasons of ours is none: the next may come."""
    half_open = row.breaker.state is BreakerState.HALF_OPEN
    if not half_open or seen.result not in (Result.FAILED, Result.UNKNOWN):
        return row
    cause = f"the probe failed: {seen.cause}"
    return replace(row, breaker=breakers.failed(row.breaker, cause, at=seen.at))


def not_closed(
    rows: Mapping[Key, HealthRow], lp: LpName, instrument: str | None
) -> dict[Key, HealthRow]:
    """Of an LP, or of one instrument: that of lookups stands for every instrument."""
    return {
        key: row
        for key, row in rows.items()
        if key[0] == lp
        and not row.breaker.is_closed
        and (instrument is None or key[1] in (instrument, EVERY_INSTRUMENT))
    }


def reset(row: HealthRow, *, at: datetime) -> HealthRow:
    """By an operator."""
    tally = replace(row.tally, samples=0, failed=0, in_a_row=0)
    return HealthRow(tally=tally, breaker=breakers.reset(row.breaker, at=at))


def tallied(tally: Tally, seen: Observation) -> Tally:
    """Every sum only fades or grows. Observations that come late count as if they came now."""
    tally = faded(tally, seen.at)
    failed = seen.result in (Result.FAILED, Result.UNKNOWN)
    counts = failed or seen.result is Result.OK
    timed = counts and seen.latency_ms is not None
    resolved = seen.open_ms is not None
    return replace(
        tally,
        samples=tally.samples + (MICRO if counts else 0),
        failed=tally.failed + (MICRO if failed else 0),
        causes=_with_cause(tally.causes, None if seen.result is Result.OK else seen.cause),
        timed=tally.timed + (MICRO if timed else 0),
        latency=tally.latency + ((seen.latency_ms or 0) * MICRO if timed else 0),
        resolved=tally.resolved + (MICRO if resolved else 0),
        open_time=tally.open_time + (seen.open_ms or 0) * MICRO,
        in_a_row=_in_a_row(tally.in_a_row, seen.result),
        last_ok_at=seen.at if seen.result is Result.OK else tally.last_ok_at,
        last_error_at=seen.at if failed else tally.last_error_at,
        last_error=seen.cause if failed else tally.last_error,
    )


def _in_a_row(before: int, result: Result) -> int:
    """Unknown outcomes are counted by their window; what is not the LP's doing changes nothing."""
    if result is Result.OK:
        return 0
    return before + 1 if result is Result.FAILED else before


def _with_cause(causes: Mapping[str, int], cause: str | None) -> Mapping[str, int]:
    if cause is None:
        return causes
    name = cause if cause in causes or len(causes) < CAUSES_MAX else OTHER_CAUSES
    return {**causes, name: causes.get(name, 0) + MICRO}


def faded(tally: Tally, now: datetime) -> Tally:
    """All sums rounded down, so that no part becomes larger than its whole."""
    seconds = (now - tally.as_of) // FADE_EVERY
    if seconds <= 0:
        return tally
    left = fading(min(seconds, FADED_AFTER))

    def less(weight: int) -> int:
        return weight * left // FADE_UNIT

    shown = {cause: less(weight) for cause, weight in tally.causes.items()}
    return replace(
        tally,
        as_of=tally.as_of + seconds * FADE_EVERY,
        samples=less(tally.samples),
        failed=less(tally.failed),
        causes={cause: weight for cause, weight in shown.items() if weight},
        timed=less(tally.timed),
        latency=less(tally.latency),
        resolved=less(tally.resolved),
        open_time=less(tally.open_time),
    )


@lru_cache(maxsize=256)
def fading(seconds: int) -> int:
    """What is left of a weight, in parts of `FADE_UNIT`, rounded down."""
    if seconds >= FADED_AFTER:
        return 0
    left, base = FADE_UNIT, FADE
    while seconds:
        if seconds & 1:
            left = left * base // FADE_UNIT
        base = base * base // FADE_UNIT
        seconds >>= 1
    return left
