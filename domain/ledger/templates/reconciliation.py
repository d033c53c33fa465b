"""What a reconciliation found is put on our account as the source has it, and named elsewhere.

An adjustment moves the difference to `suspense`, where it stays in sight until somebody knows what
it was. A write-off gives it up: only that touches profit and loss, and only two people can do it.
"""

from collections.abc import Mapping

import msgspec

from ...shared.ids import AccountId
from ...shared.money import AmountInvalid, AssetCode
from ..account import AccountKey
from ..chart import AccountCode
from ..entry import JournalTransaction
from .legs import Header, credit, debit, journal


class ReconciliationAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """`reconciled` is the account whose balance is put right."""

    reconciled: AccountId
    counterpart: AccountId

    @staticmethod
    def keys(reconciled: AccountKey, *, written_off: bool) -> Mapping[str, AccountKey]:
        code = AccountCode.RECONCILIATION_LOSS if written_off else AccountCode.SUSPENSE
        return {"reconciled": reconciled, "counterpart": AccountKey(code, reconciled.asset)}


def reconciliation_adjustment(
    header: Header,
    asset: AssetCode,
    units: int,
    accounts: ReconciliationAccounts,
    *,
    written_off: bool,
) -> JournalTransaction:
    """`units` is what the source has and our books do not: positive lets our asset grow."""
    if units == 0:
        raise AmountInvalid("there is nothing to adjust")
    template = "reconciliation_write_off" if written_off else "reconciliation_adjustment"
    legs = (
        debit(accounts.reconciled, asset, units),
        credit(accounts.counterpart, asset, units),
    )
    return journal(header, template, legs)
