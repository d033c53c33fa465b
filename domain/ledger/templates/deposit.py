"""Money that arrived: the tenant owes it to its customer, the house keeps it for the tenant."""

from collections.abc import Mapping

import msgspec

from ...shared.ids import AccountId
from ...shared.money import AssetCode
from ..account import AccountKey
from ..chart import AccountCode
from ..entry import JournalTransaction, MirrorOf
from .legs import Header, credit, debit, journal, require_positive


class DepositAccounts(msgspec.Struct, frozen=True, kw_only=True):
    customer: AccountId
    house_clearing: AccountId

    @staticmethod
    def keys(*, customer: str, asset: AssetCode) -> Mapping[str, AccountKey]:
        return {
            "customer": AccountKey(AccountCode.CUSTOMER, asset, customer),
            "house_clearing": AccountKey(AccountCode.HOUSE_CLEARING, asset),
        }


class HouseDepositAccounts(msgspec.Struct, frozen=True, kw_only=True):
    custody: AccountId
    tenant_clearing: AccountId

    @staticmethod
    def keys(*, tenant: str, asset: AssetCode) -> Mapping[str, AccountKey]:
        return {
            "custody": AccountKey(AccountCode.CUSTODY, asset),
            "tenant_clearing": AccountKey(AccountCode.TENANT_CLEARING, asset, tenant),
        }


def deposit_confirmed(
    header: Header, asset: AssetCode, units: int, accounts: DepositAccounts
) -> JournalTransaction:
    require_positive(units)
    legs = (debit(accounts.house_clearing, asset, units), credit(accounts.customer, asset, units))
    return journal(header, "deposit_confirmed", legs)


def deposit_mirror(
    header: Header,
    asset: AssetCode,
    units: int,
    accounts: HouseDepositAccounts,
    *,
    mirror_of: MirrorOf,
) -> JournalTransaction:
    """Answers a tenant's `deposit_confirmed`."""
    require_positive(units)
    legs = (debit(accounts.custody, asset, units), credit(accounts.tenant_clearing, asset, units))
    return journal(header, "deposit_mirror", legs, mirror_of=mirror_of)
