"""Trades of any size whose parts add up, for Hypothesis; and the accounts they are posted to."""

from collections.abc import Iterable
from uuid import UUID

from hypothesis import strategies as st

from domain.ledger.account import AccountKey
from domain.ledger.chart import AccountCode
from domain.ledger.entry import JournalTransaction, MirrorOf
from domain.ledger.templates import (
    Header,
    HouseTradeAccounts,
    ReportedFill,
    TradeAccounts,
    TradeAmounts,
)
from domain.shared.ids import AccountId, TenantId
from domain.shared.side import Side
from tests.unit.domain.ledger.books import BTC, TODAY, USDT, transaction_id

HEADER = Header(transaction_id(1), "ord_1", TODAY)
HOUSE_HEADER = Header(transaction_id(2), "ord_1", TODAY)
MIRROR_OF = MirrorOf(TenantId(UUID(int=7)), HEADER.transaction_id)
KEYS = TradeAccounts.keys(customer="cus_1", base=BTC, quote=USDT)
HOUSE_KEYS = HouseTradeAccounts.keys(
    tenant="ten_00000000000000000000000007",
    lp="alpha",
    lp_account=AccountCode.LP_INVENTORY,
    base=BTC,
    quote=USDT,
)
LARGE = 10**27


def ids_of(keys: Iterable[AccountKey]) -> dict[AccountKey, AccountId]:
    return {key: AccountId(UUID(int=number)) for number, key in enumerate(keys, start=1)}


def units_by(transaction: JournalTransaction, ids: dict[AccountKey, AccountId]) -> dict[str, int]:
    """What each account gets, as `code:asset`; accounts without an entry are left out."""
    names = {account_id: f"{key.code}:{key.asset}" for key, account_id in ids.items()}
    return {names[entry.account_id]: entry.units for entry in transaction.entries}


@st.composite
def trades(draw: st.DrawFn) -> TradeAmounts:
    parts = st.integers(0, LARGE)
    side = draw(st.sampled_from(Side))
    shares = [draw(parts) for _ in range(4)]
    if side is Side.BUY:
        lp_units = draw(st.integers(1, LARGE))
        quote_units = lp_units + sum(shares)
    else:
        quote_units = draw(st.integers(1, LARGE))
        lp_units = quote_units + sum(shares)
    return TradeAmounts(
        side=side,
        base=BTC,
        quote=USDT,
        base_units=draw(st.integers(1, LARGE)),
        quote_units=quote_units,
        lp_units=lp_units,
        platform_spread_units=shares[0],
        rounding_units=shares[1],
        tenant_spread_units=shares[2],
        fee_units=shares[3],
        lp_base_units=draw(st.integers(1, LARGE)),
        lp_quote_units=draw(st.integers(1, LARGE)),
    )


reports = st.builds(
    ReportedFill,
    lp=st.just("alpha"),
    base_units=st.integers(1, LARGE),
    quote_units=st.integers(1, LARGE),
)


def a_trade(side: Side, **changes: int) -> TradeAmounts:
    """0.5 BTC at a little over 50,000 USDT; the LP quotes exactly the customer's base amount."""
    sign = 1 if side is Side.BUY else -1
    parts = {"platform_spread_units": 2_500, "rounding_units": 1}
    parts |= {"tenant_spread_units": 5_000, "fee_units": 1_250, "lp_units": 2_500_000}
    parts |= {name: units for name, units in changes.items() if name in parts}
    shares = sum(units for name, units in parts.items() if name != "lp_units")
    legs = {"base_units": 50, "lp_base_units": 50, "lp_quote_units": parts["lp_units"]}
    legs |= {"quote_units": parts["lp_units"] + sign * shares}
    legs |= {name: units for name, units in changes.items() if name in legs}
    return TradeAmounts(side=side, base=BTC, quote=USDT, **parts, **legs)
