"""References, limits and offers around 60,000 USDT, each taking only what a test is about."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from domain.liquidity.guard_limits import GuardBand, GuardLimits
from domain.liquidity.price_guard import LastGood, Offer, agree
from domain.liquidity.reference import SHEET_SOURCE, SHEET_VENDOR, Reference, scaled
from tests.unit.domain.builders import instrument_of

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
BTC_USDT: Final = instrument_of()
MIDDLE: Final = 60_000
LIMITS: Final = GuardLimits(bands=(GuardBand(at_quote_ppm=5_000, at_execute_ppm=8_000),))


def reference(
    source: str = "one",
    bid: object = 59_990,
    ask: object = 60_010,
    *,
    vendor: str | None = None,
    age_ms: int = 0,
    told_ms_ago: int | None = None,
) -> Reference:
    told = None if told_ms_ago is None else NOW - timedelta(milliseconds=told_ms_ago)
    return Reference(
        source=source,
        vendor=vendor or source,
        bid=Decimal(str(bid)),
        ask=Decimal(str(ask)),
        observed_at=NOW - timedelta(milliseconds=age_ms),
        source_time=told,
    )


def sheet(bid: object = 59_990, ask: object = 60_010, *, age_ms: int = 0) -> Reference:
    return Reference(
        source=SHEET_SOURCE,
        vendor=SHEET_VENDOR,
        bid=Decimal(str(bid)),
        ask=Decimal(str(ask)),
        observed_at=NOW - timedelta(milliseconds=age_ms),
        age_max=timedelta(hours=1),
    )


def last_good(price: int, *, age_s: int) -> LastGood:
    return LastGood(4 * scaled(Decimal(price)), NOW - timedelta(seconds=age_s))


def offer(price: object = 60_000, *, base_units: int = 10**8, rate: str | None = None) -> Offer:
    quote_units = int(Decimal(str(price)) * base_units)
    return Offer(instrument=BTC_USDT, base_units=base_units, quote_units=quote_units, rate=rate)


def sources_of(
    *references: Reference, limits: GuardLimits = LIMITS, last: LastGood | None = None
) -> tuple[str, ...]:
    """Those that agree, when the LP is of vendor `lp`. Raises as `agree`."""
    settled = agree(references, limits, without_vendor="lp", last_good=last, now=NOW)
    return settled.sources
