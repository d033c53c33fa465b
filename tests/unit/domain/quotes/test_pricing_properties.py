"""The promises of `domain.quotes.pricing` over arbitrary scales, grids, lots, ticks and shares."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from hypothesis import assume, event, given
from hypothesis import strategies as st

from domain.assets.asset import Asset, AssetKind
from domain.assets.instrument import Instrument
from domain.liquidity.quote import LpQuote, LpQuoteRequest
from domain.quotes.limits import AmountAboveMaximum, QuoteTooSmall
from domain.quotes.pricing import LpQuoteMismatch, Pricing, QuoteRequest, lp_request, price_quote
from domain.shared.money import PPM, AssetCode, Rounding, divide
from domain.shared.price import PriceInvalid
from domain.shared.side import FixedSide, Side
from domain.tenants.tenant import SHARE_PPM_MAX, PricingPolicy
from tests.unit.domain.builders import instrument_of, lp_quote_of, quote_of, request_of


class Case(NamedTuple):
    request: QuoteRequest
    instrument: Instrument
    policy: PricingPolicy
    lp_quote: LpQuote
    asked: LpQuoteRequest


@st.composite
def instruments(draw: st.DrawFn) -> Instrument:
    base_scale = draw(st.sampled_from([0, 2, 8, 18]))
    quote_scale = draw(st.sampled_from([0, 2, 8]))
    return instrument_of(
        Asset(code=AssetCode("AAA"), scale=base_scale, kind=AssetKind.CRYPTO, name="a"),
        Asset(code=AssetCode("BBB"), scale=quote_scale, kind=AssetKind.FIAT, name="b"),
        tick=draw(st.sampled_from(["0.01", "0.05", "1", "0.000001"])),
        lot_units=draw(st.sampled_from([1, 5, 100, 10_000])),
    )


shares = st.one_of(st.just(0), st.integers(0, 20_000), st.integers(0, SHARE_PPM_MAX))
policies = st.builds(
    PricingPolicy, platform_spread_ppm=shares, tenant_spread_ppm=shares, fee_ppm=shares
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A request and an LP that answers it on grids of its own, rounding however it likes."""
    instrument, policy = draw(instruments()), draw(policies)
    side, fixed = draw(st.sampled_from(Side)), draw(st.sampled_from(FixedSide))
    units = draw(st.integers(1, 10**20))
    if fixed is FixedSide.BASE:
        units *= instrument.lot_units
    request = request_of(side, fixed, units)
    try:
        asked = lp_request(request, instrument, policy)
    except QuoteTooSmall:
        assume(False)
    return Case(request, instrument, policy, draw(answers(asked)), asked)


@st.composite
def answers(draw: st.DrawFn, asked: LpQuoteRequest) -> LpQuote:
    instrument = asked.instrument
    rate = draw(st.fractions(Fraction(1, 100), 1_000_000, max_denominator=10**6))
    quote_per_base = rate * Fraction(10**instrument.quote.scale, 10**instrument.base.scale)
    fixed_base = asked.fixed is FixedSide.BASE
    fixed_grid, other_grid = (draw(st.sampled_from([1, 1, 10, 1_000])) for _ in range(2))
    # Away from us on its own grid, as an LP that covers the request has to.
    up = fixed_base == (asked.side is Side.BUY)
    fixed_units = on_grid(asked.units, fixed_grid, Rounding.UP if up else Rounding.DOWN)
    exact = fixed_units * quote_per_base if fixed_base else fixed_units / quote_per_base
    other_units = on_grid(exact, other_grid, draw(st.sampled_from(Rounding)))
    assume(fixed_units > 0 and 0 < other_units < 10**30)
    pair = (fixed_units, other_units) if fixed_base else (other_units, fixed_units)
    return lp_quote_of(asked.side, *pair)


def on_grid(units: Fraction | int, grid: int, rounding: Rounding) -> int:
    exact = Fraction(units)
    return divide(exact.numerator, exact.denominator * grid, rounding=rounding) * grid


def priced(case: Case) -> Pricing:
    try:
        return price_quote(case.request, case.instrument, case.policy, case.lp_quote)
    except (AmountAboveMaximum, QuoteTooSmall, LpQuoteMismatch, PriceInvalid) as refusal:
        event(f"refused: {refusal.code}")
        assume(False)
        raise


def unit_price(case: Case, value: Decimal) -> Fraction:
    """A price in quote units per base unit."""
    instrument = case.instrument
    return Fraction(value) * Fraction(10**instrument.quote.scale, 10**instrument.base.scale)


def lp_ratio(case: Case) -> Fraction:
    return Fraction(case.lp_quote.quote_units, case.lp_quote.base_units)


def between(case: Case, pricing: Pricing) -> int:
    """The amount between spread and fee."""
    fee_units = pricing.fee_units
    return pricing.quote_units + (-fee_units if case.request.side is Side.BUY else fee_units)


@given(case=cases())
def test_fixed_amount_stays_exact_and_the_other_on_its_grid(case: Case) -> None:
    pricing = priced(case)
    fixed_base = case.request.fixed is FixedSide.BASE
    fixed_units = pricing.base_units if fixed_base else pricing.quote_units
    assert fixed_units == case.request.units
    assert pricing.base_units % case.instrument.lot_units == 0
    assert pricing.base_units > 0
    assert pricing.quote_units > 0
    # Building the quote runs its own checks: the breakdown adds up, inventory is not negative.
    quote_of(case.request, case.lp_quote, pricing)


@given(case=cases())
def test_price_carries_both_spreads_and_rounds_one_tick_at_most(case: Case) -> None:
    pricing = priced(case)
    price = unit_price(case, pricing.price.value)
    tick = unit_price(case, case.instrument.tick)
    spread = Fraction(case.policy.spread_ppm, PPM)
    assert Fraction(pricing.price.value) % Fraction(case.instrument.tick) == 0
    if case.request.side is Side.BUY:
        assert 0 <= price - lp_ratio(case) * (1 + spread) < tick
    else:
        assert 0 <= lp_ratio(case) * (1 - spread) - price < tick


@given(case=cases())
def test_customer_never_trades_better_than_the_price(case: Case) -> None:
    pricing = priced(case)
    at_price = pricing.base_units * unit_price(case, pricing.price.value)
    off = between(case, pricing) - at_price
    worse = off if case.request.side is Side.BUY else -off
    assert worse >= 0
    if case.request.fixed is FixedSide.BASE:
        assert worse < 1


@given(case=cases())
def test_fee_is_the_least_that_covers_its_share(case: Case) -> None:
    pricing = priced(case)
    fee_ppm, fee_units = case.policy.fee_ppm, pricing.fee_units
    net_units = between(case, pricing)
    assert fee_units * PPM >= net_units * fee_ppm
    if case.request.side is Side.BUY and case.request.fixed is FixedSide.QUOTE:
        # One unit less of fee would be one more of net, which needs more fee than that.
        assert fee_units == 0 or (fee_units - 1) * PPM < (net_units + 1) * fee_ppm
    else:
        assert fee_units == 0 or (fee_units - 1) * PPM < net_units * fee_ppm


@given(case=cases())
def test_house_never_loses_by_rounding(case: Case) -> None:
    """Its money after both legs, with what is left in base asset at the LP's own ratio."""
    pricing = priced(case)
    sign = 1 if case.request.side is Side.BUY else -1
    breakdown, lp_quote = pricing.breakdown, case.lp_quote
    residue_base_units = sign * (lp_quote.base_units - pricing.base_units)
    money = breakdown.rounding_units + sign * (breakdown.lp_units - lp_quote.quote_units)
    assert residue_base_units >= 0
    assert money + residue_base_units * lp_ratio(case) >= 0


@given(case=cases())
def test_rounding_residue_stays_within_its_bound(case: Case) -> None:
    pricing = priced(case)
    tick = unit_price(case, case.instrument.tick)
    bound = pricing.base_units * tick + 5
    if case.request.fixed is FixedSide.QUOTE:
        bound += case.instrument.lot_units * (unit_price(case, pricing.price.value) + tick)
        bound += 2 * abs(case.lp_quote.quote_units - case.asked.units)
    assert 0 <= pricing.breakdown.rounding_units <= bound


@given(case=cases())
def test_parts_are_the_shares_they_say(case: Case) -> None:
    pricing = priced(case)
    breakdown, policy = pricing.breakdown, case.policy
    worth = pricing.base_units * lp_ratio(case)
    assert 0 <= worth - breakdown.lp_units < 1
    assert breakdown.platform_spread_units == breakdown.lp_units * policy.platform_spread_ppm // PPM
    assert breakdown.tenant_spread_units == breakdown.lp_units * policy.tenant_spread_ppm // PPM
    assert breakdown.total(case.request.side) == pricing.quote_units


@given(
    side=st.sampled_from(Side),
    units=st.integers(1, 10**20),
    policy=policies,
)
def test_request_to_the_lp_leaves_room_for_spread_and_fee(
    side: Side, units: int, policy: PricingPolicy
) -> None:
    """The least a seller's LP must bring, the most a buyer's LP may take."""
    request = request_of(side, FixedSide.QUOTE, units)
    try:
        asked = lp_request(request, instrument_of(), policy).units
    except QuoteTooSmall:
        assume(False)
    fee, spread = Fraction(policy.fee_ppm, PPM), Fraction(policy.spread_ppm, PPM)
    if side is Side.BUY:
        assert asked * (1 + spread) * (1 + fee) <= units
    else:
        assert asked * (1 - spread) * (1 - fee) >= units
