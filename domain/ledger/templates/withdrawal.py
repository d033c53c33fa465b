"""Money that leaves. While it is on its way out a hold sets it aside; posted is what was sent.

A withdrawal that fails before it is sent posts nothing: its hold is released. What comes back after
it was sent, whole or in part, is a fact of its own, as the fees for sending it are spent.
"""

from collections.abc import Mapping

import msgspec

from ...shared.errors import RuleViolation
from ...shared.ids import AccountId, HoldId
from ...shared.money import UNITS_LIMIT, AssetCode
from ..account import AccountKey
from ..chart import AccountCode
from ..entry import HoldCapture, JournalTransaction, MirrorOf
from .legs import Header, credit, debit, journal, require_positive


class WithdrawalAmountsInvalid(RuleViolation):
    code = "withdrawal_amounts_invalid"


class WithdrawalAmounts(msgspec.Struct, frozen=True, kw_only=True):
    """In units of one asset: `units` arrive, the customer pays both fees on top of them.

    `network_fee_units` go to the house, which pays network or rail; `fee_units` are the tenant's.
    Raises `WithdrawalAmountsInvalid`.
    """

    asset: AssetCode
    units: int
    network_fee_units: int
    fee_units: int

    def __post_init__(self) -> None:
        if self.units <= 0 or min(self.network_fee_units, self.fee_units) < 0:
            raise WithdrawalAmountsInvalid("a withdrawal sends something, and no fee is negative")
        if self.total_units >= UNITS_LIMIT:
            raise WithdrawalAmountsInvalid("withdrawal is out of range")

    @property
    def house_units(self) -> int:
        """What the tenant owes the house for sending it."""
        return self.units + self.network_fee_units

    @property
    def total_units(self) -> int:
        """What the customer pays, and the hold sets aside."""
        return self.house_units + self.fee_units


class WithdrawalAccounts(msgspec.Struct, frozen=True, kw_only=True):
    customer: AccountId
    house_clearing: AccountId
    fee_revenue: AccountId

    @staticmethod
    def keys(*, customer: str, asset: AssetCode) -> Mapping[str, AccountKey]:
        return {
            "customer": AccountKey(AccountCode.CUSTOMER, asset, customer),
            "house_clearing": AccountKey(AccountCode.HOUSE_CLEARING, asset),
            "fee_revenue": AccountKey(AccountCode.FEE_REVENUE, asset),
        }


class HouseWithdrawalAccounts(msgspec.Struct, frozen=True, kw_only=True):
    tenant_clearing: AccountId
    custody: AccountId
    network_fees: AccountId

    @staticmethod
    def keys(*, tenant: str, asset: AssetCode) -> Mapping[str, AccountKey]:
        return {
            "tenant_clearing": AccountKey(AccountCode.TENANT_CLEARING, asset, tenant),
            "custody": AccountKey(AccountCode.CUSTODY, asset),
            "network_fees": AccountKey(AccountCode.NETWORK_FEES, asset),
        }


class NetworkFeeAccounts(msgspec.Struct, frozen=True, kw_only=True):
    custody: AccountId
    network_fees: AccountId

    @staticmethod
    def keys(*, asset: AssetCode) -> Mapping[str, AccountKey]:
        return {
            "custody": AccountKey(AccountCode.CUSTODY, asset),
            "network_fees": AccountKey(AccountCode.NETWORK_FEES, asset),
        }


def withdrawal_sent(
    header: Header, amounts: WithdrawalAmounts, accounts: WithdrawalAccounts, *, hold_id: HoldId
) -> JournalTransaction:
    """Spends the hold, and gives back what it held too much."""
    asset = amounts.asset
    legs = (
        debit(accounts.customer, asset, amounts.total_units),
        credit(accounts.house_clearing, asset, amounts.house_units),
        credit(accounts.fee_revenue, asset, amounts.fee_units),
    )
    captures = (HoldCapture(hold_id, amounts.total_units, final=True),)
    return journal(header, "withdrawal_sent", legs, captures=captures)


def withdrawal_mirror(
    header: Header,
    amounts: WithdrawalAmounts,
    accounts: HouseWithdrawalAccounts,
    *,
    mirror_of: MirrorOf,
) -> JournalTransaction:
    """Answers a tenant's `withdrawal_sent`."""
    asset = amounts.asset
    legs = (
        debit(accounts.tenant_clearing, asset, amounts.house_units),
        credit(accounts.custody, asset, amounts.units),
        credit(accounts.network_fees, asset, amounts.network_fee_units),
    )
    return journal(header, "withdrawal_mirror", legs, mirror_of=mirror_of)


def network_fee_paid(
    header: Header, asset: AssetCode, units: int, accounts: NetworkFeeAccounts
) -> JournalTransaction:
    """What sending did cost, as custodian or bank report it: often later, and in another asset."""
    require_positive(units)
    legs = (debit(accounts.network_fees, asset, units), credit(accounts.custody, asset, units))
    return journal(header, "network_fee_paid", legs)
