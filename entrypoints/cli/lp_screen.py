"""What `aksum lp health` shows people: for each provider what it is used for, and why not."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import click

from application.liquidity.report_health import InstrumentReport, LpReport, OperationReport
from application.ports.lp_desk import LpEvent
from domain.liquidity.breaker import BreakerState
from domain.liquidity.observation import EVERY_INSTRUMENT

_INDENT: Final = "  "


def print_health(reports: Iterable[LpReport]) -> None:
    for line in health_lines(reports):
        click.echo(line)


def health_lines(reports: Iterable[LpReport]) -> Iterator[str]:
    found = False
    for report in reports:
        found = True
        yield from _lp(report)
    if not found:
        yield "no liquidity provider is listed: `aksum lp register`"


def _lp(report: LpReport) -> Iterator[str]:
    place = f"{report.dialect}, {report.role} {report.rank}"
    yield f"{report.name} ({place}): {report.state.value}{_state(report)}"
    for each in report.instruments:
        yield from _instrument(each)
    for opened in report.open_executions:
        since = "" if opened.oldest_at is None else f", the oldest since {_time(opened.oldest_at)}"
        yield (
            f"{_INDENT}open at it, {opened.instrument}: "
            f"{opened.unknown} unknown{since}; {opened.pending} pending"
        )
    for event in report.events:
        yield f"{_INDENT}{_event(event)}"


def _state(report: LpReport) -> str:
    if report.state_since is None:
        return ""
    return f" since {_time(report.state_since)} ({report.state_reason})"


def _instrument(report: InstrumentReport) -> Iterator[str]:
    every = report.instrument == EVERY_INSTRUMENT
    name = "every instrument" if every else report.instrument
    yield f"{_INDENT}{name}: {_use(report)}{_figures(report.operations)}"
    for reason in report.reasons:
        yield f"{_INDENT * 3}{reason}"
    for each in report.operations:
        if each.breaker is not BreakerState.CLOSED:
            yield f"{_INDENT * 3}{_breaker(each)}"
        if each.last_error_at is not None:
            error = f"last error of {each.operation.value}: {each.last_error}"
            yield f"{_INDENT * 3}{error}, {_time(each.last_error_at)}"


def _use(report: InstrumentReport) -> str:
    if report.may_quote:
        return "used, but degraded" if report.degraded else "used"
    probe = "; a probe is due" if report.probe else ""
    if report.may_execute:
        return f"no new quotes; those given may be accepted{probe}"
    return f"NOT USED{probe}"


def _figures(operations: Iterable[OperationReport]) -> str:
    return "".join(
        f" · {each.operation.value} {_percent(each.ok_ppm)} ok of {_hundredths(each.samples)}"
        + ("" if each.latency_ms is None else f", {each.latency_ms} ms")
        for each in operations
    )


def _breaker(report: OperationReport) -> str:
    trial = "" if report.trial is None else f", trying {report.trial.value}"
    since = "" if report.since is None else f" since {_time(report.since)}"
    probe = "" if report.next_probe_at is None else f"; next probe {_time(report.next_probe_at)}"
    state = report.breaker.value.replace("_", " ")
    return f"{report.operation.value} breaker {state}{since}{trial}{probe}"


def _event(event: LpEvent) -> str:
    what = "operator's state"
    if event.operation is not None:
        what = f"{event.operation} breaker of {event.instrument}"
    by = "" if event.by is None else f", by {event.by}"
    return f"{_time(event.at)} {what}: {event.before} → {event.after} ({event.cause}{by})"


def _percent(ppm: int | None) -> str:
    """Rounded down to tenths: 100.0 % means all of them."""
    return "-" if ppm is None else f"{ppm // 10_000}.{ppm // 1_000 % 10} %"


def _hundredths(samples: int) -> str:
    return f"{samples // 100}.{samples % 100:02d}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
