from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given

from domain.ledger.account import AccountKey
from domain.ledger.chart import CHART, AccountCode, BookSide
from domain.ledger.entry import HoldCapture, sums_by_asset
from domain.ledger.templates import (
    HouseTradeAccounts,
    ReportedFill,
    TradeAccounts,
    TradeAmounts,
    TradeAmountsInvalid,
    resolve,
    trade_filled,
    trade_mirror,
)
from domain.shared.money import UNITS_LIMIT
from domain.shared.side import Side
from tests.unit.domain.ledger.books import BTC, USDT, hold_id
from tests.unit.domain.ledger.trades import (
    HEADER,
    HOUSE_HEADER,
    HOUSE_KEYS,
    KEYS,
    MIRROR_OF,
    a_trade,
    ids_of,
    reports,
    trades,
    units_by,
)

IDS = ids_of(KEYS.values())
HOUSE_IDS = ids_of(HOUSE_KEYS.values())


def posted(amounts: TradeAmounts) -> dict[str, int]:
    transaction = trade_filled(
        HEADER, amounts, resolve(TradeAccounts, KEYS, IDS), hold_id=hold_id(1)
    )
    return units_by(transaction, IDS)


def mirrored(amounts: TradeAmounts, reported: ReportedFill) -> dict[str, int]:
    transaction = trade_mirror(
        HOUSE_HEADER,
        amounts,
        reported,
        resolve(HouseTradeAccounts, HOUSE_KEYS, HOUSE_IDS),
        mirror_of=MIRROR_OF,
    )
    assert all(units == 0 for units in sums_by_asset(transaction.entries).values())
    return units_by(transaction, HOUSE_IDS)


@given(amounts=trades(), reported=reports)
def test_clearing_entries_of_tenant_and_house_cancel_out(
    amounts: TradeAmounts, reported: ReportedFill
) -> None:
    tenant, house = posted(amounts), mirrored(amounts, reported)
    for asset in (BTC, USDT):
        pair = tenant.get(f"house_clearing:{asset}", 0), house.get(f"tenant_clearing:{asset}", 0)
        assert sum(pair) == 0, asset


@given(amounts=trades())
def test_customer_gets_exactly_what_was_agreed(amounts: TradeAmounts) -> None:
    tenant = posted(amounts)
    sign = 1 if amounts.side is Side.BUY else -1
    assert tenant["customer:BTC"] == sign * amounts.base_units
    assert tenant["customer:USDT"] == -sign * amounts.quote_units
    assert tenant.get("fee_revenue:USDT", 0) == amounts.fee_units
    assert tenant.get("tenant_spread_revenue:USDT", 0) == amounts.tenant_spread_units


@given(amounts=trades(), reported=reports)
def test_lp_is_booked_exactly_as_reported(amounts: TradeAmounts, reported: ReportedFill) -> None:
    house = mirrored(amounts, reported)
    sign = 1 if amounts.side is Side.BUY else -1
    assert house["lp_inventory:BTC"] == -sign * reported.base_units
    assert house["lp_inventory:USDT"] == sign * reported.quote_units


@given(amounts=trades(), reported=reports)
def test_what_the_house_earns_is_told_apart(amounts: TradeAmounts, reported: ReportedFill) -> None:
    house = mirrored(amounts, reported)
    as_quoted = ReportedFill(
        lp="alpha", base_units=amounts.lp_base_units, quote_units=amounts.lp_quote_units
    )
    quoted = mirrored(amounts, as_quoted)
    assert "trading_pnl:BTC" not in quoted
    assert "trading_pnl:USDT" not in quoted
    for account in ("platform_spread_revenue:USDT", "rounding:BTC", "rounding:USDT"):
        assert house.get(account, 0) == quoted.get(account, 0)
    assert house.get("platform_spread_revenue:USDT", 0) == amounts.platform_spread_units


@given(amounts=trades())
def test_lp_on_the_customers_own_grid_leaves_plain_rounding(amounts: TradeAmounts) -> None:
    on_grid = msgspec.structs.replace(
        amounts, lp_base_units=amounts.base_units, lp_quote_units=amounts.lp_units
    )
    assert on_grid.residue_base_units == 0
    assert on_grid.residue_quote_units == amounts.rounding_units


@pytest.mark.parametrize(
    ("side", "reported", "profit"),
    [
        (Side.BUY, (50, 2_499_990), {"trading_pnl:USDT": 10}),
        (Side.BUY, (49, 2_500_000), {"trading_pnl:BTC": -1}),
        (Side.SELL, (50, 2_499_990), {"trading_pnl:USDT": -10}),
        (Side.SELL, (49, 2_500_000), {"trading_pnl:BTC": 1}),
    ],
)
def test_lp_that_gives_more_or_takes_less_than_quoted_is_a_profit(
    side: Side, reported: tuple[int, int], profit: dict[str, int]
) -> None:
    base_units, quote_units = reported
    house = mirrored(
        a_trade(side), ReportedFill(lp="alpha", base_units=base_units, quote_units=quote_units)
    )
    assert {name: units for name, units in house.items() if "trading_pnl" in name} == profit


@pytest.mark.parametrize(("side", "paid"), [(Side.BUY, 2_508_751), (Side.SELL, 50)])
def test_orders_hold_ends_with_the_fill(side: Side, paid: int) -> None:
    transaction = trade_filled(
        HEADER, a_trade(side), resolve(TradeAccounts, KEYS, IDS), hold_id=hold_id(1)
    )
    assert transaction.captures == (HoldCapture(hold_id(1), paid, final=True),)


def test_nothing_earned_makes_no_entries() -> None:
    plain = a_trade(
        Side.BUY, platform_spread_units=0, rounding_units=0, tenant_spread_units=0, fee_units=0
    )
    assert posted(plain) == {
        "customer:USDT": -2_500_000,
        "house_clearing:USDT": 2_500_000,
        "house_clearing:BTC": -50,
        "customer:BTC": 50,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"base_units": 0},
        {"quote_units": 2_508_750},
        {"fee_units": -1, "quote_units": 2_507_500},
        {"rounding_units": -1, "quote_units": 2_508_749},
        {"lp_base_units": 0},
        {"lp_quote_units": UNITS_LIMIT},
    ],
)
def test_amounts_that_do_not_add_up_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(TradeAmountsInvalid):
        msgspec.structs.replace(a_trade(Side.BUY), **change)


def test_asset_is_not_traded_for_itself() -> None:
    with pytest.raises(TradeAmountsInvalid):
        msgspec.structs.replace(a_trade(Side.BUY), base=USDT)


@pytest.mark.parametrize("units", [0, UNITS_LIMIT])
def test_report_of_an_empty_leg_is_refused(units: int) -> None:
    with pytest.raises(TradeAmountsInvalid):
        ReportedFill(lp="alpha", base_units=5, quote_units=units)


@pytest.mark.parametrize(("keys", "side"), [(KEYS, BookSide.TENANT), (HOUSE_KEYS, BookSide.HOUSE)])
def test_template_keeps_to_one_side_of_the_books(
    keys: Mapping[str, AccountKey], side: BookSide
) -> None:
    assert {CHART[AccountCode(key.code)].side for key in keys.values()} == {side}
