"""Rate, errors and duration of each operation. Tenants are no labels: they are too many."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from application.orders.attempt_tally import AttemptTally
from application.orders.watch_executions import Watched
from entrypoints.http.execution_metrics import execution_metrics
from entrypoints.http.operation import AnyOperation

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
UNROUTED: Final = "unrouted"
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_NANOSECONDS: Final = 1_000_000_000


class Metrics:
    """Of one process: a scraper asks each."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "aksum_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._durations = Histogram(
            "aksum_http_request_duration_seconds",
            "Time from the first byte read to the answer.",
            ("method", "route"),
            buckets=SECONDS,
            registry=self._registry,
        )
        # Looking labels up takes longer than counting.
        self._counters: dict[tuple[str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def answered(self, operation: AnyOperation, status: int, nanoseconds: int) -> None:
        template = operation.template
        counter = self._counters.get((template, status))
        if counter is None:
            counter = self._requests.labels(operation.method, operation.path, status)
            self._counters[template, status] = counter
        counter.inc()
        timer = self._timers.get(template)
        if timer is None:
            timer = self._durations.labels(operation.method, operation.path)
            self._timers[template] = timer
        timer.observe(nanoseconds / _NANOSECONDS)

    def unrouted(self, status: int) -> None:
        self._requests.labels("-", UNROUTED, status).inc()

    def exposition(self, watched: Watched, tally: AttemptTally) -> bytes:
        return generate_latest(self._registry) + execution_metrics(watched, tally)
