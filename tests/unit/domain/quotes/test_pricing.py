"""Prices worked out by hand, and every refusal."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.assets.instrument import Instrument, TradingStatus
from domain.quotes.limits import (
    AmountAboveMaximum,
    AmountBelowMinimum,
    AmountNotOnLot,
    InstrumentHalted,
    QuoteTooSmall,
)
from domain.quotes.pricing import (
    LpQuoteMismatch,
    LpQuoteTooShort,
    Pricing,
    expiry,
    lp_request,
    price_quote,
)
from domain.shared.errors import DomainError
from domain.shared.price import Price
from domain.shared.side import FixedSide, Side
from tests.unit.domain.builders import (
    NGN,
    NOW,
    POLICY,
    USDT,
    instrument_of,
    lp_quote_of,
    request_of,
)

BUY, SELL = Side.BUY, Side.SELL
BASE, QUOTE = FixedSide.BASE, FixedSide.QUOTE
ONE = 10**8


def parts(pricing: Pricing) -> tuple[int, ...]:
    breakdown = pricing.breakdown
    return (
        breakdown.lp_units,
        breakdown.platform_spread_units,
        breakdown.tenant_spread_units,
        breakdown.rounding_units,
        breakdown.fee_units,
    )


def test_half_a_bitcoin_bought_at_sixty_thousand() -> None:
    request = request_of(BUY, BASE, ONE // 2)
    pricing = price_quote(
        request, instrument_of(), POLICY, lp_quote_of(BUY, ONE // 2, 30_000 * ONE)
    )
    assert pricing.price == Price(Decimal("60420.00"))
    assert pricing.quote_units == 30_240_21 * ONE // 100
    assert parts(pricing) == (30_000 * ONE, 60 * ONE, 150 * ONE, 0, 3021 * ONE // 100)
    assert pricing.breakdown.lp_price.value == 60_000


def test_half_a_bitcoin_sold_at_sixty_thousand() -> None:
    request = request_of(SELL, BASE, ONE // 2)
    pricing = price_quote(
        request, instrument_of(), POLICY, lp_quote_of(SELL, ONE // 2, 30_000 * ONE)
    )
    assert pricing.price == Price(Decimal("59580.00"))
    assert pricing.quote_units == 29_760_21 * ONE // 100
    assert parts(pricing) == (30_000 * ONE, 60 * ONE, 150 * ONE, 0, 2979 * ONE // 100)


def test_dollars_for_exactly_ten_thousand_naira() -> None:
    """Fee 10.00, so 9,990.00 before it; the LP gets 9,990.00 / 1.007 = 9,920.55."""
    instrument = instrument_of(USDT, NGN)
    request = request_of(BUY, QUOTE, 1_000_000)
    asked = lp_request(request, instrument, POLICY)
    assert (asked.fixed, asked.units) == (QUOTE, 992_055)
    pricing = price_quote(request, instrument, POLICY, lp_quote_of(BUY, 620_034_375, 992_055))
    assert pricing.price == Price(Decimal("1611.20"))
    assert (pricing.base_units, pricing.quote_units) == (620_034_375, 1_000_000)
    assert parts(pricing) == (992_055, 1_984, 4_960, 1, 1_000)


def test_exactly_ten_thousand_naira_for_dollars() -> None:
    """10,010.02 before the fee of 10.02; the LP brings 10,010.02 / 0.993 = 10,080.59."""
    instrument = instrument_of(USDT, NGN)
    request = request_of(SELL, QUOTE, 1_000_000)
    asked = lp_request(request, instrument, POLICY)
    assert asked.units == 1_008_059
    pricing = price_quote(request, instrument, POLICY, lp_quote_of(SELL, 630_036_875, 1_008_059))
    assert pricing.price == Price(Decimal("1588.80"))
    assert (pricing.base_units, pricing.quote_units) == (630_036_875, 1_000_000)
    assert parts(pricing) == (1_008_059, 2_016, 5_040, 1, 1_002)


def test_coarser_lp_leaves_inventory_at_its_own_ratio() -> None:
    """It sells 1.001 for 1,001; the customer's 1.0005 cost 1,000.50 of that."""
    request = request_of(BUY, BASE, 100_050_000)
    lp_quote = lp_quote_of(BUY, 100_100_000, 1_001 * ONE)
    pricing = price_quote(request, instrument_of(), POLICY, lp_quote)
    assert pricing.base_units == 100_050_000
    assert pricing.breakdown.lp_units == 100_050_000_000


def test_scenario_reaches_the_lp() -> None:
    asked = lp_request(request_of(BUY, BASE, ONE), instrument_of(), POLICY, "quote_slow")
    assert asked.scenario == "quote_slow"


NARROW = instrument_of(min_units=100, max_units=1_000, lot_units=10)


@pytest.mark.parametrize(
    ("fixed", "units", "instrument", "refusal", "code"),
    [
        (BASE, 99, NARROW, AmountBelowMinimum, "amount_below_minimum"),
        (BASE, 1_001, NARROW, AmountAboveMaximum, "amount_above_maximum"),
        (BASE, 105, NARROW, AmountNotOnLot, "amount_not_on_lot"),
        (QUOTE, 99, NARROW, AmountBelowMinimum, "amount_below_minimum"),
        (QUOTE, 1_001, NARROW, AmountAboveMaximum, "amount_above_maximum"),
        (BASE, 0, instrument_of(), AmountBelowMinimum, "amount_below_minimum"),
        (BASE, -1, instrument_of(), AmountBelowMinimum, "amount_below_minimum"),
        (QUOTE, 1, instrument_of(), QuoteTooSmall, "quote_too_small"),
    ],
)
def test_amount_outside_the_limits_is_refused_before_any_lp_is_asked(
    fixed: FixedSide, units: int, instrument: Instrument, refusal: type[DomainError], code: str
) -> None:
    with pytest.raises(refusal) as raised:
        lp_request(request_of(BUY, fixed, units), instrument, POLICY)
    assert raised.value.code == code


@pytest.mark.parametrize("units", [100, 1_000])
def test_limits_are_inclusive(units: int) -> None:
    assert lp_request(request_of(SELL, BASE, units), NARROW, POLICY).units == units


@pytest.mark.parametrize("status", [status for status in TradingStatus if status != "open"])
def test_instrument_that_is_not_open_is_not_quoted(status: TradingStatus) -> None:
    with pytest.raises(InstrumentHalted) as raised:
        lp_request(request_of(BUY, BASE, ONE), instrument_of(status=status), POLICY)
    assert raised.value.context["status"] == status


def test_amount_that_follows_from_the_price_has_limits_too() -> None:
    """500 units of base are within the limits; at 60,000 what they cost is not."""
    request = request_of(BUY, BASE, 500)
    with pytest.raises(AmountAboveMaximum):
        price_quote(request, NARROW, POLICY, lp_quote_of(BUY, 500, 30_000_000))


def test_sale_whose_proceeds_vanish_in_the_fee_is_too_small() -> None:
    request = request_of(SELL, BASE, 1)
    with pytest.raises(QuoteTooSmall):
        price_quote(request, instrument_of(), POLICY, lp_quote_of(SELL, 1, 1))


def test_purchase_below_one_lot_is_too_small() -> None:
    instrument = instrument_of(lot_units=ONE)
    request = request_of(BUY, QUOTE, 1_000 * ONE)
    units = lp_request(request, instrument, POLICY).units
    with pytest.raises(QuoteTooSmall):
        price_quote(request, instrument, POLICY, lp_quote_of(BUY, ONE // 60, units))


@pytest.mark.parametrize(
    ("side", "fixed", "off_units"),
    [
        (BUY, BASE, -1),  # would leave us short of what the customer bought
        (BUY, BASE, 200_000),
        (SELL, BASE, 1),  # would take more than the customer sells
        (SELL, BASE, -200_000),
        (BUY, QUOTE, 1),  # would cost more than the customer pays
        (BUY, QUOTE, -200_000),
        (SELL, QUOTE, -1),  # would bring less than the customer is owed
        (SELL, QUOTE, 200_000),
    ],
)
def test_lp_that_quotes_another_amount_is_refused(
    side: Side, fixed: FixedSide, off_units: int
) -> None:
    """One unit in the wrong direction, or more than the LP's grid in the right one."""
    request = request_of(side, fixed, ONE)
    asked = lp_request(request, instrument_of(), POLICY).units
    answered = asked + off_units
    pair = (answered, 60_000 * ONE) if fixed is BASE else (ONE, answered)
    with pytest.raises(LpQuoteMismatch):
        price_quote(request, instrument_of(), POLICY, lp_quote_of(side, *pair))


def test_lp_that_quotes_the_other_side_is_refused() -> None:
    with pytest.raises(LpQuoteMismatch):
        price_quote(
            request_of(BUY, BASE, ONE),
            instrument_of(),
            POLICY,
            lp_quote_of(SELL, ONE, 60_000 * ONE),
        )


@pytest.mark.parametrize(("lp_seconds", "expected_seconds"), [(10, 8), (60, 30), (3, 1)])
def test_quote_ends_before_the_lps_and_within_our_longest(
    lp_seconds: int, expected_seconds: int
) -> None:
    ends = expiry(
        NOW + timedelta(seconds=lp_seconds),
        NOW,
        margin=timedelta(seconds=2),
        max_validity=timedelta(seconds=30),
    )
    assert ends == NOW + timedelta(seconds=expected_seconds)


@pytest.mark.parametrize("lp_seconds", [-1, 0, 2])
def test_lp_quote_that_leaves_no_time_is_refused(lp_seconds: int) -> None:
    with pytest.raises(LpQuoteTooShort):
        expiry(
            NOW + timedelta(seconds=lp_seconds),
            NOW,
            margin=timedelta(seconds=2),
            max_validity=timedelta(seconds=30),
        )
