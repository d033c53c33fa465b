"""A filled order in the house's books: the LP's leg as reported, the tenant's as agreed.

Three differences are kept apart: what the platform earned by its spread; what grids and rounding
left over, in the base asset and, less what that cost, in the quote asset; and what the LP reported
other than it had quoted, which is trading profit or loss.
"""

from collections.abc import Mapping

import msgspec

from ...shared.ids import AccountId
from ...shared.money import AssetCode
from ...shared.side import Side
from ..account import AccountKey
from ..chart import AccountCode
from ..entry import JournalTransaction, MirrorOf
from .legs import Header, Leg, credit, debit, journal
from .trade_amounts import ReportedFill, TradeAmounts


class HouseTradeAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """`tenant_clearing` are the tenant's own accounts, `lp_base` and `lp_quote` the LP's."""

    tenant_clearing_base: AccountId
    tenant_clearing_quote: AccountId
    lp_base: AccountId
    lp_quote: AccountId
    platform_spread_revenue: AccountId
    rounding_base: AccountId
    rounding_quote: AccountId
    trading_pnl_base: AccountId
    trading_pnl_quote: AccountId

    @staticmethod
    def keys(
        *, tenant: str, lp: str, lp_account: AccountCode, base: AssetCode, quote: AssetCode
    ) -> Mapping[str, AccountKey]:
        return {
            "tenant_clearing_base": AccountKey(AccountCode.TENANT_CLEARING, base, tenant),
            "tenant_clearing_quote": AccountKey(AccountCode.TENANT_CLEARING, quote, tenant),
            "lp_base": AccountKey(lp_account, base, lp),
            "lp_quote": AccountKey(lp_account, quote, lp),
            "platform_spread_revenue": AccountKey(AccountCode.PLATFORM_SPREAD_REVENUE, quote),
            "rounding_base": AccountKey(AccountCode.ROUNDING, base),
            "rounding_quote": AccountKey(AccountCode.ROUNDING, quote),
            "trading_pnl_base": AccountKey(AccountCode.TRADING_PNL, base),
            "trading_pnl_quote": AccountKey(AccountCode.TRADING_PNL, quote),
        }


def trade_mirror(
    header: Header,
    amounts: TradeAmounts,
    reported: ReportedFill,
    accounts: HouseTradeAccounts,
    *,
    mirror_of: MirrorOf,
) -> JournalTransaction:
    """Answers a tenant's `trade_filled`."""
    bought = amounts.side is Side.BUY
    legs = _bought(amounts, reported, accounts) if bought else _sold(amounts, reported, accounts)
    return journal(header, "trade_mirror", legs, mirror_of=mirror_of)


def _bought(
    amounts: TradeAmounts, reported: ReportedFill, to: HouseTradeAccounts
) -> tuple[Leg, ...]:
    base, quote = amounts.base, amounts.quote
    return (
        debit(to.tenant_clearing_quote, quote, amounts.house_quote_units),
        credit(to.lp_quote, quote, reported.quote_units),
        credit(to.platform_spread_revenue, quote, amounts.platform_spread_units),
        credit(to.rounding_quote, quote, amounts.residue_quote_units),
        # The LP took less than it quoted: a profit.
        credit(to.trading_pnl_quote, quote, amounts.lp_quote_units - reported.quote_units),
        debit(to.lp_base, base, reported.base_units),
        credit(to.tenant_clearing_base, base, amounts.base_units),
        credit(to.rounding_base, base, amounts.residue_base_units),
        # The LP gave more than it quoted: a profit.
        credit(to.trading_pnl_base, base, reported.base_units - amounts.lp_base_units),
    )


def _sold(amounts: TradeAmounts, reported: ReportedFill, to: HouseTradeAccounts) -> tuple[Leg, ...]:
    base, quote = amounts.base, amounts.quote
    return (
        debit(to.tenant_clearing_base, base, amounts.base_units),
        credit(to.lp_base, base, reported.base_units),
        credit(to.rounding_base, base, amounts.residue_base_units),
        # The LP took less than it quoted: a profit.
        credit(to.trading_pnl_base, base, amounts.lp_base_units - reported.base_units),
        debit(to.lp_quote, quote, reported.quote_units),
        credit(to.tenant_clearing_quote, quote, amounts.house_quote_units),
        credit(to.platform_spread_revenue, quote, amounts.platform_spread_units),
        credit(to.rounding_quote, quote, amounts.residue_quote_units),
        # The LP gave more than it quoted: a profit.
        credit(to.trading_pnl_quote, quote, reported.quote_units - amounts.lp_quote_units),
    )
