"""Gauges of all work and of all that is on its way to partners, as text for Prometheus.

An operator's view, of one database and not of one process: no process that partners reach serves
it. `aksum jobs metrics` prints it, for a collector of text files, or serves it to a scraper.
"""

from datetime import datetime

import msgspec
from dishka import AsyncContainer
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from application.jobs.work_policy import FAILING_FROM
from application.ports.clock import Clock
from application.ports.intents import IntentKind
from application.ports.outgoing import Outgoing, OutgoingEvents, OutgoingWebhooks
from application.ports.schedules import Schedule, Schedules
from application.ports.work_list import Backlog, WorkList
from entrypoints.cli.work import lag_seconds


class WorkFigures(msgspec.Struct, frozen=True, kw_only=True):
    now: datetime
    backlogs: tuple[Backlog, ...]
    schedules: tuple[Schedule, ...]
    events: OutgoingEvents
    webhooks: tuple[OutgoingWebhooks, ...]
    disabled_endpoints: int


async def read_figures(container: AsyncContainer) -> WorkFigures:
    """As an operator."""
    work_list: WorkList = await container.get(WorkList)
    schedules: Schedules = await container.get(Schedules)
    outgoing: Outgoing = await container.get(Outgoing)
    return WorkFigures(
        backlogs=await work_list.backlogs(failing_from=FAILING_FROM),
        schedules=await schedules.all(),
        events=await outgoing.events(),
        webhooks=await outgoing.webhooks(),
        disabled_endpoints=await outgoing.disabled_endpoints(),
        now=(await container.get(Clock)).now(),
    )


def exposition(figures: WorkFigures) -> bytes:
    registry = CollectorRegistry()
    _jobs(registry, figures)
    _schedules(registry, figures)
    _outgoing(registry, figures)
    return generate_latest(registry)


def _jobs(registry: CollectorRegistry, figures: WorkFigures) -> None:
    due = _gauge(registry, "jobs_due", "Work that is due and that nobody is at.", "kind")
    lag = _gauge(registry, "jobs_due_lag_seconds", "How long the oldest of it is due.", "kind")
    leased = _gauge(registry, "jobs_leased", "Work that somebody is at.", "kind")
    failing = _gauge(registry, "jobs_failing", "Work that failed several times in a row.", "kind")
    parked = _gauge(registry, "jobs_parked", "Work that waits for a person.", "kind")
    for kind in IntentKind:
        for each_gauge in (due, lag, leased, failing, parked):
            each_gauge.labels(kind.value).set(0)  # nothing to do is a figure too
    for each in figures.backlogs:
        due.labels(each.kind).set(each.due)
        lag.labels(each.kind).set(lag_seconds(each, now=figures.now))
        leased.labels(each.kind).set(each.leased)
        failing.labels(each.kind).set(each.failing)
        parked.labels(each.kind).set(each.parked)


def _schedules(registry: CollectorRegistry, figures: WorkFigures) -> None:
    overdue = _gauge(
        registry, "schedule_overdue_seconds", "How long a job by time has been due.", "job"
    )
    failures = _gauge(registry, "schedule_failures", "Failed runs in a row.", "job")
    for each in figures.schedules:
        late = 0 if each.lease_until else _seconds_since(each.next_run_at, figures.now)
        overdue.labels(each.job).set(late)
        failures.labels(each.job).set(each.failures)


def _outgoing(registry: CollectorRegistry, figures: WorkFigures) -> None:
    events = figures.events
    for name, text, value in (
        ("events_unnumbered", "Events that have no number yet.", events.unnumbered),
        (
            "events_unnumbered_lag_seconds",
            "How long the oldest of them has waited.",
            _seconds_since(events.oldest_at, figures.now),
        ),
        (
            "webhook_events_behind",
            "Events that the endpoint furthest behind was not looked through for.",
            events.behind_max,
        ),
        (
            "webhook_endpoints_disabled",
            "Endpoints we disabled: gone, or failing for days.",
            figures.disabled_endpoints,
        ),
    ):
        _gauge(registry, name, text).set(value)
    endpoints = _gauge(registry, "webhook_endpoints", "Active endpoints.", "lane")
    failing = _gauge(
        registry, "webhook_endpoints_failing", "Of them, those whose attempts fail.", "lane"
    )
    due = _gauge(registry, "webhook_deliveries_due", "Due, and not being sent.", "lane")
    lag = _gauge(
        registry, "webhook_deliveries_due_lag_seconds", "How long the oldest is due.", "lane"
    )
    waiting = _gauge(
        registry, "webhook_deliveries_pending", "Neither delivered nor given up.", "lane"
    )
    for each in figures.webhooks:
        lane = "troubled" if each.troubled else "healthy"
        endpoints.labels(lane).set(each.endpoints)
        failing.labels(lane).set(each.failing)
        due.labels(lane).set(each.due)
        lag.labels(lane).set(_seconds_since(each.oldest_due_at, figures.now))
        waiting.labels(lane).set(each.waiting)


def _gauge(registry: CollectorRegistry, name: str, text: str, *labels: str) -> Gauge:
    return Gauge(f"aksum_{name}", text, labels, registry=registry)


def _seconds_since(moment: datetime | None, now: datetime) -> int:
    return 0 if moment is None else max(0, int((now - moment).total_seconds()))
