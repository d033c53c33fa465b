"""The chart of accounts: every kind of account there is, on both sides of the clearing.

A tenant's books say whom the money belongs to; the house's books say where it is. The two meet in a
pair of clearing accounts per tenant and asset that must always cancel each other out.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

import msgspec


class AccountType(StrEnum):
    """Assets and expenses grow by debits, the other three by credits."""

    normal_sign: int
    """+1 where a credit grows the balance, -1 where a debit does."""

    def __new__(cls, value: str, normal_sign: int) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.normal_sign = normal_sign
        return member

    ASSET = "asset", -1
    LIABILITY = "liability", 1
    INCOME = "income", 1
    EXPENSE = "expense", -1
    EQUITY = "equity", 1


class BookSide(StrEnum):
    """Whose books an account is kept in: a tenant's, or those of the house tenant."""

    TENANT = "tenant"
    HOUSE = "house"


class AccountOwner(StrEnum):
    """What `AccountKey.owner` names; with `NONE` there is one account of the kind per asset."""

    NONE = "none"
    CUSTOMER = "customer"
    TENANT = "tenant"
    LP = "lp"


class AccountCode(StrEnum):
    CUSTOMER = "customer"
    HOUSE_CLEARING = "house_clearing"
    FEE_REVENUE = "fee_revenue"
    TENANT_SPREAD_REVENUE = "tenant_spread_revenue"

    TENANT_CLEARING = "tenant_clearing"
    LP_INVENTORY = "lp_inventory"
    LP_SETTLEMENT = "lp_settlement"
    CUSTODY = "custody"
    NETWORK_FEES = "network_fees"
    PLATFORM_SPREAD_REVENUE = "platform_spread_revenue"
    ROUNDING = "rounding"
    TRADING_PNL = "trading_pnl"
    CAPITAL = "capital"
    SUSPENSE = "suspense"
    RECONCILIATION_LOSS = "reconciliation_loss"


class ChartLine(msgspec.Struct, frozen=True, kw_only=True):
    """`floor_units` is what a new account of this kind starts with; None makes it deferred."""

    side: BookSide
    type: AccountType
    owner: AccountOwner
    floor_units: int | None
    description: str


def _line(
    side: BookSide,
    type_: AccountType,
    description: str,
    *,
    owner: AccountOwner = AccountOwner.NONE,
    floor_units: int | None = None,
) -> ChartLine:
    return ChartLine(
        side=side, type=type_, owner=owner, floor_units=floor_units, description=description
    )


CHART: Final[Mapping[AccountCode, ChartLine]] = MappingProxyType(
    {
        AccountCode.CUSTOMER: _line(
            BookSide.TENANT,
            AccountType.LIABILITY,
            "What the tenant owes one of its customers. Never below zero, holds included.",
            owner=AccountOwner.CUSTOMER,
            floor_units=0,
        ),
        AccountCode.HOUSE_CLEARING: _line(
            BookSide.TENANT,
            AccountType.ASSET,
            "What the house keeps for the tenant: everything its customers own and it earned.",
        ),
        AccountCode.FEE_REVENUE: _line(
            BookSide.TENANT, AccountType.INCOME, "Fees the tenant charges its customers."
        ),
        AccountCode.TENANT_SPREAD_REVENUE: _line(
            BookSide.TENANT, AccountType.INCOME, "The tenant's share of the price of a trade."
        ),
        AccountCode.TENANT_CLEARING: _line(
            BookSide.HOUSE,
            AccountType.LIABILITY,
            "What the house owes a tenant: the other end of that tenant's house_clearing.",
            owner=AccountOwner.TENANT,
        ),
        AccountCode.LP_INVENTORY: _line(
            BookSide.HOUSE,
            AccountType.ASSET,
            "What lies with a liquidity provider, as it reported it; below zero is owed to it.",
            owner=AccountOwner.LP,
        ),
        AccountCode.LP_SETTLEMENT: _line(
            BookSide.HOUSE,
            AccountType.ASSET,
            "What a provider that settles after the trade owes; below zero is owed to it.",
            owner=AccountOwner.LP,
        ),
        AccountCode.CUSTODY: _line(
            BookSide.HOUSE,
            AccountType.ASSET,
            "What lies with custodians and banks, where deposits arrive.",
        ),
        AccountCode.NETWORK_FEES: _line(
            BookSide.HOUSE,
            AccountType.EXPENSE,
            "What networks and rails took for sending, less what was charged for it.",
        ),
        AccountCode.PLATFORM_SPREAD_REVENUE: _line(
            BookSide.HOUSE, AccountType.INCOME, "The platform's share of the price of a trade."
        ),
        AccountCode.ROUNDING: _line(
            BookSide.HOUSE,
            AccountType.INCOME,
            "What rounding a price or an amount left over, in favour of the house or against it.",
        ),
        AccountCode.TRADING_PNL: _line(
            BookSide.HOUSE,
            AccountType.INCOME,
            "The difference between what an LP quoted and what it then reported.",
        ),
        AccountCode.CAPITAL: _line(
            BookSide.HOUSE, AccountType.EQUITY, "The owners' money the house trades with."
        ),
        AccountCode.SUSPENSE: _line(
            BookSide.HOUSE,
            AccountType.LIABILITY,
            "What a reconciliation adjusted, until somebody knows what it was. Ends at zero.",
        ),
        AccountCode.RECONCILIATION_LOSS: _line(
            BookSide.HOUSE,
            AccountType.EXPENSE,
            "What two operators gave up looking for; a credit is a gain.",
        ),
    }
)

# Where trades with an LP stand: it holds money for us, or settles after the trade.
LP_ACCOUNTS: Final = frozenset({AccountCode.LP_INVENTORY, AccountCode.LP_SETTLEMENT})
