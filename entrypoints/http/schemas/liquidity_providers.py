"""Liquidity providers as operators see them: what each is used for, and why not."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from application.liquidity.report_health import InstrumentReport, LpReport, OperationReport
from application.ports.lp_desk import LpEvent, OpenAtLp
from domain.liquidity.breaker import BreakerState, Trial
from domain.liquidity.observation import Operation
from domain.liquidity.standing import LpState
from entrypoints.http.schemas.values import (
    END,
    Body,
    InstrumentText,
    Line,
    Timestamp,
    maybe_timestamp,
    timestamp,
)

LP_NAME: Final = f"^[a-z][a-z0-9_]{{0,31}}{END}"
Ppm = Annotated[int, Meta(ge=0, le=1_000_000, description="Parts per million.")]
Hundredths = Annotated[
    int, Meta(ge=0, description="In hundredths of a request; older ones count less.")
]


class DecideOnLpBody(Body, frozen=True, kw_only=True):
    """`reason` is kept, with the name of the operator whose key it is."""

    reason: Line


class ResetLpBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """Without `instrument`, the breakers of all of them."""

    reason: Line
    instrument: InstrumentText | None = None


class LpOperationBody(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of request to an LP, lately, and the breaker that it moves.

    `open_ms`: how long executions had been open when a lookup said how they ended.
    """

    operation: Operation
    breaker: BreakerState
    since: Timestamp | None
    cause: str | None
    trial: Trial | None
    next_probe_at: Timestamp | None
    samples: Hundredths
    ok_ppm: Ppm | None
    latency_ms: int | None
    open_ms: int | None
    failures_in_a_row: int
    causes: dict[str, int]
    last_ok_at: Timestamp | None
    last_error_at: Timestamp | None
    last_error: str | None


class LpInstrumentBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an LP is used for just now. `instrument` is `*` for what holds for every one."""

    instrument: str
    may_quote: bool
    may_execute: bool
    probe_due: bool
    degraded: bool
    reasons: list[str]
    operations: list[LpOperationBody]


class OpenExecutionsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Of all tenants together. `oldest_unknown_at` is when the oldest unknown one was sent."""

    instrument: str
    pending: int
    unknown: int
    oldest_unknown_at: Timestamp | None


class LpEventBody(msgspec.Struct, frozen=True, kw_only=True):
    """`operation` is null for an operator's decision on the whole LP, `by` where nobody decided."""

    at: Timestamp
    instrument: str | None
    operation: str | None
    before: str
    after: str
    cause: str | None
    by: str | None


class LpBody(msgspec.Struct, frozen=True, kw_only=True):
    """`events` are the latest, newest first; a list of LPs has none."""

    name: str
    dialect: str
    role: str
    rank: int
    state: LpState
    state_reason: str | None
    state_since: Timestamp | None
    instruments: list[LpInstrumentBody]
    open_executions: list[OpenExecutionsBody]
    events: list[LpEventBody]


def lp_body(report: LpReport) -> LpBody:
    return LpBody(
        name=report.name,
        dialect=report.dialect,
        role=report.role,
        rank=report.rank,
        state=report.state,
        state_reason=report.state_reason,
        state_since=maybe_timestamp(report.state_since),
        instruments=[_instrument(each) for each in report.instruments],
        open_executions=[_open(each) for each in report.open_executions],
        events=[_event(each) for each in report.events],
    )


def _instrument(report: InstrumentReport) -> LpInstrumentBody:
    return LpInstrumentBody(
        instrument=report.instrument,
        may_quote=report.may_quote,
        may_execute=report.may_execute,
        probe_due=report.probe,
        degraded=report.degraded,
        reasons=list(report.reasons),
        operations=[_operation(each) for each in report.operations],
    )


def _operation(report: OperationReport) -> LpOperationBody:
    return LpOperationBody(
        operation=report.operation,
        breaker=report.breaker,
        since=maybe_timestamp(report.since),
        cause=report.cause,
        trial=report.trial,
        next_probe_at=maybe_timestamp(report.next_probe_at),
        samples=report.samples,
        ok_ppm=report.ok_ppm,
        latency_ms=report.latency_ms,
        open_ms=report.open_ms,
        failures_in_a_row=report.in_a_row,
        causes=dict(report.causes),
        last_ok_at=maybe_timestamp(report.last_ok_at),
        last_error_at=maybe_timestamp(report.last_error_at),
        last_error=report.last_error,
    )


def _open(opened: OpenAtLp) -> OpenExecutionsBody:
    return OpenExecutionsBody(
        instrument=opened.instrument,
        pending=opened.pending,
        unknown=opened.unknown,
        oldest_unknown_at=maybe_timestamp(opened.oldest_at),
    )


def _event(event: LpEvent) -> LpEventBody:
    return LpEventBody(
        at=timestamp(event.at),
        instrument=event.instrument,
        operation=event.operation,
        before=event.before,
        after=event.after,
        cause=event.cause,
        by=event.by,
    )
