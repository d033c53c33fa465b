"""Whatever is converted, and whatever goes wrong: balances are the opening plus what executed."""

from contextlib import suppress
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from entrypoints.simulator.account import Account
from entrypoints.simulator.binance_convert.app import FAULTS
from entrypoints.simulator.binance_convert.catalog import ASSETS, DIRECTIONS
from entrypoints.simulator.clock import ManualClock
from entrypoints.simulator.conversions import Quote, QuoteBook, Side, price_terms
from entrypoints.simulator.decimals import places_of
from entrypoints.simulator.fault_catalog import CATALOG
from entrypoints.simulator.faults import FaultBook, Stage
from entrypoints.simulator.market import Market
from entrypoints.simulator.orders import NotAccepted, OrderBook
from entrypoints.simulator.vendor import Vendor
from tests.simulation.harness import CREDENTIALS, START_MS

EXECUTE_FAULTS = sorted(
    name
    for name in FAULTS
    if Stage.EXECUTE in CATALOG[name].stages and name != "balance_drop"  # it takes on purpose
)
PLACES = {asset: rule.fraction for asset, rule in ASSETS.items()}
amounts = st.integers(min_value=1, max_value=10**10).map(lambda units: Decimal(units).scaleb(-8))
conversions = st.tuples(
    st.sampled_from(DIRECTIONS),
    amounts,
    st.booleans(),
    st.none() | st.sampled_from(EXECUTE_FAULTS),
    st.integers(min_value=0, max_value=12_000),
)


def small_vendor(seed: int, opening: dict[str, Decimal]) -> Vendor:
    return Vendor(
        market=Market(seed),
        account=Account(opening),
        faults=FaultBook((CATALOG[name] for name in FAULTS), frozenset()),
        clock=ManualClock(START_MS),
        credentials=CREDENTIALS,
        rate_limits=False,
        journal=None,
    )


def quote_for(
    vendor: Vendor, pair: tuple[str, str], amount: Decimal, *, exact_in: bool, quote_id: str
) -> Quote:
    source = Side(pair[0], ASSETS[pair[0]].fraction, amount if exact_in else None)
    target = Side(pair[1], ASSETS[pair[1]].fraction, None if exact_in else amount)
    selling = vendor.market.find(*pair)
    instrument = selling or vendor.market.find(pair[1], pair[0])
    assert instrument is not None
    book = vendor.market.book(instrument, START_MS)
    terms = price_terms(source, target, book, sells_base=selling is not None)
    return Quote(quote_id=quote_id, terms=terms, valid_until_ms=START_MS + 10_000)


@given(seed=st.integers(), steps=st.lists(conversions, max_size=30))
def test_balances_are_the_opening_plus_what_was_executed(
    seed: int,
    steps: list[tuple[tuple[str, str], Decimal, bool, str | None, int]],
) -> None:
    opening = {"BTC": Decimal(1), "ETH": Decimal(10), "USDT": Decimal(50_000), "USDC": Decimal(0)}
    vendor = small_vendor(seed, opening)
    quotes, orders = QuoteBook(seed, row="quote"), OrderBook(vendor, row="order", places=PLACES)
    for number, (pair, amount, exact_in, fault, age_ms) in enumerate(steps):
        quote = quote_for(vendor, pair, amount, exact_in=exact_in, quote_id=str(number))
        state = quotes.add(quote)
        struck = {fault: vendor.faults.fault(fault, {})} if fault else {}
        for _ in range(2):
            with suppress(NotAccepted):
                orders.accept(state, struck, START_MS + age_ms)

    expected = dict(opening)
    for execution in vendor.executions:
        for leg in execution.legs:
            expected[leg.asset] += leg.amount
    balances = vendor.account.balances()
    assert balances == expected
    assert all(amount >= 0 for amount in balances.values())
    assert all(places_of(amount) <= 8 for amount in balances.values())
    executed = [execution.quote_id for execution in vendor.executions]
    assert len(executed) == len(set(executed))


@given(pair=st.sampled_from(DIRECTIONS), amount=amounts, exact_in=st.booleans(), seed=st.integers())
def test_side_asked_for_is_exact_and_the_other_within_half_a_unit(
    pair: tuple[str, str], amount: Decimal, exact_in: bool, seed: int
) -> None:
    vendor = small_vendor(seed, {})
    quote = quote_for(vendor, pair, amount, exact_in=exact_in, quote_id="q")
    terms = quote.terms
    assert (terms.from_amount if exact_in else terms.to_amount) == amount
    selling = vendor.market.find(*pair)
    instrument = selling or vendor.market.find(pair[1], pair[0])
    assert instrument is not None
    book = vendor.market.book(instrument, START_MS)
    half_unit = Decimal("0.000000005")
    if selling is not None:
        error = terms.from_amount * book.bid - terms.to_amount
        assert abs(error) <= (half_unit if exact_in else half_unit * book.bid)
    else:
        error = terms.to_amount * book.ask - terms.from_amount
        assert abs(error) <= (half_unit * book.ask if exact_in else half_unit)
