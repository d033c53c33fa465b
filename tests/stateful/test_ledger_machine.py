"""Any sequence of batches against the rules and against a naive ledger, with the same answers."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from domain.ledger.account import Account
from domain.ledger.balance import Balance
from domain.ledger.commands import Batch
from domain.ledger.decision import Decision, Deltas, NumberedEntry
from domain.ledger.entry import sums_by_asset
from domain.ledger.hold import Hold, HoldState
from domain.ledger.outcomes import OutcomeCode
from domain.ledger.rules import LedgerState, apply, decide
from domain.ledger.trial_balance import trial_balance
from tests.stateful.ledger_histories import CLOSABLE, batches, cast
from tests.stateful.ledger_oracle import Oracle, grouped, said
from tests.unit.domain.ledger.books import books_of

CLOSINGS_MAX: Final = 2


class LedgerMachine(RuleBasedStateMachine):
    @initialize()
    def open_books(self) -> None:
        self.state = books_of(cast())
        self.oracle = Oracle(dict(self.state.accounts))
        self.entries: list[NumberedEntry] = []
        self.keyed: list[Batch] = []

    @rule(data=st.data())
    def submit(self, data: st.DataObject) -> None:
        batch = data.draw(
            batches(list(self.state.holds.values()), list(self.oracle.journal.values()))
        )
        decision = decide(batch, self.state)
        assert [said(outcome) for outcome in decision.outcomes] == self.oracle.submit(batch)
        if not any(outcome.accepted and not outcome.replayed for outcome in decision.outcomes):
            assert replace(decision.deltas, answers={}) == Deltas()
            untouched = replace(apply(self.state, decision.deltas), answers=self.state.answers)
            assert untouched == self.state
        assert self.one_group_at_a_time(batch) == apply(self.state, decision.deltas)
        self.remember(batch, decision)
        self.state = apply(self.state, decision.deltas)
        self.entries += decision.deltas.entries

    def remember(self, batch: Batch, decision: Decision) -> None:
        """The groups with keys that were answered for the first time."""
        outcomes = iter(decision.outcomes)
        for group in grouped(batch):
            answered = [next(outcomes) for _ in group]
            refused = any(each.code is OutcomeCode.KEY_REUSED for each in answered)
            if group[0].request is not None and not refused:
                self.keyed.append(group)

    # Seldom, or nothing else would happen.
    @precondition(lambda self: len(self.oracle.closed) < CLOSINGS_MAX)
    @rule(through=st.sampled_from(CLOSABLE))
    def close_period(self, through: date) -> None:
        self.oracle.close(through)
        self.state = replace(self.state, closed_through=max(self.oracle.closed))

    @precondition(lambda self: self.keyed)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """What has a key is answered as before, whatever has happened since, and does nothing."""
        group = data.draw(st.sampled_from(self.keyed))
        decision = decide(group, self.state)
        assert [said(outcome) for outcome in decision.outcomes] == self.oracle.submit(group)
        assert all(outcome.replayed for outcome in decision.outcomes)
        assert decision.deltas == Deltas()

    def one_group_at_a_time(self, batch: Batch) -> LedgerState:
        """A batch is nothing but its groups in order."""
        state = self.state
        for group in grouped(batch):
            state = apply(state, decide(group, state).deltas)
        return state

    @invariant()
    def every_asset_sums_to_zero(self) -> None:
        totals: dict[int, Balance] = {}
        for numbered in self.entries:
            entry = numbered.entry
            before = totals.get(entry.account_id.int, Balance(entry.account_id))
            totals[entry.account_id.int] = replace(
                before,
                debits=before.debits + entry.debit_units,
                credits=before.credits + entry.credit_units,
            )
        assert trial_balance(self.state.accounts, totals.values()).balanced
        entries = tuple(numbered.entry for numbered in self.entries)
        assert not any(sums_by_asset(entries).values())

    @invariant()
    def available_is_never_below_the_floor(self) -> None:
        for balance in self.state.balances.values():
            account = self.state.accounts[balance.account_id]
            assert account.floor_units is not None
            assert balance.available(account.type) >= account.floor_units

    @invariant()
    def holds_add_up_and_agree_with_what_is_held(self) -> None:
        held: dict[int, int] = {}
        for hold in self.state.holds.values():
            assert hold.captured + hold.released + hold.remaining == hold.units
            assert (hold.state is HoldState.ACTIVE) == (hold.remaining > 0)
            assert_never_expired_behind_an_order(hold)
            theirs = self.oracle.holds[hold.id]
            assert (hold.remaining, hold.captured) == (theirs.remaining, sum(theirs.captured))
            held[hold.account_id.int] = held.get(hold.account_id.int, 0) + hold.remaining
        for balance in self.state.balances.values():
            assert balance.held == held.get(balance.account_id.int, 0)

    @invariant()
    def replaying_the_journal_gives_the_balances(self) -> None:
        for balance in self.state.balances.values():
            account = self.state.accounts[balance.account_id]
            units = self.oracle.units_of(account)
            assert balance.posted(account.type) == sum(units)
            assert balance.debits + balance.credits == sum(map(abs, units))
            assert_numbered_without_gaps(self.entries, account, units)
            assert balance.version == len(units)

    @invariant()
    def nothing_is_reversed_twice(self) -> None:
        reversed_ids = [each.reverses for each in self.oracle.journal.values() if each.reverses]
        assert len(reversed_ids) == len(set(reversed_ids))
        assert reversed_ids == [
            original_id
            for original_id in reversed_ids
            if self.state.originals[original_id].reversed_by is not None
        ]

    @invariant()
    def every_answer_is_kept(self) -> None:
        kept = {
            key: (answer.fingerprint, answer.outcome.code)
            for key, answer in self.state.answers.items()
        }
        theirs = self.oracle.answers.items()
        assert kept == {key: (each.fingerprint, each.code) for key, each in theirs}

    @invariant()
    def deferred_entries_carry_no_number(self) -> None:
        for numbered in self.entries:
            strict = self.state.accounts[numbered.entry.account_id].strict
            assert (numbered.account_seq is not None) == strict
            assert (numbered.balance_after is not None) == strict


def assert_never_expired_behind_an_order(hold: Hold) -> None:
    assert hold.expires_at is not None or hold.state is not HoldState.EXPIRED


def assert_numbered_without_gaps(
    entries: Sequence[NumberedEntry], account: Account, units: Sequence[int]
) -> None:
    mine = [numbered for numbered in entries if numbered.entry.account_id == account.id]
    running = [sum(units[: count + 1]) for count in range(len(units))]
    assert [numbered.account_seq for numbered in mine] == list(range(1, len(units) + 1))
    assert [numbered.balance_after for numbered in mine] == running


LedgerMachine.TestCase.settings = settings(stateful_step_count=25)
TestLedger = LedgerMachine.TestCase
