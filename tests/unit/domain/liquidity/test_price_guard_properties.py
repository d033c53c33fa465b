"""What holds of every price that the guard lets by, whatever others say."""

from datetime import timedelta
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.liquidity.guard_limits import GuardBand, GuardLimits
from domain.liquidity.price_guard import (
    GuardStage,
    Offer,
    PriceGuardRefused,
    agree,
    judge,
)
from domain.liquidity.reference import Reference
from tests.unit.domain.builders import instrument_of
from tests.unit.domain.liquidity.guarding import NOW, reference

PPM = 1_000_000
TRUE_PRICE = 60_000
BTC_USDT = instrument_of()

ppms = st.integers(1, 100_000)
prices = st.decimals("0.01", "200000", places=2)
ages_ms = st.integers(-1_000, 12_000)


@st.composite
def references(draw: st.DrawFn) -> Reference:
    bid = draw(prices)
    return reference(
        draw(st.sampled_from(("one", "two", "three", "four"))),
        bid,
        draw(st.one_of(st.just(bid), prices)),
        vendor=draw(st.sampled_from(("v", "w", "x", "lp"))),
        age_ms=draw(ages_ms),
    )


@st.composite
def limits(draw: st.DrawFn) -> GuardLimits:
    return GuardLimits(
        bands=(GuardBand(at_quote_ppm=draw(ppms), at_execute_ppm=draw(ppms)),),
        apart_max_ppm=draw(ppms),
        spread_max_ppm=draw(ppms),
        references_min=draw(st.integers(2, 3)),
        age_max=timedelta(milliseconds=draw(st.integers(1, 10_000))),
    )


@given(st.lists(references(), max_size=6), limits())
def test_price_is_agreed_by_enough_others_that_are_fresh_and_near(
    told: list[Reference], limits: GuardLimits
) -> None:
    try:
        settled = agree(told, limits, without_vendor="lp", last_good=None, now=NOW)
    except PriceGuardRefused:
        return
    middle = Fraction(settled.middle, 4 * 10**30)
    agreeing = [each for each in told if each.source in settled.sources]
    vendors = {
        each.vendor
        for each in agreeing
        if each.vendor != "lp"
        and timedelta(0) <= NOW - each.observed_at <= limits.age_max
        and 0 < each.bid <= each.ask
    }
    assert len(vendors) >= limits.references_min
    assert len(settled.sources) <= len(vendors)
    lowest = min(Fraction(each.bid) for each in agreeing)
    highest = max(Fraction(each.ask) for each in agreeing)
    assert lowest <= middle <= highest


@given(st.lists(references(), max_size=6), limits(), st.randoms())
def test_order_in_which_references_come_does_not_matter(
    told: list[Reference], limits: GuardLimits, random: Random
) -> None:
    # Of one vendor the newest counts; of two as new, whichever: that is not what this is about.
    unique = list({(each.vendor, each.observed_at): each for each in told}.values())
    shuffled = list(unique)
    random.shuffle(shuffled)
    assert outcome(unique, limits) == outcome(shuffled, limits)


def outcome(told: list[Reference], limits: GuardLimits) -> object:
    try:
        return agree(told, limits, without_vendor="lp", last_good=None, now=NOW)
    except PriceGuardRefused:
        return None


@given(limits(), st.integers(1, 10**12), st.integers(1, 10**18), st.sampled_from(GuardStage))
def test_judgement_is_exactly_the_limit(
    limits: GuardLimits, base_units: int, quote_units: int, stage: GuardStage
) -> None:
    told = tuple(reference(name, TRUE_PRICE, TRUE_PRICE) for name in ("one", "two", "three"))
    settled = agree(told, limits, without_vendor="lp", last_good=None, now=NOW)
    price = Fraction(quote_units, base_units)
    band = limits.bands[0]
    limit_ppm = band.at_quote_ppm if stage is GuardStage.QUOTE else band.at_execute_ppm
    within = abs(price - TRUE_PRICE) * PPM <= limit_ppm * TRUE_PRICE
    offered = Offer(instrument=BTC_USDT, base_units=base_units, quote_units=quote_units)
    try:
        judge(offered, settled, limits, stage=stage)
        passed = True
    except PriceGuardRefused:
        passed = False
    assert passed is within


@given(limits(), prices, st.integers(1, 200_000 * 10**8))
def test_one_liar_of_two_moves_no_price_beyond_both_limits_together(
    limits: GuardLimits, lie: object, quote_units: int
) -> None:
    """The bound that is promised: with one honest reference, a price that passes is no farther from
    it than the deviation limit and what references may lie apart from their median, compounded.
    """
    honest, liar = reference("one", TRUE_PRICE, TRUE_PRICE), reference("two", lie, lie)
    offered = Offer(instrument=BTC_USDT, base_units=10**8, quote_units=quote_units)
    try:
        settled = agree((honest, liar), limits, without_vendor="lp", last_good=None, now=NOW)
        judge(offered, settled, limits, stage=GuardStage.QUOTE)
    except PriceGuardRefused:
        return
    apart = Fraction(limits.apart_max_ppm, PPM)
    limit = Fraction(limits.bands[0].at_quote_ppm, PPM)
    price = Fraction(quote_units, 10**8)
    assert TRUE_PRICE * (1 - limit) / (1 + apart) <= price
    assert price <= TRUE_PRICE * (1 + limit) / (1 - apart)
