"""Asking for the other side so that the customer's comes out exact."""

from fractions import Fraction
from typing import Final

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from domain.liquidity.answer import LP_GRID_PPM, covers, off_units
from domain.liquidity.inversion import CUSHION_PPM, Rate, first_guess, inverted
from domain.liquidity.listing import ANYTHING, Listing
from domain.liquidity.quote import LpQuote, LpQuoteRequest
from domain.quotes.limits import QuoteTooSmall
from domain.quotes.pricing import QuoteRequest, lp_request, price_quote
from domain.shared.money import PPM, Rounding, divide
from domain.shared.side import FixedSide, Side
from tests.unit.domain.builders import POLICY, instrument_of, lp_quote_of, request_of

BUY, SELL = Side.BUY, Side.SELL
BASE, QUOTE = FixedSide.BASE, FixedSide.QUOTE
# 1.0 BTC for 50,000 USDT, in units.
RATE: Final = Rate(10**8, 50_000 * 10**8)


def ask_of(side: Side, fixed: FixedSide, units: int) -> LpQuoteRequest:
    return LpQuoteRequest(instrument=instrument_of(), side=side, fixed=fixed, units=units)


@pytest.mark.parametrize(
    ("side", "fixed", "units", "other", "expected"),
    [
        # What we get is asked a little smaller, so that less is taken from us.
        (BUY, QUOTE, 50_000 * 10**8, BASE, 99_990_000),
        (SELL, BASE, 10**8, QUOTE, 4_999_500_000_000),
        # What we give is offered a little larger, so that more is brought.
        (SELL, QUOTE, 50_000 * 10**8, BASE, 100_010_000),
        (BUY, BASE, 10**8, QUOTE, 5_000_500_000_000),
    ],
)
def test_other_side_is_asked_with_the_cushion_on_our_side(
    side: Side, fixed: FixedSide, units: int, other: FixedSide, expected: int
) -> None:
    request = inverted(ask_of(side, fixed, units), RATE, ANYTHING)
    assert (request.side, request.fixed, request.units) == (side, other, expected)


def test_amount_is_on_the_grid_of_the_lp_and_never_nothing() -> None:
    coarse = Listing(base_step=10_000)
    assert inverted(ask_of(BUY, QUOTE, 50_000 * 10**8), RATE, coarse).units == 99_990_000
    assert inverted(ask_of(SELL, QUOTE, 50_001 * 10**8), RATE, coarse).units == 100_020_000
    assert inverted(ask_of(BUY, QUOTE, 1), RATE, coarse).units == 10_000


@pytest.mark.parametrize(
    ("fixed", "listing", "expected"),
    [
        (QUOTE, ANYTHING, (BASE, 5_000)),
        (QUOTE, Listing(min_base_units=70), (BASE, 7_000)),
        (QUOTE, Listing(min_base_units=70, base_step=400), (BASE, 6_800)),
        (QUOTE, Listing(max_base_units=90), (BASE, 90)),
        (BASE, Listing(min_base_units=70), (QUOTE, 5_000)),
        (BASE, Listing(min_quote_units=90), (QUOTE, 9_000)),
        (BASE, Listing(min_quote_units=900), (QUOTE, 20_000)),
    ],
)
def test_without_any_rate_a_small_amount_within_all_limits_is_asked(
    fixed: FixedSide, listing: Listing, expected: tuple[FixedSide, int]
) -> None:
    instrument = instrument_of(min_units=50, max_units=20_000)
    asked = LpQuoteRequest(instrument=instrument, side=BUY, fixed=fixed, units=10**9)
    guess = first_guess(asked, listing)
    assert (guess.fixed, guess.units) == expected


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("fixed", list(FixedSide))
def test_answer_covers_from_exact_to_the_grid_and_not_beyond(side: Side, fixed: FixedSide) -> None:
    asked = ask_of(side, fixed, 10**9)
    ours = 1 if (fixed is BASE) == (side is BUY) else -1
    allowed = 10**9 * LP_GRID_PPM // PPM
    for off, covered in ((0, True), (allowed, True), (allowed + 1, False), (-1, False)):
        units = 10**9 + ours * off
        amounts = (units, 77) if fixed is BASE else (77, units)
        quote = lp_quote_of(side, *amounts)
        assert (off_units(asked, quote), covers(asked, quote)) == (off, covered)
    other = BUY if side is SELL else SELL
    assert not covers(asked, lp_quote_of(other, 10**9, 10**9))


def answer(request: LpQuoteRequest, rate: Fraction, spread: Fraction) -> LpQuote | None:
    """Of an LP that takes the amount as it is and rounds the other one in its own favour."""
    price = rate * (1 + spread) if request.side is BUY else rate * (1 - spread)
    if request.fixed is BASE:
        exact = request.units * price
        rounding = Rounding.UP if request.side is BUY else Rounding.DOWN
    else:
        exact = request.units / price
        rounding = Rounding.DOWN if request.side is BUY else Rounding.UP
    other = divide(exact.numerator, exact.denominator, rounding=rounding)
    if not 0 < other < 10**30:
        return None
    pair = (request.units, other) if request.fixed is BASE else (other, request.units)
    return lp_quote_of(request.side, *pair)


@given(
    side=st.sampled_from(Side),
    fixed=st.sampled_from(FixedSide),
    units=st.integers(10**7, 10**16),
    rate=st.fractions(Fraction(1, 1_000), 1_000, max_denominator=10**6),
    spread_ppm=st.integers(0, 20_000),
    # A little under the cushion: the three roundings to whole units take their part of it.
    moved_ppm=st.integers(-CUSHION_PPM * 9 // 10, CUSHION_PPM * 9 // 10),
    guess=st.integers(10**6, 10**12),
)
def test_second_question_covers_whatever_moves_less_than_the_cushion(
    side: Side,
    fixed: FixedSide,
    units: int,
    rate: Fraction,
    spread_ppm: int,
    moved_ppm: int,
    guess: int,
) -> None:
    """And then the house earns on it: it never promised more than the LP covers."""
    request: QuoteRequest = request_of(side, fixed, units)
    instrument, spread = instrument_of(tick="0.00000001"), Fraction(spread_ppm, PPM)
    try:
        asked = lp_request(request, instrument, POLICY)
    except QuoteTooSmall:
        assume(False)
    indicative = answer(
        LpQuoteRequest(
            instrument=instrument,
            side=side,
            fixed=BASE if fixed is QUOTE else QUOTE,
            units=guess,
        ),
        rate,
        spread,
    )
    # Amounts of few units know no rate to the cushion's precision.
    assume(indicative is not None)
    assert indicative is not None
    assume(min(indicative.base_units, indicative.quote_units) > 10**6)

    again = inverted(asked, Rate(indicative.base_units, indicative.quote_units), ANYTHING)
    final = answer(again, rate * Fraction(PPM + moved_ppm, PPM), spread)
    assume(final is not None and min(final.base_units, final.quote_units) > 10**6)
    assert final is not None

    assert covers(asked, final)
    pricing = price_quote(request, instrument, POLICY, final)
    residue = pricing.breakdown.rounding_units
    event("residue" if residue else "no residue")
    assert residue >= 0
    assert (pricing.base_units if fixed is BASE else pricing.quote_units) == units
    delivered, promised = final.base_units, pricing.base_units
    assert delivered >= promised if side is BUY else delivered <= promised


@given(
    side=st.sampled_from(Side),
    moved_ppm=st.one_of(st.integers(3_000, 50_000), st.integers(-50_000, -3_000)),
)
def test_price_that_ran_away_is_not_covered(side: Side, moved_ppm: int) -> None:
    asked = ask_of(side, QUOTE, 10**12)
    again = inverted(asked, Rate(10**8, 10**8), ANYTHING)
    final = answer(again, Fraction(PPM + moved_ppm, PPM), Fraction(0))
    assert final is not None
    assert not covers(asked, final)
