"""What is open at LPs. Ages are as of the scrape, so that an alert needs no clock of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from application.orders.attempt_tally import AttemptTally
from application.orders.watch_executions import Watched


def execution_metrics(watched: Watched, tally: AttemptTally) -> bytes:
    registry = CollectorRegistry()
    up = Gauge(
        "aksum_lp_watch_up",
        "Whether what is open at liquidity providers could be counted.",
        registry=registry,
    )
    up.set(watched.counts is not None)
    _open(watched, registry)
    recorded = Counter(
        "aksum_lp_attempts",
        "Attempts recorded by this process, by what was known of them then.",
        ("lp", "attempt", "result"),
        registry=registry,
    )
    for (lp, number, result), count in tally.recorded.items():
        recorded.labels(lp, number, result).inc(count)
    return generate_latest(registry)


def _open(watched: Watched, registry: CollectorRegistry) -> None:
    def gauge(name: str, text: str, label: str) -> Gauge:
        return Gauge(f"aksum_lp_{name}", text, ("lp", label), registry=registry)

    orders = gauge("open_orders", "Orders that wait for their liquidity provider.", "outcome")
    oldest = gauge("open_oldest_seconds", "How long the oldest of them has waited.", "outcome")
    incidents = gauge("incidents_open", "Incidents that nobody has closed.", "kind")
    since = gauge("incidents_oldest_seconds", "How long the oldest has been open.", "kind")
    if watched.counts is None:
        return
    for each in watched.counts.attempts:
        orders.labels(each.lp, each.state).set(each.orders)
        age = (watched.at - each.oldest_at).total_seconds()
        oldest.labels(each.lp, each.state).set(max(age, 0))
    for incident in watched.counts.incidents:
        incidents.labels(incident.lp, incident.kind).set(incident.incidents)
        age = (watched.at - incident.oldest_at).total_seconds()
        since.labels(incident.lp, incident.kind).set(max(age, 0))
