"""A second ledger, as naive as can be: no balances, no deltas, no drafts, no precedence by order.

It keeps the journal, the history of each hold and every answer, and adds everything up again for
every question. It collects all rules a command breaks by trying the command on a copy, and answers
with the lowest.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from domain.ledger.account import Account, AccountStatus
from domain.ledger.commands import Batch, Command, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.ledger.entry import JournalTransaction
from domain.ledger.outcomes import Outcome, OutcomeCode
from domain.shared.ids import AccountId, HoldId, TransactionId


class Said(NamedTuple):
    """What an outcome says, as far as the oracle knows; `posted` of an accepted replay only."""

    code: OutcomeCode
    replayed: bool = False
    posted: TransactionId | None = None


def said(outcome: Outcome) -> Said:
    posted = outcome.transaction_id if outcome.accepted else None
    return Said(outcome.code, outcome.replayed, posted)


class Remembered(NamedTuple):
    fingerprint: bytes
    code: OutcomeCode
    posted: TransactionId | None


@dataclass
class HeldMoney:
    account_id: AccountId
    units: int
    expires_at: datetime | None
    captured: list[int] = field(default_factory=list)
    ended: bool = False

    @property
    def remaining(self) -> int:
        return 0 if self.ended else self.units - sum(self.captured)


@dataclass
class Oracle:
    accounts: dict[AccountId, Account]
    journal: dict[TransactionId, JournalTransaction] = field(default_factory=dict)
    holds: dict[HoldId, HeldMoney] = field(default_factory=dict)
    answers: dict[str, Remembered] = field(default_factory=dict)
    closed: list[date] = field(default_factory=list)

    def submit(self, batch: Batch) -> list[Said]:
        return [each for group in grouped(batch) for each in self._answer(group)]

    def close(self, through: date) -> None:
        self.closed.append(through)

    def units_of(self, account: Account, *, until: date | None = None) -> list[int]:
        """The account's entries in order, positive on its normal side; effective by `until`."""
        grows_by_credit = account.type.value in {"liability", "income", "equity"}
        return [
            entry.units if grows_by_credit else -entry.units
            for transaction in self.journal.values()
            for entry in transaction.entries
            if entry.account_id == account.id
            and (until is None or transaction.effective_on <= until)
        ]

    def held(self, account: Account) -> int:
        return sum(hold.remaining for hold in self.holds.values() if hold.account_id == account.id)

    def available(self, account: Account) -> int:
        return sum(self.units_of(account)) - self.held(account)

    def _answer(self, group: Batch) -> list[Said]:
        keys = [command.request.key for command in group if command.request is not None]
        if any(key in self.answers for key in keys) or len(set(keys)) < len(keys):
            return self._answer_again(group)
        codes = self._submit_group(group)
        for command, code in zip(group, codes, strict=True):
            if command.request is not None:
                accepted = isinstance(command, Post) and code is OutcomeCode.OK
                posted = command.transaction.id if isinstance(command, Post) and accepted else None
                given = Remembered(command.request.fingerprint, code, posted)
                self.answers[command.request.key] = given
        return [Said(code) for code in codes]

    def _answer_again(self, group: Batch) -> list[Said]:
        """Word for word what was said, if every command of the group was asked before just so."""
        requests = [command.request for command in group if command.request is not None]
        distinct = len({request.key for request in requests}) == len(requests)
        known = [
            distinct
            and request.key in self.answers
            and self.answers[request.key].fingerprint == request.fingerprint
            for request in requests
        ]
        if all(known):
            given = [self.answers[request.key] for request in requests]
            return [Said(each.code, replayed=True, posted=each.posted) for each in given]
        return one_refused(group, known.index(False), OutcomeCode.KEY_REUSED)

    def _submit_group(self, group: Batch) -> list[OutcomeCode]:
        before = deepcopy((self.journal, self.holds))
        for position, command in enumerate(group):
            broken = self._broken_rules(command)
            if broken:
                self.journal, self.holds = before
                return [each.code for each in one_refused(group, position, min(broken))]
            self._obey(command)
        return [OutcomeCode.OK for _ in group]

    def _obey(self, command: Command) -> None:
        match command:
            case Post():
                self.journal[command.transaction.id] = command.transaction
                for taken in command.transaction.captures:
                    hold = self.holds[taken.hold_id]
                    hold.captured.append(taken.units)
                    hold.ended = taken.final or hold.remaining <= 0
            case PlaceHold():
                new = command.hold
                self.holds[new.id] = HeldMoney(new.account_id, new.units, new.expires_at)
            case ReleaseHold() | ExpireHold():
                self.holds[command.hold_id].ended = True

    def _broken_rules(self, command: Command) -> set[OutcomeCode]:
        match command:
            case Post():
                return self._broken_by_post(command)
            case PlaceHold():
                return self._broken_by_hold(command)
            case ReleaseHold() | ExpireHold():
                return self._broken_by_end(command)

    def _broken_by_post(self, command: Post) -> set[OutcomeCode]:
        transaction = command.transaction
        broken = self._broken_by_reversal(transaction)
        if transaction.id in self.journal:
            broken.add(OutcomeCode.TRANSACTION_EXISTS)
        if any(transaction.effective_on <= closed for closed in self.closed):
            broken.add(OutcomeCode.PERIOD_CLOSED)
        for entry in transaction.entries:
            broken |= self._broken_by_naming(entry.account_id, entry.asset)
        for taken in transaction.captures:
            broken |= self._broken_by_capture(command, taken.hold_id, taken.units)
        if broken:
            return broken
        tried = deepcopy(self)
        tried._obey(command)
        for entry in transaction.entries:
            account = self.accounts[entry.account_id]
            if account.floor_units is not None and tried.available(account) < account.floor_units:
                broken.add(OutcomeCode.BELOW_FLOOR)
        return broken

    def _broken_by_reversal(self, transaction: JournalTransaction) -> set[OutcomeCode]:
        if transaction.reverses is None:
            return set()
        original = self.journal.get(transaction.reverses)
        if original is None:
            return {OutcomeCode.ORIGINAL_NOT_FOUND}
        broken = set()
        if any(each.reverses == original.id for each in self.journal.values()):
            broken.add(OutcomeCode.ORIGINAL_REVERSED)
        legs = [(each.account_id.int, each.asset, each.units) for each in transaction.entries]
        turned = [(each.account_id.int, each.asset, -each.units) for each in original.entries]
        if sorted(legs) != sorted(turned):
            broken.add(OutcomeCode.REVERSAL_DIFFERS)
        return broken

    def _broken_by_capture(self, command: Post, hold_id: HoldId, units: int) -> set[OutcomeCode]:
        hold = self.holds.get(hold_id)
        if hold is None:
            return {OutcomeCode.HOLD_NOT_FOUND}
        broken = set()
        tried = Oracle(self.accounts, {command.transaction.id: command.transaction})
        taken = sum(
            capture.units
            for capture in command.transaction.captures
            if capture.hold_id in self.holds
            and self.holds[capture.hold_id].account_id == hold.account_id
        )
        if taken > -sum(tried.units_of(self.accounts[hold.account_id])):
            broken.add(OutcomeCode.HOLD_NOT_SPENT)
        if hold.remaining == 0:
            broken.add(OutcomeCode.HOLD_NOT_ACTIVE)
        if hold.expires_at is not None and not command.at < hold.expires_at:
            broken.add(OutcomeCode.HOLD_EXPIRED)
        if units > hold.remaining:
            broken.add(OutcomeCode.HOLD_EXCEEDED)
        return broken

    def _broken_by_hold(self, command: PlaceHold) -> set[OutcomeCode]:
        hold = command.hold
        broken = self._broken_by_naming(hold.account_id, hold.asset)
        if hold.id in self.holds:
            broken.add(OutcomeCode.HOLD_EXISTS)
        account = self.accounts.get(hold.account_id)
        if account is None:
            return broken
        if account.floor_units is None:
            broken.add(OutcomeCode.ACCOUNT_NOT_STRICT)
        elif self.available(account) - hold.units < account.floor_units:
            broken.add(OutcomeCode.BELOW_FLOOR)
        return broken

    def _broken_by_end(self, command: ReleaseHold | ExpireHold) -> set[OutcomeCode]:
        hold = self.holds.get(command.hold_id)
        if hold is None:
            return {OutcomeCode.HOLD_NOT_FOUND}
        broken = set()
        if hold.remaining == 0:
            broken.add(OutcomeCode.HOLD_NOT_ACTIVE)
        if isinstance(command, ExpireHold) and (
            hold.expires_at is None or command.at < hold.expires_at
        ):
            broken.add(OutcomeCode.HOLD_NOT_DUE)
        return broken

    def _broken_by_naming(self, account_id: AccountId, asset: str) -> set[OutcomeCode]:
        account = self.accounts.get(account_id)
        if account is None:
            return {OutcomeCode.ACCOUNT_NOT_FOUND}
        broken = set()
        if account.key.asset != asset:
            broken.add(OutcomeCode.ASSET_MISMATCH)
        if account.status is AccountStatus.CLOSED:
            broken.add(OutcomeCode.ACCOUNT_CLOSED)
        return broken


def one_refused(group: Sequence[Command], position: int, code: OutcomeCode) -> list[Said]:
    refused = [Said(OutcomeCode.LINKED_FAILED) for _ in group]
    refused[position] = Said(code)
    return refused


def grouped(batch: Batch) -> list[Batch]:
    groups: list[list[Command]] = []
    for command in batch:
        if groups and command.linked is not None and groups[-1][0].linked == command.linked:
            groups[-1].append(command)
        else:
            groups.append([command])
    return [tuple(group) for group in groups]
