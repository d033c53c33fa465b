"""Whatever is ordered, and whatever goes wrong: balances are the opening plus what executed."""

from contextlib import suppress
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from entrypoints.simulator.account import Account
from entrypoints.simulator.clock import ManualClock
from entrypoints.simulator.decimals import places_of
from entrypoints.simulator.fault_catalog import CATALOG
from entrypoints.simulator.faults import FaultBook, Stage
from entrypoints.simulator.luno.app import FAULTS
from entrypoints.simulator.luno.errors import VendorError
from entrypoints.simulator.luno.orders import Orders, Wanted
from entrypoints.simulator.market import Market
from entrypoints.simulator.vendor import Vendor
from tests.simulation.harness import CREDENTIALS, START_MS

EXECUTE_FAULTS = sorted(
    name
    for name in FAULTS
    if Stage.EXECUTE in CATALOG[name].stages and name != "balance_drop"  # it takes on purpose
)
orders = st.tuples(
    st.booleans(),
    st.integers(min_value=1, max_value=70_000_000).map(lambda units: Decimal(units).scaleb(-6)),
    st.integers(min_value=1_000_000, max_value=1_400_000).map(Decimal),
    st.none() | st.sampled_from(EXECUTE_FAULTS),
    st.integers(min_value=0, max_value=3),
)


@given(seed=st.integers(), steps=st.lists(orders, max_size=30))
def test_balances_are_the_opening_plus_what_was_executed(
    seed: int, steps: list[tuple[bool, Decimal, Decimal, str | None, int]]
) -> None:
    opening = {"BTC": Decimal(20), "ZAR": Decimal(20_000_000)}
    vendor = Vendor(
        market=Market(seed),
        account=Account(opening),
        faults=FaultBook((CATALOG[name] for name in FAULTS), frozenset()),
        clock=ManualClock(START_MS),
        credentials=CREDENTIALS,
        rate_limits=False,
        journal=None,
    )
    placed = Orders(vendor)
    for buys, volume, price, fault, ref in steps:
        wanted = Wanted(
            pair="XBTZAR",
            buys=buys,
            price=price,
            volume=volume,
            client_order_id=f"ord_{ref}",
            valid_until_ms=START_MS,
        )
        struck = {fault: vendor.faults.fault(fault, {})} if fault else {}
        with suppress(VendorError):
            order = placed.place(wanted, struck, START_MS)
            rate = order.counter - (price * order.base)
            assert rate <= Decimal("0.01") if buys else rate > Decimal("-0.01")

    expected = dict(opening)
    for execution in vendor.executions:
        for leg in execution.legs:
            expected[leg.asset] += leg.amount
    balances = vendor.account.balances()
    assert balances == expected
    assert all(amount >= 0 for amount in balances.values())
    assert places_of(balances["ZAR"]) <= 2
    refs = [execution.client_ref for execution in vendor.executions]
    assert len(refs) == len(set(refs))
