"""Gauges of liquidity providers, from the rows that all processes share: any process tells all."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from application.liquidity.report_health import LpReport
from domain.liquidity.breaker import BreakerState

# So that `> 0` is an alert and `max()` shows the worst.
STATES: Final = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}
_PLACE: Final = ("lp", "instrument")
_OPERATION: Final = (*_PLACE, "operation")


def exposition(reports: Iterable[LpReport]) -> bytes:
    registry = CollectorRegistry()

    def gauge(name: str, text: str, labels: tuple[str, ...] = _OPERATION) -> Gauge:
        return Gauge(f"aksum_lp_{name}", text, labels, registry=registry)

    may_quote = gauge("may_quote", "1 while quotes of it may be offered.", _PLACE)
    may_execute = gauge("may_execute", "1 while quotes of it may be accepted.", _PLACE)
    breaker = gauge("breaker", "0 closed, 1 half open, 2 open.")
    ok = gauge("ok_ppm", "Share of requests that succeeded lately, in millionths.")
    latency = gauge("latency_ms", "Time to an answer lately.")
    in_a_row = gauge("failures_in_a_row", "Failures since the last success.")
    for report in reports:
        for each in report.instruments:
            place = (report.name, each.instrument)
            may_quote.labels(*place).set(each.may_quote)
            may_execute.labels(*place).set(each.may_execute)
            for seen in each.operations:
                labels = (*place, seen.operation.value)
                breaker.labels(*labels).set(STATES[seen.breaker])
                in_a_row.labels(*labels).set(seen.in_a_row)
                if seen.ok_ppm is not None:
                    ok.labels(*labels).set(seen.ok_ppm)
                if seen.latency_ms is not None:
                    latency.labels(*labels).set(seen.latency_ms)
    return generate_latest(registry)
