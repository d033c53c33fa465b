"""The part of one tenant's books that a batch is decided against."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Protocol

import msgspec

from ..shared.errors import InvariantViolation
from ..shared.ids import AccountId, HoldId, TransactionId
from .account import Account
from .balance import Balance
from .entry import Entry
from .hold import Hold
from .outcomes import Outcome


class Answer(msgspec.Struct, frozen=True):
    """What a key was used for, and what was answered, with what it posted."""

    fingerprint: bytes
    outcome: Outcome


class Original(msgspec.Struct, frozen=True):
    """A posted transaction that somebody wants to reverse."""

    entries: tuple[Entry, ...]
    reversed_by: TransactionId | None = None


class Books(Protocol):
    """What a rule may look at, be it stored already or done by an earlier command."""

    @property
    def accounts(self) -> Mapping[AccountId, Account]: ...

    def balance(self, account_id: AccountId) -> Balance: ...

    def hold(self, hold_id: HoldId) -> Hold | None: ...

    def has_posted(self, transaction_id: TransactionId) -> bool: ...

    def original(self, transaction_id: TransactionId) -> Original | None: ...

    def answer(self, key: str) -> Answer | None: ...

    @property
    def closed_through(self) -> date | None: ...


class LedgerState(msgspec.Struct, frozen=True):
    """What the store loaded under its locks, all of it for one tenant.

    `accounts` and `holds` hold those the batch names, as far as they exist, and the accounts of
    those holds; `balances` one row for each strict account among them. `transactions` are those
    ids of the batch that are posted already; a store whose primary key decides may leave it empty.
    `originals` are those the batch reverses, as far as they exist, and `answers` those that were
    given to its keys. What is effective on `closed_through` or before it is closed.
    """

    accounts: Mapping[AccountId, Account]
    balances: Mapping[AccountId, Balance]
    holds: Mapping[HoldId, Hold]
    transactions: AbstractSet[TransactionId] = frozenset()
    originals: Mapping[TransactionId, Original] = {}
    answers: Mapping[str, Answer] = {}
    closed_through: date | None = None

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

    def original(self, transaction_id: TransactionId) -> Original | None:
        return self.originals.get(transaction_id)

    def answer(self, key: str) -> Answer | None:
        return self.answers.get(key)
