"""What a decided batch changes, in the form a store writes it: one update per account."""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from ..shared.ids import AccountId, TransactionId
from .balance import Balance
from .entry import Entry, JournalTransaction
from .hold import Hold
from .outcomes import Outcome
from .state import Answer, LedgerState, Original


class AccountDelta(msgspec.Struct, frozen=True, gc=False):
    """What to add to a balance. `held` may be negative; `entries` is added to `version`."""

    account_id: AccountId
    debits: int = 0
    credits: int = 0
    held: int = 0
    entries: int = 0


class HoldChange(msgspec.Struct, frozen=True):
    """From the first state to the last one in the batch; `before` is None for a new hold."""

    before: Hold | None
    after: Hold


class NumberedEntry(msgspec.Struct, frozen=True, gc=False):
    """`leg` counts from 0 within the transaction.

    For strict accounts `account_seq` counts an account's entries from 1 without a gap and
    `balance_after` is what was then posted, positive on the normal side. For others both are None.
    """

    transaction_id: TransactionId
    leg: int
    entry: Entry
    account_seq: int | None
    balance_after: int | None


class Deltas(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts and holds ascend by id, the order they are locked in; the rest as commanded.

    Of accounts only strict ones are among them: the others have no balance that is stored.
    `answers` are new, by key: what is to be answered whenever that is asked again.
    """

    accounts: tuple[AccountDelta, ...] = ()
    holds: tuple[HoldChange, ...] = ()
    transactions: tuple[JournalTransaction, ...] = ()
    entries: tuple[NumberedEntry, ...] = ()
    answers: Mapping[str, Answer] = {}


class Decision(msgspec.Struct, frozen=True):
    """One outcome per command, in their order, and the sum of what the accepted ones change."""

    outcomes: tuple[Outcome, ...]
    deltas: Deltas


def add(balance: Balance, delta: AccountDelta) -> Balance:
    return Balance(
        balance.account_id,
        balance.debits + delta.debits,
        balance.credits + delta.credits,
        balance.held + delta.held,
        balance.version + delta.entries,
    )


def difference(before: Balance, after: Balance) -> AccountDelta:
    return AccountDelta(
        after.account_id,
        after.debits - before.debits,
        after.credits - before.credits,
        after.held - before.held,
        after.version - before.version,
    )


def apply(state: LedgerState, deltas: Deltas) -> LedgerState:
    """The state after a batch, for stores in memory and for replays."""
    changed = {
        delta.account_id: add(state.balance(delta.account_id), delta) for delta in deltas.accounts
    }
    holds = {change.after.id: change.after for change in deltas.holds}
    posted = {transaction.id: Original(transaction.entries) for transaction in deltas.transactions}
    originals = {**state.originals, **posted}
    for transaction in deltas.transactions:
        if transaction.reverses is not None:
            original = originals[transaction.reverses]
            originals[transaction.reverses] = replace(original, reversed_by=transaction.id)
    return LedgerState(
        accounts=state.accounts,
        balances={**state.balances, **changed},
        holds={**state.holds, **holds},
        transactions=state.transactions | posted.keys(),
        originals=originals,
        answers={**state.answers, **deltas.answers},
        closed_through=state.closed_through,
    )
