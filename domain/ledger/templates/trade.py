"""A filled order in the tenant's books, against what the house keeps for the tenant."""

from collections.abc import Mapping

import msgspec

from ...shared.ids import AccountId, HoldId
from ...shared.money import AssetCode
from ...shared.side import Side
from ..account import AccountKey
from ..chart import AccountCode
from ..entry import HoldCapture, JournalTransaction
from .legs import Header, Leg, credit, debit, journal
from .trade_amounts import TradeAmounts


class TradeAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """The revenue accounts are those in the quote asset."""

    customer_base: AccountId
    customer_quote: AccountId
    house_clearing_base: AccountId
    house_clearing_quote: AccountId
    fee_revenue: AccountId
    tenant_spread_revenue: AccountId

    @staticmethod
    def keys(*, customer: str, base: AssetCode, quote: AssetCode) -> Mapping[str, AccountKey]:
        return {
            "customer_base": AccountKey(AccountCode.CUSTOMER, base, customer),
            "customer_quote": AccountKey(AccountCode.CUSTOMER, quote, customer),
            "house_clearing_base": AccountKey(AccountCode.HOUSE_CLEARING, base),
            "house_clearing_quote": AccountKey(AccountCode.HOUSE_CLEARING, quote),
            "fee_revenue": AccountKey(AccountCode.FEE_REVENUE, quote),
            "tenant_spread_revenue": AccountKey(AccountCode.TENANT_SPREAD_REVENUE, quote),
        }


def trade_filled(
    header: Header, amounts: TradeAmounts, accounts: TradeAccounts, *, hold_id: HoldId
) -> JournalTransaction:
    """Books the fill as agreed and spends the order's hold, giving back what it held too much."""
    buying = amounts.side is Side.BUY
    paid = amounts.quote_units if buying else amounts.base_units
    return journal(
        header,
        "trade_filled",
        _bought(amounts, accounts) if buying else _sold(amounts, accounts),
        captures=(HoldCapture(hold_id, paid, final=True),),
    )


def _bought(amounts: TradeAmounts, to: TradeAccounts) -> tuple[Leg, ...]:
    base, quote = amounts.base, amounts.quote
    return (
        debit(to.customer_quote, quote, amounts.quote_units),
        credit(to.house_clearing_quote, quote, amounts.house_quote_units),
        credit(to.tenant_spread_revenue, quote, amounts.tenant_spread_units),
        credit(to.fee_revenue, quote, amounts.fee_units),
        debit(to.house_clearing_base, base, amounts.base_units),
        credit(to.customer_base, base, amounts.base_units),
    )


def _sold(amounts: TradeAmounts, to: TradeAccounts) -> tuple[Leg, ...]:
    base, quote = amounts.base, amounts.quote
    return (
        debit(to.customer_base, base, amounts.base_units),
        credit(to.house_clearing_base, base, amounts.base_units),
        debit(to.house_clearing_quote, quote, amounts.house_quote_units),
        credit(to.tenant_spread_revenue, quote, amounts.tenant_spread_units),
        credit(to.fee_revenue, quote, amounts.fee_units),
        credit(to.customer_quote, quote, amounts.quote_units),
    )
