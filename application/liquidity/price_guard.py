from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from application.ports.catalog import GuardTerms, Platform
from application.ports.clock import Clock
from application.ports.price_reference import References
from domain.assets.instrument import Instrument
from domain.liquidity.guard_limits import DEFAULT_LIMITS
from domain.liquidity.price_guard import (
    Consensus,
    GuardEvidence,
    GuardStage,
    LastGood,
    Offer,
    PriceGuardRefused,
    agree,
    judge,
)
from domain.liquidity.quote import LpName, QuoteRefusal
from domain.liquidity.reference import Reference

INSTRUMENTS_MAX: Final = 10_000


class LpPrice(msgspec.Struct, frozen=True, kw_only=True):
    """Both of the LP's amounts, and its stated rate where it is still at hand."""

    lp: LpName
    instrument: Instrument
    base_units: int
    quote_units: int
    rate: str | None = None


class PriceGuard:
    """- No LP's price is offered, nor executed, that enough independent references do not confirm.
    - References of the LP's own vendor do not count, nor such as are stale, crossed or far off.
    - A rate sheet that two operators have approved is a reference until it is too old.
    - A market that jumps is not followed until its last good price is older than the window.
    - Waiting for references is bounded; without them there is no price.
    """

    def __init__(
        self,
        *,
        references: References,
        platform: Platform,
        vendors: Mapping[LpName, str],
        clock: Clock,
    ) -> None:
        self._references = references
        self._platform = platform
        self._vendors = vendors
        self._clock = clock
        self._last_good: dict[str, LastGood] = {}

    async def check(self, price: LpPrice, *, stage: GuardStage) -> GuardEvidence:
        """Waits no longer than `References.ready`. Raises `PriceGuardRefused`."""
        await self.ready(price.instrument)
        return self.judge(price, (await self._platform.view()).guard, stage=stage)

    async def ready(self, instrument: Instrument) -> None:
        """To be awaited before `judge`, outside of any transaction."""
        await self._references.ready(instrument)

    def judge(self, price: LpPrice, terms: GuardTerms, *, stage: GuardStage) -> GuardEvidence:
        """At once, by what is known now. Raises `PriceGuardRefused`."""
        instrument = price.instrument
        vendor = self._vendors.get(price.lp, price.lp)
        limits = terms.limits.get(instrument.symbol, DEFAULT_LIMITS)
        # In this order: a reference that is newer than now would count as one of another clock.
        told = self._all(instrument, terms)
        now = self._clock.now()
        consensus = agree(
            told,
            limits,
            without_vendor=vendor,
            last_good=self._last_good.get(instrument.symbol),
            now=now,
        )
        self._keep(instrument, consensus, now)
        offer = Offer(
            instrument=instrument,
            base_units=price.base_units,
            quote_units=price.quote_units,
            rate=price.rate,
        )
        return judge(offer, consensus, limits, stage=stage)

    def _all(self, instrument: Instrument, terms: GuardTerms) -> tuple[Reference, ...]:
        known = self._references.known(instrument)
        sheet = terms.sheets.get(instrument.symbol)
        return known if sheet is None else (*known, sheet)

    def _keep(self, instrument: Instrument, consensus: Consensus, now: datetime) -> None:
        if len(self._last_good) >= INSTRUMENTS_MAX:
            self._last_good.clear()
        self._last_good[instrument.symbol] = LastGood(consensus.middle, now)


def refusal_of(refusal: PriceGuardRefused) -> QuoteRefusal:
    """What the quote stage makes of it; only what the LP did counts against the LP."""
    return QuoteRefusal.OFF_MARKET if refusal.is_lp_at_fault else QuoteRefusal.UNREFERENCED


def for_operators(refusal: PriceGuardRefused) -> str:
    """One line, for a log or a refusal's detail."""
    told = ", ".join(f"{name}={value}" for name, value in sorted(refusal.context.items()))
    return f"{refusal.detail} ({told})"
