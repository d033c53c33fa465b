"""The balance row of a strict account: two accumulators that only grow, and what is held."""

from typing import Final

import msgspec

from ..shared.errors import InvariantViolation
from ..shared.ids import AccountId
from .chart import AccountType

# NUMERIC(38,0) in the database. Entries are below 10**30, so it takes 10**8 of the largest.
ACCUMULATOR_LIMIT: Final = 10**38


class Balance(msgspec.Struct, frozen=True, gc=False):
    """Totals since the account was opened, in units.

    `version` counts the entries, so it is also the number of the last one. Placing or ending a hold
    leaves it alone: entry numbers have no gaps.
    """

    account_id: AccountId
    debits: int = 0
    credits: int = 0
    held: int = 0
    version: int = 0

    def __post_init__(self) -> None:
        if self.debits < 0 or self.credits < 0 or self.held < 0 or self.version < 0:
            raise InvariantViolation("accumulators only grow and nothing held is negative")

    def after(self, units: int) -> "Balance":
        """With one entry more: its units credit or, below zero, debit the account."""
        debited = -units if units < 0 else 0
        return Balance(
            self.account_id,
            self.debits + debited,
            self.credits + debited + units,
            self.held,
            self.version + 1,
        )

    def posted(self, account_type: AccountType) -> int:
        """What the account is worth, positive on the normal side of its type."""
        return (self.credits - self.debits) * account_type.normal_sign

    def available(self, account_type: AccountType) -> int:
        return self.posted(account_type) - self.held
