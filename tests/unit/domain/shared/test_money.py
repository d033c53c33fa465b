from fractions import Fraction
from math import ceil, floor, trunc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.errors import DomainError, InvariantViolation, invariant
from domain.shared.money import (
    PPM,
    SCALE_MAX,
    UNITS_LIMIT,
    Amount,
    AmountInvalid,
    AssetCode,
    AssetMismatch,
    Rounding,
    divide,
    format_units,
    parse_units,
    share_ppm,
)

BTC = AssetCode("BTC")
NGN = AssetCode("NGN")

units = st.integers(-UNITS_LIMIT + 1, UNITS_LIMIT - 1)
divisors = st.integers(-(10**20), 10**20).filter(lambda value: value != 0)


@given(numerator=units, denominator=divisors)
def test_divide_agrees_with_exact_fractions(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    away = ceil(exact) if exact > 0 else floor(exact)
    assert divide(numerator, denominator, rounding=Rounding.DOWN) == trunc(exact)
    assert divide(numerator, denominator, rounding=Rounding.UP) == away
    assert divide(numerator, denominator, rounding=Rounding.HALF_EVEN) == round(exact)


@pytest.mark.parametrize(
    ("numerator", "denominator", "down", "up", "half_even"),
    [
        (7, 2, 3, 4, 4),
        (5, 2, 2, 3, 2),
        (-5, 2, -2, -3, -2),
        (5, -2, -2, -3, -2),
        (6, 2, 3, 3, 3),
        (1, 3, 0, 1, 0),
        (0, 3, 0, 0, 0),
    ],
)
def test_divide_rounds_as_named(
    numerator: int, denominator: int, down: int, up: int, half_even: int
) -> None:
    rounded = [divide(numerator, denominator, rounding=rounding) for rounding in Rounding]
    assert rounded == [down, up, half_even]


def test_divide_by_zero_is_a_bug() -> None:
    with pytest.raises(InvariantViolation):
        divide(1, 0, rounding=Rounding.DOWN)


@given(amount=st.integers(0, 10**25), ppm=st.integers(0, PPM))
def test_shares_rounded_down_never_exceed_the_whole(amount: int, ppm: int) -> None:
    part = share_ppm(amount, ppm, rounding=Rounding.DOWN)
    rest = share_ppm(amount, PPM - ppm, rounding=Rounding.DOWN)
    assert amount - 1 <= part + rest <= amount
    assert share_ppm(amount, ppm, rounding=Rounding.UP) - part in (0, 1)


def test_negative_share_is_a_bug() -> None:
    with pytest.raises(InvariantViolation):
        share_ppm(1, -1, rounding=Rounding.DOWN)


@given(value=units, scale=st.integers(0, SCALE_MAX))
def test_text_of_units_reads_back(value: int, scale: int) -> None:
    assert parse_units(format_units(value, scale=scale), scale=scale) == value


@pytest.mark.parametrize(
    ("text", "scale", "expected"),
    [
        ("0", 8, 0),
        ("-0", 8, 0),
        ("0.5", 8, 50_000_000),
        ("0.00000001", 8, 1),
        ("-1.25", 2, -125),
        ("12", 0, 12),
        ("999999999999.999999999999999999", 18, 10**30 - 1),
    ],
)
def test_plain_notation_is_read(text: str, scale: int, expected: int) -> None:
    assert parse_units(text, scale=scale) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".5",
        "1.",
        "01",
        "+1",
        " 1",
        "1 ",
        "1\n",
        "1e3",
        "1E3",
        "1,000",
        "0x1",
        "1_000",
        "NaN",
        "Infinity",
        "--1",
        "1.2.3",
        "\u0661",  # a digit, but of another script
        "0.000",  # zeros beyond the scale are decimals too
        "1" * 65,
        "1" + "0" * 30,
    ],
)
def test_any_other_notation_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        parse_units(text, scale=2)


def test_every_decimal_of_the_scale_is_written() -> None:
    assert format_units(50_000_000, scale=8) == "0.50000000"
    assert format_units(-5, scale=2) == "-0.05"
    assert format_units(7, scale=0) == "7"


@given(left=st.integers(-(10**29), 10**29), right=st.integers(-(10**29), 10**29))
def test_amounts_of_one_asset_calculate_and_compare_as_integers(left: int, right: int) -> None:
    one, other = Amount(left, BTC), Amount(right, BTC)
    assert (one + other).units == left + right
    assert (one - other).units == left - right
    assert (-one).units == -left
    assert (one < other, one <= other) == (left < right, left <= right)
    assert (one > other, one >= other) == (left > right, left >= right)
    assert (one == other) is (left == right)


def test_amounts_of_two_assets_never_mix() -> None:
    one, other = Amount(1, BTC), Amount(1, NGN)
    assert one != other
    for mix in (
        lambda: one + other,
        lambda: one - other,
        lambda: one < other,
        lambda: one <= other,
        lambda: one > other,
    ):
        with pytest.raises(AssetMismatch):
            mix()


@pytest.mark.parametrize("value", [UNITS_LIMIT, -UNITS_LIMIT, UNITS_LIMIT * 10])
def test_amount_beyond_the_limit_is_refused(value: int) -> None:
    with pytest.raises(AmountInvalid):
        Amount(value, BTC)


@pytest.mark.parametrize("value", [1.0, True, "1"])
def test_amount_of_anything_but_an_integer_is_refused(value: object) -> None:
    with pytest.raises(AmountInvalid):
        Amount(value, BTC)  # type: ignore[arg-type]


def test_errors_carry_code_detail_and_context() -> None:
    error = AssetMismatch("two assets", left="BTC")
    assert isinstance(error, DomainError)
    assert isinstance(error, ValueError)
    assert (error.code, error.detail, error.context) == (
        "asset_mismatch",
        "two assets",
        {"left": "BTC"},
    )


def test_invariant_that_holds_is_silent() -> None:
    invariant(True, "unused")
    with pytest.raises(InvariantViolation, match="said so"):
        invariant(False, "said so")
