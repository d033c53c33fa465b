from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.liquidity.amounts import (
    Figure,
    exact_units,
    on_grid,
    rate_agrees,
    rounded_units,
    short_text,
    step_units,
    whole_text,
    whole_units,
)
from domain.shared.money import AmountInvalid, Rounding

SCALE: Final = 8


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("20", 2_000_000_000),
        ("0.06154036", 6_154_036),
        ("0.000000010000", 1),
        ("2500000.10", 250_000_010_000_000),
    ],
)
def test_plain_amount_becomes_units(text: str, units: int) -> None:
    assert exact_units(text, scale=SCALE) == units


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "0.00000000",
        "-1",
        "0.000000001",
        "1.123456789",
        "1e-7",
        "5.4E-7",
        "+1",
        " 1",
        "1,000",
        ".5",
        "",
        "NaN",
        "1" * 65,
        "1" + "0" * 22,
    ],
)
def test_amount_that_is_not_whole_positive_units_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        exact_units(text, scale=SCALE)


@given(units=st.integers(1, 10**24), scale=st.integers(0, 18))
def test_units_survive_the_way_out_and_back(units: int, scale: int) -> None:
    text = short_text(units, scale=scale)
    assert exact_units(text, scale=scale) == units
    assert not (text.endswith("0") and "." in text)


@given(units=st.integers(1, 10**24), decimals=st.integers(0, 18))
def test_grid_moves_by_less_than_a_step_in_the_named_direction(units: int, decimals: int) -> None:
    step = step_units(scale=18, decimals=decimals)
    low, high = (on_grid(units, step, rounding=each) for each in (Rounding.DOWN, Rounding.UP))
    assert low % step == high % step == 0
    assert units - step < low <= units <= high < units + step


def test_lp_finer_than_us_leaves_our_units_alone() -> None:
    assert step_units(scale=2, decimals=8) == 1


@pytest.mark.parametrize(("rounding", "units"), [(Rounding.UP, 1), (Rounding.DOWN, 0)])
def test_limit_finer_than_our_units_is_rounded_as_told(rounding: Rounding, units: int) -> None:
    assert rounded_units("0.004", scale=2, rounding=rounding) == units


# Both rates of each published sample: amounts given and gotten, ratio, and its inverse.
SAMPLES: Final = [
    ("0.1", "3816.37", "38163.7", "0.0000262"),
    ("0.00054414", "20", "36755", "0.00002721"),
    ("20", "0.06154036", "0.00307702", "324.99"),
]


@pytest.mark.parametrize(("given_text", "gotten_text", "ratio", "inverse"), SAMPLES)
def test_published_samples_agree_although_each_number_is_rounded(
    given_text: str, gotten_text: str, ratio: str, inverse: str
) -> None:
    given_, gotten = (
        Figure(exact_units(text, scale=SCALE), SCALE, 1) for text in (given_text, gotten_text)
    )
    assert rate_agrees(given_, gotten, ratio)
    assert rate_agrees(gotten, given_, inverse)


@pytest.mark.parametrize(
    ("gotten_text", "rate"),
    [
        ("3816.37", "38164.7"),
        ("3816.37", "3816.37"),
        ("3817.37", "38163.7"),
        ("3816.37", "0"),
        ("3816.37", "-38163.7"),
    ],
)
def test_rate_that_does_not_lead_from_one_amount_to_the_other_is_found(
    gotten_text: str, rate: str
) -> None:
    given_ = Figure(exact_units("0.1", scale=SCALE), SCALE, 1)
    gotten = Figure(exact_units(gotten_text, scale=SCALE), SCALE, 1)
    assert not rate_agrees(given_, gotten, rate)


def test_rate_of_a_coarse_lp_agrees_within_its_own_step() -> None:
    """Sold 1.5 at 333.333, of which the LP pays out whole cents only."""
    given_ = Figure(exact_units("1.5", scale=18), 18, 10**10)
    gotten = Figure(exact_units("500", scale=SCALE), SCALE, 10**6)
    assert rate_agrees(given_, gotten, "333.333333")
    assert rate_agrees(gotten, given_, "0.003")


@pytest.mark.parametrize("rate", ["1e5", "", "x", "1" * 65])
def test_rate_that_is_no_plain_number_is_refused(rate: str) -> None:
    with pytest.raises(AmountInvalid):
        rate_agrees(Figure(1, SCALE, 1), Figure(1, SCALE, 1), rate)


@given(
    units=st.integers(10**4, 10**14),
    price=st.integers(1, 10**12),
    fixes_given=st.booleans(),
)
def test_every_honestly_rounded_quote_agrees(units: int, price: int, fixes_given: bool) -> None:
    """As a vendor with eight decimals rounds: half up, amounts and both rates each for itself."""
    scale = 10**SCALE  # of the price too
    if fixes_given:
        given_units, gotten_units = units, _half_up(units * price, scale)
    else:
        given_units, gotten_units = _half_up(units * scale, price), units
    ratio = short_text(price, scale=SCALE)
    inverse = short_text(_half_up(scale * scale, price), scale=SCALE)
    given_, gotten = Figure(given_units, SCALE, 1), Figure(gotten_units, SCALE, 1)
    assert rate_agrees(given_, gotten, ratio)
    assert rate_agrees(gotten, given_, inverse)


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


@pytest.mark.parametrize(
    ("text", "scale", "units"),
    [
        ("0.005351791486188000", 8, 535_179),
        ("0.999999999", 8, 99_999_999),
        ("1.5", 0, 1),
        ("20", 2, 2_000),
    ],
)
def test_finer_amount_counts_in_whole_units(text: str, scale: int, units: int) -> None:
    assert whole_units(text, scale=scale) == units
    assert exact_units(whole_text(text, scale=scale), scale=scale) == units


@pytest.mark.parametrize("text", ["0", "0.000000009", "-1", "1e3", "", "9" * 40])
def test_what_is_not_one_whole_unit_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        whole_units(text, scale=8)


def test_nothing_is_a_text_and_less_than_nothing_is_refused() -> None:
    assert whole_text("0.000", scale=2) == "0"
    with pytest.raises(AmountInvalid):
        whole_text("-1.5", scale=2)
