"""Gauges of all work, as text for Prometheus: an operator's view, so no process serves it openly.

Written to a file by a timer, for a collector of text files to read.
"""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from application.ports.intents import IntentKind
from application.ports.schedules import Schedule
from application.ports.work_list import Backlog
from entrypoints.cli.work import lag_seconds


def exposition(
    backlogs: Iterable[Backlog], schedules: Iterable[Schedule], *, now: datetime
) -> bytes:
    registry = CollectorRegistry()

    def gauge(name: str, text: str, label: str) -> Gauge:
        return Gauge(f"aksum_{name}", text, (label,), registry=registry)

    due = gauge("jobs_due", "Work that is due and that nobody is at.", "kind")
    lag = gauge("jobs_due_lag_seconds", "How long the oldest of it has been due.", "kind")
    leased = gauge("jobs_leased", "Work that somebody is at.", "kind")
    failing = gauge("jobs_failing", "Work that has failed several times in a row.", "kind")
    parked = gauge("jobs_parked", "Work that waits for a person.", "kind")
    for kind in IntentKind:
        for each_gauge in (due, lag, leased, failing, parked):
            each_gauge.labels(kind.value).set(0)  # nothing to do is a figure too
    for each in backlogs:
        due.labels(each.kind).set(each.due)
        lag.labels(each.kind).set(lag_seconds(each, now=now))
        leased.labels(each.kind).set(each.leased)
        failing.labels(each.kind).set(each.failing)
        parked.labels(each.kind).set(each.parked)
    overdue = gauge("schedule_overdue_seconds", "How long a job by time has been due.", "job")
    failures = gauge("schedule_failures", "Failed runs in a row.", "job")
    for schedule in schedules:
        late = int((now - schedule.next_run_at).total_seconds())
        overdue.labels(schedule.job).set(0 if schedule.lease_until else max(late, 0))
        failures.labels(schedule.job).set(schedule.failures)
    return generate_latest(registry)
