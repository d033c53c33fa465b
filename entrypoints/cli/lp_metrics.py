"""Gauges of what providers can still take, as text for Prometheus.

In whole units of the asset, so that a rule reads the same for every asset.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from application.ports.lp_capacity import SampledExposure
from domain.assets.catalog import Catalog
from domain.liquidity.exposure import Level


def exposition(sampled: Iterable[SampledExposure], catalog: Catalog, *, now: datetime) -> bytes:
    registry = CollectorRegistry()

    def gauge(name: str, text: str, *more: str) -> Gauge:
        return Gauge(f"aksum_lp_{name}", text, ("lp", "asset", *more), registry=registry)

    available = gauge("available", "What the provider can take, all under way counted as filled.")
    balance = gauge("balance", "What lies with it or it owes us; below zero we owe it.")
    under_way = gauge("under_way", "Taken of it, and not in the balance yet.")
    low_water = gauge("low_water", "Less available than this is worth an alert.")
    level = gauge("level", "1 for the level it is at.", "level")
    age = gauge("exposure_age_seconds", "How long ago a worker looked.")
    for each in sampled:
        seen = each.exposure
        names = (seen.terms.lp, seen.terms.asset)
        scale = Decimal(10) ** catalog.asset(seen.terms.asset).scale
        for one, units in (
            (available, seen.available_units),
            (balance, seen.balance_units),
            (under_way, seen.reserved_units + seen.used_units),
            (low_water, seen.terms.low_water_units),
        ):
            one.labels(*names).set(float(Decimal(units) / scale))
        for known in Level:
            level.labels(*names, known.value).set(known is seen.level)
        age.labels(*names).set(int((now - each.sampled_at).total_seconds()))
    return generate_latest(registry)
