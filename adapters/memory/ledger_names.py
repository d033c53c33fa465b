"""What a batch names, and so what a store has to lock before it is decided."""

from collections.abc import Set as AbstractSet

import msgspec

from domain.ledger.commands import Batch, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.shared.ids import AccountId, HoldId, TransactionId


class Names(msgspec.Struct, frozen=True):
    """The accounts behind holds that exist already are not among `accounts`."""

    transactions: AbstractSet[TransactionId]
    holds: AbstractSet[HoldId]
    accounts: AbstractSet[AccountId]
    reversed: AbstractSet[TransactionId]
    keys: AbstractSet[str]


def names_in(batch: Batch) -> Names:
    transactions: set[TransactionId] = set()
    holds: set[HoldId] = set()
    accounts: set[AccountId] = set()
    reversed_ids: set[TransactionId] = set()
    for command in batch:
        match command:
            case Post(transaction=transaction):
                transactions.add(transaction.id)
                if transaction.reverses is not None:
                    reversed_ids.add(transaction.reverses)
                holds.update(capture.hold_id for capture in transaction.captures)
                accounts.update(entry.account_id for entry in transaction.entries)
            case PlaceHold(hold=hold):
                holds.add(hold.id)
                accounts.add(hold.account_id)
            case ReleaseHold(hold_id=hold_id) | ExpireHold(hold_id=hold_id):
                holds.add(hold_id)
    keys = {command.request.key for command in batch if command.request is not None}
    return Names(transactions, holds, accounts, reversed_ids, keys)
