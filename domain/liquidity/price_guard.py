"""Whether an LP's price may be offered or executed. It fails closed: no reference, no price.

The LP's price is compared with the median of the references that are left when those of its own
vendor and all that are stale, senseless, wide or far from the others have been put aside. It may
stray neither way: a price too good for us is as wrong as one too bad.

All arithmetic is on whole numbers: prices at `REFERENCE_SCALE`, and four times the middle of bid
and ask, so that neither it nor the mean of two of them is rounded.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from ..assets.instrument import Instrument
from ..shared.errors import RuleViolation
from ..shared.money import PPM, AmountInvalid, Rounding, divide, split_plain_number
from .guard_limits import GuardLimits
from .reference import REFERENCE_ONE, REFERENCE_SCALE, Reference

# How far a vendor's clock may be from ours before its prices count as another time's.
CLOCK_SKEW_MAX: Final = timedelta(seconds=2)
# An LP's stated rate and its two amounts are rounded apart, on its own grids.
RATE_TOLERANCE_PPM: Final = 5_000


class GuardStage(StrEnum):
    QUOTE = "quote"
    EXECUTE = "execute"


class GuardReason(StrEnum):
    """Why there is no price. The last two are the LP's doing, all others blindness of ours."""

    NO_REFERENCE = "no_reference"
    TOO_FEW = "too_few_references"
    STALE = "references_stale"
    SENSELESS = "references_senseless"
    CROSSED = "references_crossed"
    WIDE = "references_wide"
    INCONSISTENT = "references_inconsistent"
    JUMPING = "references_jumping"
    DEVIATION = "price_off_market"
    RATE_MISMATCH = "rate_mismatch"


LP_AT_FAULT: Final = frozenset({GuardReason.DEVIATION, GuardReason.RATE_MISMATCH})


class PriceGuardRefused(RuleViolation):
    """`reason` is a `GuardReason`; the context is for operators and never reaches a customer."""

    code = "price_guard_refused"

    def __init__(self, reason: GuardReason, **context: object) -> None:
        super().__init__(f"the price is not confirmed: {reason}", reason=reason, **context)
        self.reason = reason

    @property
    def is_lp_at_fault(self) -> bool:
        return self.reason in LP_AT_FAULT


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What an LP asks for: both amounts, and its stated rate where it is still at hand."""

    instrument: Instrument
    base_units: int
    quote_units: int
    rate: str | None = None


class LastGood(msgspec.Struct, frozen=True):
    """A median that passed, at four times `REFERENCE_SCALE`."""

    middle: int
    at: datetime


class Consensus(msgspec.Struct, frozen=True):
    """What the references agree on; `middle` is four times the price at `REFERENCE_SCALE`."""

    middle: int
    sources: tuple[str, ...]


class GuardEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Kept with the quote, for operators. A positive `deviation_ppm` is above the reference.

    `reference` is the median as a decimal, for reading: all was judged by whole numbers.
    """

    stage: GuardStage
    reference: str
    sources: tuple[str, ...]
    deviation_ppm: int
    limit_ppm: int


def agree(
    references: Iterable[Reference],
    limits: GuardLimits,
    *,
    without_vendor: str,
    last_good: LastGood | None,
    now: datetime,
) -> Consensus:
    """Raises `PriceGuardRefused` unless enough independent references agree."""
    aside: dict[str, GuardReason] = {}
    usable: dict[str, Reference] = {}
    for each in references:
        if each.vendor == without_vendor:
            continue
        if (reason := set_aside(each, limits, now)) is not None:
            aside[each.source] = reason
            continue
        # Two sources of one vendor are one opinion, and the newer is its last word.
        other = usable.get(each.vendor)
        if other is None or other.observed_at < each.observed_at:
            usable[each.vendor] = each
    _require_enough(usable.values(), limits, aside)
    middles = {vendor: _middle(each) for vendor, each in usable.items()}
    median = _median(middles.values())
    agreeing = {
        vendor: each
        for vendor, each in usable.items()
        if abs(middles[vendor] - median) * PPM <= limits.apart_max_ppm * median
    }
    for vendor, each in usable.items():
        if vendor not in agreeing:
            aside[each.source] = GuardReason.INCONSISTENT
    # A sheet that others contradict is no longer enough by itself, even where it is the median.
    contradicted = len(agreeing) < len(usable)
    _require_enough(agreeing.values(), limits, aside, sheet_suffices=not contradicted)
    settled = _median(middles[vendor] for vendor in agreeing)
    if last_good is not None and now - last_good.at <= limits.jump_window:
        jump = abs(settled - last_good.middle)
        if jump * PPM > limits.jump_max_ppm * last_good.middle:
            raise PriceGuardRefused(
                GuardReason.JUMPING, reference=_price(settled), last=_price(last_good.middle)
            )
    return Consensus(settled, tuple(sorted(each.source for each in agreeing.values())))


def judge(
    offer: Offer, consensus: Consensus, limits: GuardLimits, *, stage: GuardStage
) -> GuardEvidence:
    """Raises `PriceGuardRefused` when the LP's price strays, or contradicts its own rate."""
    if not rate_fits(offer):
        raise PriceGuardRefused(GuardReason.RATE_MISMATCH, rate=offer.rate)
    band = limits.band(offer.quote_units)
    limit_ppm = band.at_quote_ppm if stage is GuardStage.QUOTE else band.at_execute_ppm
    offered, against = _comparable(offer, consensus.middle)
    off = offered - against
    deviation_ppm = divide(off * PPM, against, rounding=Rounding.UP)
    if abs(off) * PPM > limit_ppm * against:
        raise PriceGuardRefused(
            GuardReason.DEVIATION,
            deviation_ppm=deviation_ppm,
            limit_ppm=limit_ppm,
            reference=_price(consensus.middle),
            sources=consensus.sources,
        )
    return GuardEvidence(
        stage=stage,
        reference=_price(consensus.middle),
        sources=consensus.sources,
        deviation_ppm=deviation_ppm,
        limit_ppm=limit_ppm,
    )


def set_aside(reference: Reference, limits: GuardLimits, now: datetime) -> GuardReason | None:
    """Why a reference does not count, whatever others say."""
    age_max = limits.age_max if reference.age_max is None else reference.age_max
    if not timedelta(0) <= now - reference.observed_at <= age_max:
        return GuardReason.STALE
    told = reference.source_time
    if told is not None and not -CLOCK_SKEW_MAX <= now - told <= age_max + CLOCK_SKEW_MAX:
        return GuardReason.STALE
    bid, ask = reference.scaled_bid, reference.scaled_ask
    if not (bid and ask):
        return GuardReason.SENSELESS
    if bid > ask:
        return GuardReason.CROSSED
    if (ask - bid) * PPM > limits.spread_max_ppm * bid:
        return GuardReason.WIDE
    return None


def rate_fits(offer: Offer) -> bool:
    """Whether the stated rate is that of the amounts, this way round or the other.

    Its last digit may be off by one, each amount by one unit, and all by `RATE_TOLERANCE_PPM`.
    """
    if not offer.rate:
        return True
    try:
        sign, whole, decimals = split_plain_number(offer.rate)
    except AmountInvalid:
        return False
    if sign or len(decimals) > REFERENCE_SCALE:
        return False
    step: int = 10 ** (REFERENCE_SCALE - len(decimals))
    rate = int(whole + decimals) * step
    if rate == 0:
        return False
    low, high = rate - step, rate + step
    base: tuple[int, int] = (offer.base_units, 10**offer.instrument.base.scale)
    quote: tuple[int, int] = (offer.quote_units, 10**offer.instrument.quote.scale)
    return _within(low, high, quote, base) or _within(low, high, base, quote)


def _within(low: int, high: int, over: tuple[int, int], under: tuple[int, int]) -> bool:
    """Whether over / under, give or take, meets the range; amounts with their units per whole."""
    most = (over[0] + 1) * under[1] * REFERENCE_ONE * (PPM + RATE_TOLERANCE_PPM)
    least = (over[0] - 1) * under[1] * REFERENCE_ONE * (PPM - RATE_TOLERANCE_PPM)
    below = max(under[0] - 1, 1) * over[1] * PPM
    above = (under[0] + 1) * over[1] * PPM
    return low * below <= most and high * above >= least


def _comparable(offer: Offer, middle: int) -> tuple[int, int]:
    """The offered price and the reference as whole numbers over one denominator."""
    offered = 4 * offer.quote_units * 10 ** (offer.instrument.base.scale + REFERENCE_SCALE)
    return offered, middle * offer.base_units * 10**offer.instrument.quote.scale


def _require_enough(
    references: Iterable[Reference],
    limits: GuardLimits,
    aside: dict[str, GuardReason],
    *,
    sheet_suffices: bool = True,
) -> None:
    """Of several reasons that references were put aside for, the last names the refusal."""
    counted = list(references)
    if sheet_suffices and limits.sheet_suffices and any(each.is_sheet for each in counted):
        return
    if len(counted) >= limits.references_min:
        return
    reasons = list(aside.values())
    if not counted and not reasons:
        raise PriceGuardRefused(GuardReason.NO_REFERENCE)
    raise PriceGuardRefused(
        reasons[-1] if reasons else GuardReason.TOO_FEW,
        counted=tuple(each.source for each in counted),
        aside={source: reason.value for source, reason in aside.items()},
    )


def _middle(reference: Reference) -> int:
    return 2 * (reference.scaled_bid + reference.scaled_ask)


def _median(middles: Iterable[int]) -> int:
    """Of two in the middle their mean, which four times a price has room for."""
    ordered = sorted(middles)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) // 2


def _price(middle: int) -> str:
    """For people: what is beyond the scale is cut off, and so are zeros at the end."""
    digits = str(middle // 4).rjust(REFERENCE_SCALE + 1, "0")
    whole, decimals = digits[:-REFERENCE_SCALE], digits[-REFERENCE_SCALE:].rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole
