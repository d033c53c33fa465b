"""The part of one tenant's books that a batch is decided against."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol

import msgspec

from ..shared.errors import InvariantViolation
from ..shared.ids import AccountId, HoldId, TransactionId
from .account import Account
from .balance import Balance
from .hold import Hold


class Books(Protocol):
    """What a rule may look at, be it stored already or done by an earlier command."""

    def account(self, account_id: AccountId) -> Account | None: ...

    def balance(self, account_id: AccountId) -> Balance: ...

    def hold(self, hold_id: HoldId) -> Hold | None: ...

    def has_posted(self, transaction_id: TransactionId) -> bool: ...


class LedgerState(msgspec.Struct, frozen=True):
    """What the store loaded under its locks, all of it for one tenant.

    `accounts` and `holds` hold those the batch names, as far as they exist, and the accounts of
    those holds; `balances` one row for each strict account among them. `transactions` are those
    ids of the batch that are posted already; a store whose primary key decides may leave it empty.
    """

    accounts: Mapping[AccountId, Account]
    balances: Mapping[AccountId, Balance]
    holds: Mapping[HoldId, Hold]
    transactions: AbstractSet[TransactionId] = frozenset()

    def account(self, account_id: AccountId) -> Account | None:
        return self.accounts.get(account_id)

    def balance(self, account_id: AccountId) -> Balance:
        found = self.balances.get(account_id)
        if found is None:
            # A zero in its place would number entries twice.
            raise InvariantViolation("the balance of a strict account was not loaded")
        return found

    def hold(self, hold_id: HoldId) -> Hold | None:
        return self.holds.get(hold_id)

    def has_posted(self, transaction_id: TransactionId) -> bool:
        return transaction_id in self.transactions
