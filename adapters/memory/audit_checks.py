"""Compares the projections of the ledger with the journal: balances, numbers, holds."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from adapters.memory.store import BookedTransaction, Store
from application.ports.ledger import PostedEntry
from application.ports.verification import Finding
from domain.ledger.account import Account
from domain.ledger.hold import HoldState
from domain.shared.ids import AccountId, IdPrefix, TenantId, TransactionId, encode_id
from domain.shared.money import AssetCode


class Reading(msgspec.Struct, frozen=True):
    """What is read of one tenant's books: what was booked at `since` or later, or everything."""

    store: Store
    tenant_id: TenantId
    since: datetime | None

    @property
    def transactions(self) -> list[BookedTransaction]:
        booked = self.store.transactions.of(self.tenant_id).values()
        return [each for each in booked if self.is_new(each.booked_at)]

    @property
    def entries(self) -> list[PostedEntry]:
        posted = self.store.entries.of(self.tenant_id).values()
        return [each for each in posted if self.is_new(each.booked_at)]

    def is_new(self, booked_at: datetime) -> bool:
        return self.since is None or booked_at >= self.since


Check: TypeAlias = Callable[[Reading], Iterator[Finding]]


def unbalanced_transactions(reading: Reading) -> Iterator[Finding]:
    sums: defaultdict[tuple[TransactionId, AssetCode], int] = defaultdict(int)
    for entry in reading.entries:
        sums[entry.transaction_id, entry.asset] += entry.units
    for (transaction_id, asset), units in sums.items():
        if units != 0:
            yield Finding(
                check="transaction_balances",
                tenant_id=reading.tenant_id,
                subject=encode_id(IdPrefix.TRANSACTION, transaction_id),
                detail=f"{asset} sums to {units} units",
            )


def broken_statements(reading: Reading) -> Iterator[Finding]:
    """The first entry of each strict account whose number or running balance is not as it must."""
    store, tenant_id = reading.store, reading.tenant_id
    by_account: defaultdict[AccountId, list[PostedEntry]] = defaultdict(list)
    for entry in store.entries.of(tenant_id).values():
        by_account[entry.account_id].append(entry)
    for account in store.accounts.of(tenant_id).values():
        if account.strict:
            yield from _first_break(reading, account, by_account[account.id])


def wrong_balances(reading: Reading) -> Iterator[Finding]:
    store, tenant_id = reading.store, reading.tenant_id
    sums: defaultdict[AccountId, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for entry in store.entries.of(tenant_id).values():
        debits, credits_, count = sums[entry.account_id]
        sums[entry.account_id] = (
            debits + max(0, -entry.units),
            credits_ + max(0, entry.units),
            count + 1,
        )
    for account_id, row in store.balances.of(tenant_id).items():
        stored = (row.balance.debits, row.balance.credits, row.balance.version)
        if stored != sums[account_id]:
            detail = f"stored {stored}, the entries make {sums[account_id]}"
            yield _about_account("balance_matches_entries", tenant_id, account_id, detail)


def stray_holds(reading: Reading) -> Iterator[Finding]:
    store, tenant_id = reading.store, reading.tenant_id
    held: defaultdict[AccountId, int] = defaultdict(int)
    for hold in store.holds.of(tenant_id).values():
        if hold.state is HoldState.ACTIVE:
            held[hold.account_id] += hold.remaining
    rows = store.balances.of(tenant_id)
    for account_id in held.keys() | rows.keys():
        row = rows.get(account_id)
        stored = 0 if row is None else row.balance.held
        if stored != held[account_id]:
            detail = f"{stored} units held, the active holds make {held[account_id]}"
            yield _about_account("held_matches_holds", tenant_id, account_id, detail)


CHECKS: Final[tuple[Check, ...]] = (
    unbalanced_transactions,
    broken_statements,
    wrong_balances,
    stray_holds,
)


def _first_break(
    reading: Reading, account: Account, entries: list[PostedEntry]
) -> Iterator[Finding]:
    tenant_id, posted = reading.tenant_id, 0
    ordered = sorted(entries, key=lambda entry: entry.account_seq or 0)
    for expected, entry in enumerate(ordered, start=1):
        if not reading.is_new(entry.booked_at):
            posted += entry.units * account.type.normal_sign
            continue
        if entry.account_seq != expected:
            detail = f"entry {expected} is missing"
            yield _about_account("entries_numbered_without_gap", tenant_id, account.id, detail)
            return
        posted += entry.units * account.type.normal_sign
        if entry.balance_after != posted:
            detail = f"after entry {expected}: stored {entry.balance_after}, should be {posted}"
            yield _about_account("running_balance_continues", tenant_id, account.id, detail)
            return


def _about_account(check: str, tenant_id: TenantId, account_id: AccountId, detail: str) -> Finding:
    subject = encode_id(IdPrefix.ACCOUNT, account_id)
    return Finding(check=check, tenant_id=tenant_id, subject=subject, detail=detail)
