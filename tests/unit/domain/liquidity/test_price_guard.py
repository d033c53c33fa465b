"""When a price is confirmed, and by what name it is refused otherwise."""

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.liquidity.guard_limits import GuardBand, GuardLimits, GuardLimitsInvalid
from domain.liquidity.price_guard import (
    LP_AT_FAULT,
    GuardReason,
    GuardStage,
    LastGood,
    PriceGuardRefused,
    agree,
    judge,
    rate_fits,
)
from domain.liquidity.reference import RateSheet, RateSheetInvalid, Reference
from tests.unit.domain.liquidity.guarding import (
    LIMITS,
    NOW,
    last_good,
    offer,
    reference,
    sheet,
    sources_of,
)

ONE, TWO, THREE = reference("one"), reference("two"), reference("three")
BY_SHEET = replace(LIMITS, sheet_suffices=True)


@pytest.mark.parametrize(
    ("references", "agreeing"),
    [
        ((ONE, TWO), ("one", "two")),
        ((ONE, TWO, THREE), ("one", "three", "two")),
        ((ONE, sheet()), ("one", "rate_sheet")),
        # Those that do not count leave enough others.
        ((ONE, TWO, reference("old", age_ms=5_001)), ("one", "two")),
        ((ONE, TWO, reference("zero", bid=0)), ("one", "two")),
        ((ONE, TWO, reference("crossed", 60_020, 60_000)), ("one", "two")),
        ((ONE, TWO, reference("wide", 59_000, 61_000)), ("one", "two")),
        ((ONE, TWO, reference("far", 61_000, 61_020)), ("one", "two")),
        ((ONE, TWO, reference("lp")), ("one", "two")),
        # Exactly at the limit still counts.
        ((ONE, reference("two", age_ms=5_000)), ("one", "two")),
        ((ONE, reference("two", told_ms_ago=7_000)), ("one", "two")),
        # A locked book is not a crossed one.
        ((ONE, reference("two", 60_000, 60_000)), ("one", "two")),
        # Two sources of a vendor are one opinion, and the newer one is taken.
        (
            (ONE, reference("a", vendor="v", age_ms=900), reference("b", vendor="v", age_ms=100)),
            ("b", "one"),
        ),
    ],
)
def test_independent_fresh_references_agree(
    references: tuple[Reference, ...], agreeing: tuple[str, ...]
) -> None:
    assert sources_of(*references) == agreeing


@pytest.mark.parametrize(
    ("references", "reason"),
    [
        ((), GuardReason.NO_REFERENCE),
        ((reference("lp"),), GuardReason.NO_REFERENCE),
        ((ONE,), GuardReason.TOO_FEW),
        ((ONE, reference("lp")), GuardReason.TOO_FEW),
        ((reference("a", vendor="v"), reference("b", vendor="v")), GuardReason.TOO_FEW),
        ((sheet(),), GuardReason.TOO_FEW),
        ((ONE, reference("two", age_ms=5_001)), GuardReason.STALE),
        ((ONE, reference("two", age_ms=-1)), GuardReason.STALE),
        ((ONE, reference("two", told_ms_ago=7_001)), GuardReason.STALE),
        ((ONE, reference("two", told_ms_ago=-2_001)), GuardReason.STALE),
        ((ONE, sheet(age_ms=3_600_001)), GuardReason.STALE),
        ((ONE, reference("two", bid=0)), GuardReason.SENSELESS),
        ((ONE, reference("two", bid=-1)), GuardReason.SENSELESS),
        ((ONE, reference("two", ask="NaN")), GuardReason.SENSELESS),
        ((ONE, reference("two", ask="Infinity")), GuardReason.SENSELESS),
        ((ONE, reference("two", ask="1E+30")), GuardReason.SENSELESS),
        ((ONE, reference("two", bid="0." + "0" * 30 + "1")), GuardReason.SENSELESS),
        ((ONE, reference("two", 60_020, 60_000)), GuardReason.CROSSED),
        ((ONE, reference("two", 59_000, 61_000)), GuardReason.WIDE),
        # Of two that contradict each other nobody knows which is wrong.
        ((ONE, reference("two", 61_000, 61_020)), GuardReason.INCONSISTENT),
    ],
)
def test_without_enough_references_there_is_no_price(
    references: tuple[Reference, ...], reason: GuardReason
) -> None:
    with pytest.raises(PriceGuardRefused) as refused:
        sources_of(*references)
    assert refused.value.reason is reason
    assert not refused.value.is_lp_at_fault


def test_rate_sheet_suffices_where_the_limits_say_so() -> None:
    assert sources_of(sheet(), limits=BY_SHEET) == ("rate_sheet",)
    with pytest.raises(PriceGuardRefused):
        sources_of(sheet(age_ms=3_600_001), limits=BY_SHEET)
    with pytest.raises(PriceGuardRefused):
        sources_of(ONE, limits=BY_SHEET)


def test_ticker_that_contradicts_a_sufficient_sheet_leaves_no_price() -> None:
    with pytest.raises(PriceGuardRefused) as refused:
        sources_of(sheet(), reference("one", 61_000, 61_020), limits=BY_SHEET)
    assert refused.value.reason is GuardReason.INCONSISTENT


def test_sufficient_sheet_between_two_tickers_that_contradict_it_leaves_no_price() -> None:
    below, above = reference("below", 54_000, 54_020), reference("above", 66_000, 66_020)
    with pytest.raises(PriceGuardRefused) as refused:
        sources_of(below, sheet(), above, limits=BY_SHEET)
    assert refused.value.reason is GuardReason.INCONSISTENT
    # With one of them on its side it is no longer alone.
    assert sources_of(ONE, sheet(), above, limits=BY_SHEET) == ("one", "rate_sheet")


@pytest.mark.parametrize(
    ("last", "refused"),
    [
        (None, False),
        (last_good(60_000, age_s=0), False),
        # 30,000 ppm of the last one, either way; then one more.
        (last_good(61_855, age_s=60), False),
        (last_good(61_856, age_s=60), True),
        (last_good(58_253, age_s=60), False),
        (last_good(58_252, age_s=60), True),
        # Too old to compare with: the market has had its time to move.
        (last_good(40_000, age_s=61), False),
    ],
)
def test_jump_against_the_last_good_price_is_refused(last: LastGood | None, refused: bool) -> None:
    if not refused:
        assert sources_of(ONE, TWO, last=last)
        return
    with pytest.raises(PriceGuardRefused) as refusal:
        sources_of(ONE, TWO, last=last)
    assert refusal.value.reason is GuardReason.JUMPING


@pytest.mark.parametrize(
    ("price", "stage", "refused"),
    [
        (60_000, GuardStage.QUOTE, False),
        # 5,000 ppm at the quote: too good for us is as wrong as too bad.
        (60_300, GuardStage.QUOTE, False),
        ("60300.01", GuardStage.QUOTE, True),
        (59_700, GuardStage.QUOTE, False),
        ("59699.99", GuardStage.QUOTE, True),
        # 8,000 ppm at execution.
        (60_480, GuardStage.EXECUTE, False),
        ("60480.01", GuardStage.EXECUTE, True),
        (59_520, GuardStage.EXECUTE, False),
        ("59519.99", GuardStage.EXECUTE, True),
    ],
)
def test_price_that_strays_from_the_median_is_refused(
    price: object, stage: GuardStage, refused: bool
) -> None:
    settled = agree((ONE, TWO), LIMITS, without_vendor="lp", last_good=None, now=NOW)
    if not refused:
        assert judge(offer(price), settled, LIMITS, stage=stage).stage is stage
        return
    with pytest.raises(PriceGuardRefused) as refusal:
        judge(offer(price), settled, LIMITS, stage=stage)
    assert refusal.value.reason is GuardReason.DEVIATION
    assert refusal.value.is_lp_at_fault


def test_evidence_names_median_sources_and_deviation() -> None:
    settled = agree(
        (ONE, reference("two", 60_090, 60_110)),
        LIMITS,
        without_vendor="lp",
        last_good=None,
        now=NOW,
    )
    evidence = judge(offer(59_990), settled, LIMITS, stage=GuardStage.QUOTE)
    assert evidence.reference == "60050"
    assert evidence.sources == ("one", "two")
    # 60 below 60,050, away from zero.
    assert (evidence.deviation_ppm, evidence.limit_ppm) == (-1_000, 5_000)


def test_large_trades_are_held_to_their_own_band() -> None:
    limits = replace(
        LIMITS,
        bands=(
            GuardBand(quote_units_max=60_000 * 10**8, at_quote_ppm=1_000, at_execute_ppm=2_000),
            GuardBand(at_quote_ppm=9_000, at_execute_ppm=9_000),
        ),
    )
    settled = agree((ONE, TWO), limits, without_vendor="lp", last_good=None, now=NOW)
    small, large = offer(59_900), offer(59_900, base_units=2 * 10**8)
    with pytest.raises(PriceGuardRefused):
        judge(small, settled, limits, stage=GuardStage.QUOTE)
    assert judge(large, settled, limits, stage=GuardStage.QUOTE).limit_ppm == 9_000


@pytest.mark.parametrize(
    ("rate", "fits"),
    [
        (None, True),
        ("", True),
        ("60000", True),
        ("60299", True),
        ("60302", False),
        ("59500", False),
        # The other way round, and as coarse as some vendors tell it.
        ("0.00001667", True),
        ("0.000017", True),
        ("0.00001", True),
        ("0.00002", True),
        ("0.000021", False),
        ("6000", False),
        ("0", False),
        ("-60000", False),
        ("NaN", False),
        ("6E4", False),
        ("sixty thousand", False),
        ("6" * 65, False),
    ],
)
def test_stated_rate_is_that_of_the_amounts(rate: str | None, fits: bool) -> None:
    assert rate_fits(offer(60_000, rate=rate)) is fits


def test_contradiction_between_rate_and_amounts_is_the_lps_fault() -> None:
    settled = agree((ONE, TWO), LIMITS, without_vendor="lp", last_good=None, now=NOW)
    with pytest.raises(PriceGuardRefused) as refusal:
        judge(offer(60_000, rate="61000"), settled, LIMITS, stage=GuardStage.QUOTE)
    assert refusal.value.reason is GuardReason.RATE_MISMATCH
    assert refusal.value.reason in LP_AT_FAULT


BAND = GuardBand(at_quote_ppm=1, at_execute_ppm=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"bands": ()},
        {"bands": (BAND,) * 9},
        {"bands": (replace(BAND, quote_units_max=5),)},
        {"bands": (BAND, BAND)},
        {"bands": (replace(BAND, quote_units_max=5), replace(BAND, quote_units_max=5), BAND)},
        {"bands": (replace(BAND, quote_units_max=0), BAND)},
        {"bands": (replace(BAND, at_quote_ppm=0),)},
        {"bands": (replace(BAND, at_execute_ppm=1_000_000),)},
        {"references_min": 1},
        {"references_min": 9},
        {"age_max": timedelta(0)},
        {"age_max": timedelta(seconds=61)},
        {"jump_window": timedelta(hours=2)},
        {"apart_max_ppm": 0},
    ],
)
def test_limits_that_would_not_limit_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(GuardLimitsInvalid):
        GuardLimits(**{"bands": (BAND,), **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bid", "ask", "age_max"),
    [
        ("0", "1", timedelta(hours=1)),
        ("-1", "1", timedelta(hours=1)),
        ("2", "1", timedelta(hours=1)),
        ("1", "NaN", timedelta(hours=1)),
        ("1", "1", timedelta(0)),
        ("1", "1", timedelta(days=8)),
    ],
)
def test_senseless_rate_sheet_is_refused(bid: str, ask: str, age_max: timedelta) -> None:
    with pytest.raises(RateSheetInvalid):
        RateSheet(bid=Decimal(bid), ask=Decimal(ask), age_max=age_max)
