"""The owners' money, placed with an LP so that the house can trade."""

from collections.abc import Mapping

import msgspec

from ...shared.ids import AccountId
from ...shared.money import AssetCode
from ..account import AccountKey
from ..chart import AccountCode
from ..entry import JournalTransaction
from .legs import Header, credit, debit, journal, require_positive


class CapitalAccounts(msgspec.Struct, frozen=True, kw_only=True):
    lp_inventory: AccountId
    capital: AccountId

    @staticmethod
    def keys(*, lp: str, asset: AssetCode) -> Mapping[str, AccountKey]:
        return {
            "lp_inventory": AccountKey(AccountCode.LP_INVENTORY, asset, lp),
            "capital": AccountKey(AccountCode.CAPITAL, asset),
        }


def capital_paid_in(
    header: Header, asset: AssetCode, units: int, accounts: CapitalAccounts
) -> JournalTransaction:
    require_positive(units)
    legs = (debit(accounts.lp_inventory, asset, units), credit(accounts.capital, asset, units))
    return journal(header, "capital_paid_in", legs)
