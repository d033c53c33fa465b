"""Money that goes to an LP or comes back from one, without a trade: settled, or placed there."""

from collections.abc import Mapping

import msgspec

from ...shared.ids import AccountId
from ...shared.money import AssetCode
from ..account import AccountKey
from ..chart import AccountCode
from ..entry import JournalTransaction
from .legs import Header, credit, debit, journal, require_positive


class LpPaymentAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """`lp` is the LP's account: `lp_settlement` of one that settles later, else `lp_inventory`."""

    lp: AccountId
    custody: AccountId

    @staticmethod
    def keys(*, lp: str, lp_account: AccountCode, asset: AssetCode) -> Mapping[str, AccountKey]:
        return {
            "lp": AccountKey(lp_account, asset, lp),
            "custody": AccountKey(AccountCode.CUSTODY, asset),
        }


def lp_settlement_paid(
    header: Header, asset: AssetCode, units: int, accounts: LpPaymentAccounts
) -> JournalTransaction:
    """We paid what a settlement says that we owe."""
    require_positive(units)
    legs = (debit(accounts.lp, asset, units), credit(accounts.custody, asset, units))
    return journal(header, "lp_settlement_paid", legs)


def lp_settlement_received(
    header: Header, asset: AssetCode, units: int, accounts: LpPaymentAccounts
) -> JournalTransaction:
    """The LP paid what a settlement says that it owes."""
    require_positive(units)
    legs = (debit(accounts.custody, asset, units), credit(accounts.lp, asset, units))
    return journal(header, "lp_settlement_received", legs)


def lp_prefunded(
    header: Header, asset: AssetCode, units: int, accounts: LpPaymentAccounts
) -> JournalTransaction:
    """Money from custody lies with the LP now, to trade with."""
    require_positive(units)
    legs = (debit(accounts.lp, asset, units), credit(accounts.custody, asset, units))
    return journal(header, "lp_prefunded", legs)


def lp_withdrawn(
    header: Header, asset: AssetCode, units: int, accounts: LpPaymentAccounts
) -> JournalTransaction:
    """Money that lay with the LP is back in custody."""
    require_positive(units)
    legs = (debit(accounts.custody, asset, units), credit(accounts.lp, asset, units))
    return journal(header, "lp_withdrawn", legs)
