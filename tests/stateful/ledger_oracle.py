"""A second ledger, as naive as can be: no balances, no deltas, no drafts, no precedence by order.

It keeps the journal and the history of each hold and adds everything up again for every question.
It collects all rules a command breaks by trying the command on a copy, and answers with the lowest.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime

from domain.ledger.account import Account, AccountStatus
from domain.ledger.commands import Batch, Command, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.ledger.entry import JournalTransaction
from domain.ledger.outcomes import OutcomeCode
from domain.shared.ids import AccountId, HoldId, TransactionId


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

    def submit(self, batch: Batch) -> list[OutcomeCode]:
        codes: list[OutcomeCode] = []
        start = 0
        while start < len(batch):
            end = start + 1
            linked = batch[start].linked
            while linked is not None and end < len(batch) and batch[end].linked == linked:
                end += 1
            codes += self._submit_group(batch[start:end])
            start = end
        return codes

    def units_of(self, account: Account) -> list[int]:
        """The account's entries in order, positive on its normal side."""
        grows_by_credit = account.type.value in {"liability", "income", "equity"}
        return [
            entry.units if grows_by_credit else -entry.units
            for transaction in self.journal.values()
            for entry in transaction.entries
            if entry.account_id == account.id
        ]

    def held(self, account: Account) -> int:
        return sum(hold.remaining for hold in self.holds.values() if hold.account_id == account.id)

    def available(self, account: Account) -> int:
        return sum(self.units_of(account)) - self.held(account)

    def _submit_group(self, group: Batch) -> list[OutcomeCode]:
        before = deepcopy((self.journal, self.holds))
        for position, command in enumerate(group):
            broken = self._broken_rules(command)
            if broken:
                self.journal, self.holds = before
                codes = [OutcomeCode.LINKED_FAILED for _ in group]
                codes[position] = min(broken)
                return codes
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
        broken: set[OutcomeCode] = set()
        if transaction.id in self.journal:
            broken.add(OutcomeCode.TRANSACTION_EXISTS)
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
