"""From one customer of a tenant to another. The house keeps the same, so there is no mirror."""

from collections.abc import Mapping

import msgspec

from ...shared.ids import AccountId, HoldId
from ...shared.money import AssetCode
from ..account import AccountKey
from ..chart import AccountCode
from ..entry import HoldCapture, JournalTransaction
from .legs import Header, credit, debit, journal, require_positive


class TransferAccounts(msgspec.Struct, frozen=True, kw_only=True):
    payer: AccountId
    payee: AccountId

    @staticmethod
    def keys(*, payer: str, payee: str, asset: AssetCode) -> Mapping[str, AccountKey]:
        return {
            "payer": AccountKey(AccountCode.CUSTOMER, asset, payer),
            "payee": AccountKey(AccountCode.CUSTOMER, asset, payee),
        }


def transfer(
    header: Header,
    asset: AssetCode,
    units: int,
    accounts: TransferAccounts,
    *,
    hold_id: HoldId | None = None,
) -> JournalTransaction:
    """With `hold_id` the money comes out of that hold, which this ends.

    Raises `TransactionInvalid` when payer and payee are one account: nothing would move.
    """
    require_positive(units)
    legs = (debit(accounts.payer, asset, units), credit(accounts.payee, asset, units))
    captures = () if hold_id is None else (HoldCapture(hold_id, units, final=True),)
    return journal(header, "transfer", legs, captures=captures)
