from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.errors import InvariantViolation
from domain.shared.money import AmountInvalid, Rounding
from domain.shared.price import (
    Price,
    PriceInvalid,
    base_for,
    format_price,
    notional,
    parse_price,
    price_from,
)

prices = st.decimals("0.00000001", "1000000000", places=8).map(Price)
amounts = st.integers(1, 10**24)
scales = st.integers(0, 18)
ticks = st.sampled_from(["0.01", "1", "0.05", "0.00000001", "2.5", "1E+1", "1E-18"]).map(Decimal)


def exact_value(base_units: int, price: Price, base_scale: int, quote_scale: int) -> Fraction:
    return Fraction(base_units, 10**base_scale) * Fraction(price.value) * Fraction(10**quote_scale)


@given(base_units=amounts, price=prices, base_scale=scales, quote_scale=scales)
def test_notional_is_exact_to_one_unit(
    base_units: int, price: Price, base_scale: int, quote_scale: int
) -> None:
    exact = exact_value(base_units, price, base_scale, quote_scale)
    down, up = (
        notional(
            base_units, price, base_scale=base_scale, quote_scale=quote_scale, rounding=rounding
        )
        for rounding in (Rounding.DOWN, Rounding.UP)
    )
    assert down <= exact <= up
    assert up - down == (0 if exact.denominator == 1 else 1)


@given(quote_units=amounts, price=prices, base_scale=scales, quote_scale=scales)
def test_base_for_is_the_most_that_the_money_buys(
    quote_units: int, price: Price, base_scale: int, quote_scale: int
) -> None:
    base_units = base_for(
        quote_units,
        price,
        base_scale=base_scale,
        quote_scale=quote_scale,
        rounding=Rounding.DOWN,
    )
    assert exact_value(base_units, price, base_scale, quote_scale) <= quote_units
    assert exact_value(base_units + 1, price, base_scale, quote_scale) > quote_units


# Within 10**20, one base unit cannot cost more than a price may say.
@given(base_units=st.integers(1, 10**20), quote_units=st.integers(1, 10**20), tick=ticks)
def test_price_from_is_the_next_tick_in_the_named_direction(
    base_units: int, quote_units: int, tick: Decimal
) -> None:
    exact = Fraction(quote_units, 10**2) / Fraction(base_units, 10**8)
    up = price_from(
        base_units,
        quote_units,
        base_scale=8,
        quote_scale=2,
        tick=tick,
        rounding=Rounding.UP,
    )
    value = Fraction(up.value)
    assert value % Fraction(tick) == 0
    assert value - Fraction(tick) < exact <= value


def test_price_that_rounds_to_nothing_is_refused() -> None:
    with pytest.raises(PriceInvalid):
        price_from(
            10**8,
            1,
            base_scale=0,
            quote_scale=0,
            tick=Decimal("0.01"),
            rounding=Rounding.DOWN,
        )


def test_fine_tick_does_not_lower_the_largest_price() -> None:
    price = price_from(
        1,
        10**22,
        base_scale=0,
        quote_scale=0,
        tick=Decimal("0.00000001"),
        rounding=Rounding.UP,
    )
    assert price.value == 10**22


def test_price_beyond_the_limit_is_refused() -> None:
    with pytest.raises(PriceInvalid):
        price_from(
            1,
            10**29,
            base_scale=18,
            quote_scale=0,
            tick=Decimal("0.01"),
            rounding=Rounding.DOWN,
        )


def test_price_from_nothing_is_a_bug() -> None:
    with pytest.raises(InvariantViolation):
        price_from(0, 1, base_scale=0, quote_scale=0, tick=Decimal(1), rounding=Rounding.DOWN)


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "Infinity", "1E+30", "1E-31"])
def test_value_that_is_no_price_is_refused(value: str) -> None:
    with pytest.raises(PriceInvalid):
        Price(Decimal(value))


@pytest.mark.parametrize("value", [1, 0.1, "1"])
def test_price_of_anything_but_a_decimal_is_refused(value: object) -> None:
    with pytest.raises(PriceInvalid):
        Price(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "error"), [("1e3", AmountInvalid), ("+1", AmountInvalid), ("0", PriceInvalid)]
)
def test_text_that_is_no_price_is_refused(text: str, error: type[ValueError]) -> None:
    with pytest.raises(error):
        parse_price(text)


@given(price=prices)
def test_text_of_a_price_reads_back(price: Price) -> None:
    text = format_price(price)
    assert parse_price(text) == price
    assert "E" not in text


def test_large_round_price_is_written_in_full() -> None:
    assert format_price(Price(Decimal("1E+3"))) == "1000"
