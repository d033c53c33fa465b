"""A journal transaction is one business fact as entries that sum to zero per asset.

It cannot be built unbalanced: the constructor refuses, also when msgspec decodes one.
"""

from collections import defaultdict
from datetime import date
from typing import Final

import msgspec

from ..shared.errors import RuleViolation
from ..shared.ids import AccountId, HoldId, TenantId, TransactionId
from ..shared.money import UNITS_LIMIT, AssetCode

ENTRIES_MIN: Final = 2
# A trade needs six on the tenant's side and nine in the house; twice the most is plenty.
ENTRIES_MAX: Final = 32
CAPTURES_MAX: Final = 8
TEXT_LENGTH_MAX: Final = 128


class EntryInvalid(RuleViolation):
    code = "entry_invalid"


class TransactionInvalid(RuleViolation):
    code = "transaction_invalid"


class TransactionUnbalanced(TransactionInvalid):
    code = "transaction_unbalanced"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One leg: a positive number of units credits the account, a negative one debits it.

    0 < |units| < 10**30. Raises `EntryInvalid`.
    """

    account_id: AccountId
    asset: AssetCode
    units: int

    def __post_init__(self) -> None:
        # The constructor does not check types: a float or a bool would pass unseen.
        if type(self.units) is not int or self.units == 0:
            raise EntryInvalid("an entry moves a whole number of units, never zero")
        if not -UNITS_LIMIT < self.units < UNITS_LIMIT:
            raise EntryInvalid("entry is out of range")

    @property
    def debit_units(self) -> int:
        return max(0, -self.units)

    @property
    def credit_units(self) -> int:
        return max(0, self.units)


class HoldCapture(msgspec.Struct, frozen=True):
    """Takes `units` of a hold together with the entry that spends them.

    `final` also gives back what then remains of the hold. Raises `EntryInvalid`.
    """

    hold_id: HoldId
    units: int
    final: bool

    def __post_init__(self) -> None:
        if type(self.units) is not int or not 0 < self.units < UNITS_LIMIT:
            raise EntryInvalid("a capture takes a whole, positive number of units")


class MirrorOf(msgspec.Struct, frozen=True):
    """The transaction in a tenant's books that one in the house's books answers."""

    tenant_id: TenantId
    transaction_id: TransactionId


class JournalTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable once posted; a correction is another transaction that `reverses` this one.

    `reference` names the business object (`ord_…`, `dep_…`) and never a person. An account has at
    most one entry, the net of what happens to it.
    Raises `TransactionInvalid`, and `TransactionUnbalanced` when an asset does not sum to zero.
    """

    id: TransactionId
    template: str
    reference: str
    effective_on: date
    entries: tuple[Entry, ...]
    captures: tuple[HoldCapture, ...] = ()
    reverses: TransactionId | None = None
    mirror_of: MirrorOf | None = None

    def __post_init__(self) -> None:
        if not ENTRIES_MIN <= len(self.entries) <= ENTRIES_MAX:
            raise TransactionInvalid(f"a transaction has {ENTRIES_MIN} to {ENTRIES_MAX} entries")
        if len(self.captures) > CAPTURES_MAX:
            raise TransactionInvalid(f"a transaction captures at most {CAPTURES_MAX} holds")
        for text in (self.template, self.reference):
            if not 0 < len(text) <= TEXT_LENGTH_MAX:
                raise TransactionInvalid("template and reference are short texts")
        if len({entry.account_id for entry in self.entries}) != len(self.entries):
            raise TransactionInvalid("an account appears once in a transaction: net its entries")
        if self.captures and len({each.hold_id for each in self.captures}) < len(self.captures):
            raise TransactionInvalid("a hold is captured once in a transaction")
        for asset, units in sums_by_asset(self.entries).items():
            if units != 0:
                raise TransactionUnbalanced("entries do not sum to zero", asset=asset, units=units)


def sums_by_asset(entries: tuple[Entry, ...]) -> dict[AssetCode, int]:
    sums: defaultdict[AssetCode, int] = defaultdict(int)
    for entry in entries:
        sums[entry.asset] += entry.units
    return dict(sums)
