from datetime import datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.liquidity.quote import LpName
from domain.liquidity.routing import RoutingPolicy
from domain.orders.repricing import (
    ATTEMPTS_MAX,
    REPRICE_MARGIN,
    NoReprice,
    client_ref_of,
    house_quote_units,
    may_reprice,
    next_lp,
    refusal,
    reprice_request,
)
from domain.quotes.pricing import lp_request, price_quote
from domain.quotes.quote import Quote
from domain.shared.ids import IdPrefix, encode_id
from domain.shared.side import FixedSide, Side
from tests.unit.domain.builders import (
    NOW,
    ORDER_ID,
    POLICY,
    instrument_of,
    lp_quote_of,
    open_quote,
    quote_of,
    request_of,
)

A, B, C = LpName("a"), LpName("b"), LpName("c")
BASE: Final = 50_000_000
PART: Final = {side: house_quote_units(open_quote(side)) for side in Side}
EXPIRES_AT: Final = open_quote().expires_at
LATEST: Final = EXPIRES_AT - REPRICE_MARGIN
TICK: Final = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("side", "base_units", "quote_units", "expected"),
    [
        (Side.BUY, BASE, PART[Side.BUY], None),
        (Side.BUY, BASE, PART[Side.BUY] + 1, NoReprice.BEYOND_ACCEPTED_PRICE),
        (Side.BUY, BASE - 1, 1, NoReprice.BASE_NOT_COVERED),
        (Side.BUY, BASE + 1, PART[Side.BUY], None),
        (Side.SELL, BASE, PART[Side.SELL], None),
        (Side.SELL, BASE, PART[Side.SELL] - 1, NoReprice.BEYOND_ACCEPTED_PRICE),
        (Side.SELL, BASE + 1, 10**20, NoReprice.BASE_NOT_COVERED),
        (Side.SELL, BASE - 1, PART[Side.SELL], None),
    ],
)
def test_offer_stands_in_exactly_when_the_house_loses_nothing(
    side: Side, base_units: int, quote_units: int, expected: NoReprice | None
) -> None:
    offer = lp_quote_of(side, base_units, quote_units)
    assert refusal(open_quote(side), offer, now=NOW) is expected


def test_offer_of_the_other_side_or_expired_is_refused() -> None:
    offer = lp_quote_of(Side.SELL, BASE, PART[Side.SELL])
    assert refusal(open_quote(Side.BUY), offer, now=NOW) is NoReprice.OTHER_SIDE
    assert refusal(open_quote(Side.SELL), offer, now=offer.expires_at) is NoReprice.EXPIRED


def test_house_part_is_what_lies_between_the_customer_and_the_lp_without_the_tenants() -> None:
    for side, sign in ((Side.BUY, 1), (Side.SELL, -1)):
        quote = open_quote(side)
        parts = quote.breakdown
        tenants = parts.tenant_spread_units + parts.fee_units
        assert house_quote_units(quote) == quote.quote_units - sign * tenants


@pytest.mark.parametrize(
    ("attempts", "now", "answer_by", "expected"),
    [
        (1, NOW, EXPIRES_AT, True),
        (1, LATEST, EXPIRES_AT, True),
        (1, LATEST + TICK, EXPIRES_AT, False),
        (1, NOW, NOW + REPRICE_MARGIN, True),
        (1, NOW + TICK, NOW + REPRICE_MARGIN, False),
        (ATTEMPTS_MAX, NOW, EXPIRES_AT, False),
    ],
)
def test_second_attempt_needs_time_before_both_ends(
    attempts: int, now: datetime, answer_by: datetime, expected: bool
) -> None:
    quote = open_quote()
    assert may_reprice(quote, attempts=attempts, now=now, answer_by=answer_by) is expected


def test_next_lp_is_the_first_in_line_that_was_not_tried() -> None:
    policy = RoutingPolicy(A, (B, C))
    assert next_lp(policy, tried={A}, unreachable=set()) == B
    assert next_lp(policy, tried={B}, unreachable=set()) == A
    assert next_lp(policy, tried={A}, unreachable={B}) == C
    assert next_lp(policy, tried={A}, unreachable={B, C}) is None
    assert next_lp(None, tried={A}, unreachable=set()) is None


def test_reference_of_the_second_attempt_fits_every_vendor() -> None:
    first = encode_id(IdPrefix.ORDER, ORDER_ID)
    second = client_ref_of(first, 2)
    assert client_ref_of(first, 1) == first
    assert second != first
    assert len(second) <= 32  # the shortest length any vendor allows
    assert set(second) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


@given(
    side=st.sampled_from(Side),
    fixed=st.sampled_from(FixedSide),
    price=st.integers(10_000, 100_000),
    moved=st.integers(-30_000, 30_000),
    base_off=st.integers(-10, 10),
)
def test_house_never_pays_out_more_than_it_gets(
    side: Side, fixed: FixedSide, price: int, moved: int, base_off: int
) -> None:
    quote = _priced(side, fixed, price)
    offer = lp_quote_of(
        side,
        quote.base_units + base_off,
        quote.lp_quote_units * (1_000_000 + moved) // 1_000_000,
    )
    if refusal(quote, offer, now=NOW) is not None:
        return
    part = house_quote_units(quote)
    sign = 1 if side is Side.BUY else -1
    assert sign * (offer.base_units - quote.base_units) >= 0
    assert sign * (part - offer.quote_units) >= 0


@pytest.mark.parametrize("side", Side)
def test_fixed_side_stays_fixed(side: Side) -> None:
    by_base = reprice_request(_priced(side, FixedSide.BASE, 60_000), instrument_of())
    assert (by_base.fixed, by_base.units) == (FixedSide.BASE, BASE)
    quote = _priced(side, FixedSide.QUOTE, 60_000)
    by_quote = reprice_request(quote, instrument_of())
    assert (by_quote.fixed, by_quote.units) == (FixedSide.QUOTE, house_quote_units(quote))


def _priced(side: Side, fixed: FixedSide, price: int) -> Quote:
    """Half a bitcoin, or about as much by its price."""
    request = request_of(side, fixed, BASE if fixed is FixedSide.BASE else price * BASE)
    asked = lp_request(request, instrument_of(), POLICY).units
    legs = (asked, asked * price) if fixed is FixedSide.BASE else (asked // price, asked)
    lp_quote = lp_quote_of(side, *legs)
    return replace(
        quote_of(request, lp_quote, price_quote(request, instrument_of(), POLICY, lp_quote)),
        fixed=fixed,
    )
