"""Which public prices this process can read just now, and whether they would count."""

from collections.abc import Mapping

from dishka import AsyncContainer

from application.ports.catalog import GuardTerms, Platform
from application.ports.clock import Clock
from application.ports.price_reference import Freshness, References
from domain.liquidity.guard_limits import DEFAULT_LIMITS
from domain.liquidity.price_guard import set_aside
from domain.liquidity.reference import Reference


async def freshness(container: AsyncContainer) -> list[Mapping[str, object]]:
    """One row for each source and instrument, rate sheets among them. `counts`: yes, or why not.

    Asks every source once, and waits for each instrument no longer than a request would.
    """
    references: References = await container.get(References)
    platform: Platform = await container.get(Platform)
    clock: Clock = await container.get(Clock)
    view = await platform.view()
    for instrument in view.catalog.instruments.values():
        await references.ready(instrument)
    rows = [_row(each, view.guard, clock) for each in references.report()]
    sheets = [_sheet(*each, view.guard, clock) for each in sorted(view.guard.sheets.items())]
    return [*rows, *sheets]


def _row(each: Freshness, guard: GuardTerms, clock: Clock) -> Mapping[str, object]:
    told = each.reference
    return {
        "instrument": each.instrument,
        "source": each.source,
        "vendor": each.vendor,
        "bid": None if told is None else f"{told.bid:f}",
        "ask": None if told is None else f"{told.ask:f}",
        "age_ms": each.age_ms,
        "counts": "no answer" if told is None else _counts(each.instrument, told, guard, clock),
    }


def _sheet(symbol: str, sheet: Reference, guard: GuardTerms, clock: Clock) -> Mapping[str, object]:
    return {
        "instrument": symbol,
        "source": sheet.source,
        "vendor": sheet.vendor,
        "bid": f"{sheet.bid:f}",
        "ask": f"{sheet.ask:f}",
        "age_ms": int((clock.now() - sheet.observed_at).total_seconds() * 1_000),
        "counts": _counts(symbol, sheet, guard, clock),
    }


def _counts(symbol: str, told: Reference, guard: GuardTerms, clock: Clock) -> str:
    reason = set_aside(told, guard.limits.get(symbol, DEFAULT_LIMITS), clock.now())
    return "yes" if reason is None else reason.value
