"""A fee by itself. The fee of a trade is part of the trade."""

from collections.abc import Mapping

import msgspec

from ...shared.ids import AccountId
from ...shared.money import AssetCode
from ..account import AccountKey
from ..chart import AccountCode
from ..entry import JournalTransaction
from .legs import Header, credit, debit, journal, require_positive


class FeeAccounts(msgspec.Struct, frozen=True, kw_only=True):
    customer: AccountId
    fee_revenue: AccountId

    @staticmethod
    def keys(*, customer: str, asset: AssetCode) -> Mapping[str, AccountKey]:
        return {
            "customer": AccountKey(AccountCode.CUSTOMER, asset, customer),
            "fee_revenue": AccountKey(AccountCode.FEE_REVENUE, asset),
        }


def fee_charged(
    header: Header, asset: AssetCode, units: int, accounts: FeeAccounts
) -> JournalTransaction:
    require_positive(units)
    legs = (debit(accounts.customer, asset, units), credit(accounts.fee_revenue, asset, units))
    return journal(header, "fee_charged", legs)
