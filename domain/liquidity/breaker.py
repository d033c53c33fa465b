"""Keeping away from an LP that fails, and finding out carefully when it works again.

closed     all may pass
open       nobody passes until `probe_at`
half_open  one probe at a time: quotes first, and where executions are at stake then one execution

An open breaker becomes half-open when somebody claims the first probe: no timer moves it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from ..shared.errors import Conflict

# The pause before the first probe doubles each time the LP fails again.
PAUSE_FIRST: Final = timedelta(seconds=10)
PAUSE_MAX: Final = timedelta(minutes=5)
# One that opens again within this has not recovered: its pauses go on growing.
RELAPSE: Final = timedelta(minutes=10)
# A probe that nobody reports is lost after this, and another may be sent. An execution waits for
# the customer to accept the quote that it is to execute.
QUOTE_PROBE_LASTS: Final = timedelta(seconds=10)
EXECUTION_PROBE_LASTS: Final = timedelta(seconds=45)
QUOTE_PROBES_TO_PASS: Final = 2


class BreakerTransitionInvalid(Conflict):
    code = "breaker_transition_invalid"


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerEvent(StrEnum):
    TRIPPED = "tripped"
    PROBED = "probed"
    PASSED = "passed"
    RECOVERED = "recovered"
    FAILED = "failed"
    RESET = "reset"


class Trial(StrEnum):
    """What a half-open breaker waits for. `executing`: the one execution is under way."""

    QUOTE = "quote"
    EXECUTE = "execute"
    EXECUTING = "executing"


_S, _E = BreakerState, BreakerEvent

# Absent rows are refused.
TRANSITIONS: Final[Mapping[tuple[BreakerState, BreakerEvent], BreakerState]] = MappingProxyType(
    {
        (_S.CLOSED, _E.TRIPPED): _S.OPEN,
        (_S.OPEN, _E.PROBED): _S.HALF_OPEN,
        # The next probe, or one for another that nobody reported.
        (_S.HALF_OPEN, _E.PROBED): _S.HALF_OPEN,
        (_S.HALF_OPEN, _E.PASSED): _S.HALF_OPEN,
        (_S.HALF_OPEN, _E.RECOVERED): _S.CLOSED,
        # Lookups need nobody's leave, so theirs may be seen to work before any probe.
        (_S.OPEN, _E.RECOVERED): _S.CLOSED,
        (_S.HALF_OPEN, _E.FAILED): _S.OPEN,
        # An operator knows better, and may be wrong: it opens again like any other.
        (_S.OPEN, _E.RESET): _S.CLOSED,
        (_S.HALF_OPEN, _E.RESET): _S.CLOSED,
        (_S.CLOSED, _E.RESET): _S.CLOSED,
    }
)


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """`since` is when it came into its state, None before it ever left the first.

    `probe_at` is when the next probe may be claimed, `trips` how often it opened without recovering
    for good, `passed` how many probes in a row went well, `trial` None unless half-open.
    """

    state: BreakerState = BreakerState.CLOSED
    since: datetime | None = None
    cause: str | None = None
    trips: int = 0
    probe_at: datetime | None = None
    passed: int = 0
    trial: Trial | None = None

    @property
    def is_closed(self) -> bool:
        return self.state is BreakerState.CLOSED

    def probe_due(self, now: datetime) -> bool:
        """Whether somebody may claim a quote as a probe."""
        return self.probe_at is not None and now >= self.probe_at

    def may_execute(self, now: datetime) -> bool:
        """Half-open only the one execution, and for that somebody has to claim it."""
        if self.is_closed or self.trial is Trial.EXECUTE:
            return True
        return self.trial is Trial.EXECUTING and self.probe_due(now)


CLOSED: Final = Breaker()


def next_state(state: BreakerState, event: BreakerEvent) -> BreakerState:
    """Raises `BreakerTransitionInvalid`."""
    target = TRANSITIONS.get((state, event))
    if target is None:
        raise BreakerTransitionInvalid(
            "a breaker cannot do that", state=state.value, event=event.value
        )
    return target


def tripped(breaker: Breaker, cause: str, *, at: datetime) -> Breaker:
    relapsed = breaker.since is not None and at - breaker.since < RELAPSE
    return _opened(breaker, BreakerEvent.TRIPPED, cause, breaker.trips if relapsed else 0, at)


def failed(breaker: Breaker, cause: str, *, at: datetime) -> Breaker:
    """The probe did."""
    return _opened(breaker, BreakerEvent.FAILED, cause, breaker.trips, at)


def _opened(breaker: Breaker, event: BreakerEvent, cause: str, trips: int, at: datetime) -> Breaker:
    return Breaker(
        state=next_state(breaker.state, event),
        since=at,
        cause=cause,
        trips=trips + 1,
        probe_at=at + pause_after(trips + 1),
    )


def pause_after(trips: int) -> timedelta:
    """From opening to the first probe."""
    doublings = min(trips - 1, (PAUSE_MAX // PAUSE_FIRST).bit_length())
    return min(PAUSE_MAX, PAUSE_FIRST * (1 << doublings))


def probed(breaker: Breaker, *, now: datetime) -> Breaker | None:
    """With the quote claimed that is due as a probe; None when none is."""
    if not breaker.probe_due(now):
        return None
    first = breaker.state is BreakerState.OPEN
    executes = breaker.trial in (Trial.EXECUTE, Trial.EXECUTING)
    return replace(
        breaker,
        state=next_state(breaker.state, BreakerEvent.PROBED),
        since=now if first else breaker.since,
        # Whoever claimed the execution before was not heard of again.
        trial=Trial.EXECUTE if executes else Trial.QUOTE,
        probe_at=now + (EXECUTION_PROBE_LASTS if executes else QUOTE_PROBE_LASTS),
    )


def execution_claimed(breaker: Breaker, *, now: datetime) -> Breaker | None:
    """With the one execution claimed that a half-open breaker lets pass; None when it does not."""
    if breaker.is_closed or not breaker.may_execute(now):
        return None
    return replace(
        breaker,
        state=next_state(breaker.state, BreakerEvent.PROBED),
        trial=Trial.EXECUTING,
        probe_at=now + EXECUTION_PROBE_LASTS,
    )


def quote_passed(breaker: Breaker, *, at: datetime, then_execute: bool) -> Breaker:
    """A quote came while half-open. After enough of them it closes, or an execution is tried."""
    if breaker.trial is not Trial.QUOTE:
        return breaker
    passed = breaker.passed + 1
    if passed < QUOTE_PROBES_TO_PASS:
        state = next_state(breaker.state, BreakerEvent.PASSED)
        return replace(breaker, state=state, passed=passed, probe_at=at)
    if then_execute:
        state = next_state(breaker.state, BreakerEvent.PASSED)
        return replace(breaker, state=state, passed=passed, probe_at=at, trial=Trial.EXECUTE)
    return recovered(breaker, at=at)


def recovered(breaker: Breaker, *, at: datetime) -> Breaker:
    """Remembers how often it opened, in case it soon does again."""
    return Breaker(
        state=next_state(breaker.state, BreakerEvent.RECOVERED), since=at, trips=breaker.trips
    )


def reset(breaker: Breaker, *, at: datetime) -> Breaker:
    return Breaker(state=next_state(breaker.state, BreakerEvent.RESET), since=at)
