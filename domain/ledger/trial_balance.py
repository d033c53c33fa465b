"""Debits and credits by type and asset. In sound books every asset nets to zero."""

from collections.abc import Iterable, Mapping

import msgspec

from ..shared.ids import AccountId
from ..shared.money import AssetCode
from .account import Account
from .balance import Balance
from .chart import AccountType


class TrialLine(msgspec.Struct, frozen=True):
    asset: AssetCode
    type: AccountType
    debits: int
    credits: int

    @property
    def net(self) -> int:
        """Positive on the normal side of the type."""
        return (self.credits - self.debits) * self.type.normal_sign


class TrialBalance(msgspec.Struct, frozen=True):
    """Lines by asset, then in the order of `AccountType`."""

    lines: tuple[TrialLine, ...]

    @property
    def differences(self) -> dict[AssetCode, int]:
        """Credits minus debits of each asset that does not net to zero: empty in sound books."""
        sums: dict[AssetCode, int] = {}
        for line in self.lines:
            sums[line.asset] = sums.get(line.asset, 0) + line.credits - line.debits
        return {asset: units for asset, units in sums.items() if units != 0}

    @property
    def balanced(self) -> bool:
        return not self.differences


def trial_balance(
    accounts: Mapping[AccountId, Account], balances: Iterable[Balance]
) -> TrialBalance:
    """Sums `balances`, which for deferred accounts are the totals of their entries."""
    debits: dict[tuple[AssetCode, AccountType], int] = {}
    credits_: dict[tuple[AssetCode, AccountType], int] = {}
    for balance in balances:
        account = accounts[balance.account_id]
        place = (account.asset, account.type)
        debits[place] = debits.get(place, 0) + balance.debits
        credits_[place] = credits_.get(place, 0) + balance.credits
    order = list(AccountType)
    places = sorted(debits, key=lambda place: (place[0], order.index(place[1])))
    return TrialBalance(
        tuple(TrialLine(*place, debits=debits[place], credits=credits_[place]) for place in places)
    )
