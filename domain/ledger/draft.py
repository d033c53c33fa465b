"""What a batch has done so far, on top of what was stored. Nothing here is written anywhere yet."""

from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from ..shared.errors import InvariantViolation
from ..shared.ids import AccountId, HoldId, TransactionId
from .balance import Balance
from .decision import Deltas, HoldChange, NumberedEntry, difference
from .entry import JournalTransaction
from .hold import Hold
from .state import Answer, Books, Original

# As their bytes compare, which is how a database orders them; a look-up instead of a method's call.
IN_ORDER: Final = attrgetter("int")


class Draft:
    """Books with changes on top. A draft over a draft is how a linked group is tried out."""

    def __init__(self, base: Books) -> None:
        self._base = base
        # Neither changes in a batch, and both are asked for with every entry.
        self.accounts = base.accounts
        self.closed_through = base.closed_through
        self._balances: dict[AccountId, Balance] = {}
        self._holds: dict[HoldId, Hold] = {}
        self._transactions: dict[TransactionId, JournalTransaction] = {}
        self._entries: list[NumberedEntry] = []
        self._reversals: dict[TransactionId, TransactionId] = {}
        self._answers: dict[str, Answer] = {}

    def balance(self, account_id: AccountId) -> Balance:
        return self._balances.get(account_id) or self._base.balance(account_id)

    def hold(self, hold_id: HoldId) -> Hold | None:
        changed = self._holds.get(hold_id)
        return self._base.hold(hold_id) if changed is None else changed

    def has_posted(self, transaction_id: TransactionId) -> bool:
        return transaction_id in self._transactions or self._base.has_posted(transaction_id)

    def original(self, transaction_id: TransactionId) -> Original | None:
        posted = self._transactions.get(transaction_id)
        found = self._base.original(transaction_id) if posted is None else Original(posted.entries)
        reversed_by = self._reversals.get(transaction_id)
        if found is None or reversed_by is None:
            return found
        return replace(found, reversed_by=reversed_by)

    def answer(self, key: str) -> Answer | None:
        return self._answers.get(key) or self._base.answer(key)

    def keep_answer(self, key: str, answer: Answer) -> None:
        self._answers[key] = answer

    def post(self, transaction: JournalTransaction) -> None:
        """Appends the entries; the holds the transaction captures are changed apart."""
        self._transactions[transaction.id] = transaction
        if transaction.reverses is not None:
            self._reversals[transaction.reverses] = transaction.id
        transaction_id, accounts = transaction.id, self.accounts
        for leg, entry in enumerate(transaction.entries):
            account = accounts.get(entry.account_id)
            if account is None:
                raise InvariantViolation("an entry was accepted for an account that is not there")
            seq, balance_after = None, None
            if account.floor_units is not None:
                after = self.balance(entry.account_id).after(entry.units)
                self._balances[entry.account_id] = after
                seq, balance_after = after.version, after.posted(account.type)
            self._entries.append(NumberedEntry(transaction_id, leg, entry, seq, balance_after))

    def change_hold(self, hold: Hold) -> None:
        before, balance = self.hold(hold.id), self.balance(hold.account_id)
        held = balance.held + hold.remaining - (0 if before is None else before.remaining)
        self._holds[hold.id] = hold
        self._balances[hold.account_id] = replace(balance, held=held)

    def take_over(self, other: "Draft") -> None:
        """Makes the changes of a draft over this one its own."""
        self._balances.update(other._balances)
        self._holds.update(other._holds)
        self._transactions.update(other._transactions)
        self._entries.extend(other._entries)
        self._reversals.update(other._reversals)

    def deltas(self) -> Deltas:
        return Deltas(
            accounts=tuple(
                difference(self._base.balance(key), self._balances[key])
                for key in sorted(self._balances, key=IN_ORDER)
            ),
            holds=tuple(
                HoldChange(self._base.hold(key), self._holds[key]) for key in sorted(self._holds)
            ),
            transactions=tuple(self._transactions.values()),
            entries=tuple(self._entries),
            answers=self._answers,
        )
