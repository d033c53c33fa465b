"""Money that was sent and came back: the tenant owes it to its customer again.

It posts to the accounts of a deposit. The units are what arrived, which may be less than was sent.
"""

from ...shared.money import AssetCode
from ..entry import JournalTransaction, MirrorOf
from .deposit import DepositAccounts, HouseDepositAccounts
from .legs import Header, credit, debit, journal, require_positive


def withdrawal_returned(
    header: Header, asset: AssetCode, units: int, accounts: DepositAccounts
) -> JournalTransaction:
    require_positive(units)
    legs = (debit(accounts.house_clearing, asset, units), credit(accounts.customer, asset, units))
    return journal(header, "withdrawal_returned", legs)


def withdrawal_return_mirror(
    header: Header,
    asset: AssetCode,
    units: int,
    accounts: HouseDepositAccounts,
    *,
    mirror_of: MirrorOf,
) -> JournalTransaction:
    """Answers a tenant's `withdrawal_returned`."""
    require_positive(units)
    legs = (debit(accounts.custody, asset, units), credit(accounts.tenant_clearing, asset, units))
    return journal(header, "withdrawal_return_mirror", legs, mirror_of=mirror_of)
