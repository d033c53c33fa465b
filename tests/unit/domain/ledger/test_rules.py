"""What is accepted, what it changes, and that a batch is judged in order."""

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.ledger.account import Account, AccountKey, AccountStatus, AccountType
from domain.ledger.balance import Balance
from domain.ledger.chart import AccountCode
from domain.ledger.commands import COMMANDS_MAX, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.ledger.decision import Deltas
from domain.ledger.entry import HoldCapture
from domain.ledger.hold import HoldState
from domain.ledger.outcomes import OutcomeCode
from domain.ledger.rules import BatchInvalid, LedgerState, apply, decide
from domain.shared.errors import InvariantViolation
from tests.unit.domain.ledger.books import (
    LATER,
    NOW,
    USDT,
    a_hold,
    a_transaction,
    account_id,
    an_account,
    books_of,
    hold_id,
)

ALICE, BOB, HOUSE = 1, 2, 3


def small_books(**funds: int) -> LedgerState:
    numbers = {"alice": ALICE, "bob": BOB}
    return books_of(
        [an_account(ALICE), an_account(BOB), an_account(HOUSE, AccountCode.HOUSE_CLEARING)],
        funds={numbers[name]: units for name, units in funds.items()},
    )


def test_posting_adds_to_both_sides_and_numbers_strict_entries_only() -> None:
    state = small_books(alice=100)
    decision = decide((Post(a_transaction(1, (ALICE, -30), (HOUSE, 30)), NOW),), state)

    assert [outcome.code for outcome in decision.outcomes] == [OutcomeCode.OK]
    (alice,) = decision.deltas.accounts
    assert (alice.debits, alice.credits, alice.entries) == (30, 0, 1)
    numbered = [(entry.account_seq, entry.balance_after) for entry in decision.deltas.entries]
    assert numbered == [(2, 70), (None, None)]
    assert apply(state, decision.deltas).balances[account_id(ALICE)] == Balance(
        account_id(ALICE), debits=30, credits=100, version=2
    )


def test_floor_is_reached_but_not_crossed() -> None:
    state = small_books(alice=100)
    all_of_it = Post(a_transaction(1, (ALICE, -100), (BOB, 100)), NOW)
    one_more = Post(a_transaction(2, (ALICE, -101), (BOB, 101)), NOW)
    assert decide((all_of_it,), state).outcomes[0].accepted
    assert decide((one_more,), state).outcomes[0].error_code == "insufficient_funds"


def test_credit_line_is_a_floor_below_zero() -> None:
    state = small_books()
    line = replace(state.accounts[account_id(ALICE)], floor_units=-50)
    state = replace(state, accounts={**state.accounts, line.id: line})
    to_the_line = Post(a_transaction(1, (ALICE, -50), (BOB, 50)), NOW)
    beyond = Post(a_transaction(2, (ALICE, -1), (BOB, 1)), NOW)
    codes = [outcome.code for outcome in decide((to_the_line, beyond), state).outcomes]
    assert codes == [OutcomeCode.OK, OutcomeCode.BELOW_FLOOR]


def test_strict_asset_account_is_judged_on_its_own_side() -> None:
    till = Account(
        id=account_id(ALICE),
        key=AccountKey(AccountCode.CUSTODY, USDT),
        type=AccountType.ASSET,
        floor_units=0,
        created_at=NOW,
    )
    state = books_of([till, an_account(HOUSE, AccountCode.CAPITAL)])
    fill = Post(a_transaction(1, (ALICE, -10), (HOUSE, 10)), NOW)
    empty = Post(a_transaction(2, (ALICE, 10), (HOUSE, -10)), NOW)
    decision = decide((empty, fill), state)
    assert [o.code for o in decision.outcomes] == [OutcomeCode.BELOW_FLOOR, OutcomeCode.OK]
    assert decision.deltas.entries[0].balance_after == 10


def test_later_command_sees_what_an_earlier_one_did() -> None:
    batch = (
        Post(a_transaction(1, (ALICE, -100), (BOB, 100)), NOW),
        Post(a_transaction(2, (BOB, -100), (ALICE, 100)), NOW),
        Post(a_transaction(3, (ALICE, -60), (BOB, 60)), NOW),
    )
    decision = decide(batch, small_books(alice=100))
    assert all(outcome.accepted for outcome in decision.outcomes)
    alice = decision.deltas.accounts[0]
    assert (alice.debits, alice.credits, alice.entries) == (160, 100, 3)
    of_alice = [e for e in decision.deltas.entries if e.entry.account_id == account_id(ALICE)]
    assert [(e.account_seq, e.balance_after) for e in of_alice] == [(2, 0), (3, 100), (4, 40)]


def test_refused_command_leaves_no_trace() -> None:
    state = small_books(alice=10)
    too_much = Post(a_transaction(1, (ALICE, -11), (BOB, 11)), NOW)
    from_bob = Post(a_transaction(2, (BOB, -1), (ALICE, 1)), NOW)
    decision = decide((too_much, from_bob), state)
    assert [o.code for o in decision.outcomes] == [OutcomeCode.BELOW_FLOOR] * 2
    assert decision.deltas == Deltas()
    assert apply(state, decision.deltas) == state


def test_hold_sets_aside_without_posting() -> None:
    state = small_books(alice=100)
    decision = decide((PlaceHold(a_hold(1, ALICE, 70)), PlaceHold(a_hold(2, ALICE, 31))), state)
    assert [o.code for o in decision.outcomes] == [OutcomeCode.OK, OutcomeCode.BELOW_FLOOR]
    after = apply(state, decision.deltas).balances[account_id(ALICE)]
    assert (after.posted(AccountType.LIABILITY), after.available(AccountType.LIABILITY)) == (
        100,
        30,
    )
    assert after.version == 1


def test_held_funds_are_not_there_to_spend() -> None:
    spend = Post(a_transaction(1, (ALICE, -31), (BOB, 31)), NOW)
    codes = [
        outcome.code
        for outcome in decide(
            (PlaceHold(a_hold(1, ALICE, 70)), spend), small_books(alice=100)
        ).outcomes
    ]
    assert codes == [OutcomeCode.OK, OutcomeCode.BELOW_FLOOR]


def test_capture_spends_the_hold_and_frees_the_rest() -> None:
    state = small_books(alice=100)
    place = PlaceHold(a_hold(1, ALICE, 100))
    taken = HoldCapture(hold_id(1), 60, final=True)
    spend = Post(a_transaction(1, (ALICE, -60), (BOB, 60), captures=[taken]), NOW)
    after = apply(state, decide((place, spend), state).deltas)
    assert after.holds[hold_id(1)].state is HoldState.CAPTURED
    assert (after.balances[account_id(ALICE)].held, after.balances[account_id(ALICE)].debits) == (
        0,
        60,
    )


def test_capture_may_be_topped_up_from_what_is_available() -> None:
    state = small_books(alice=100)
    taken = HoldCapture(hold_id(1), 60, final=True)
    spend = Post(a_transaction(1, (ALICE, -100), (BOB, 100), captures=[taken]), NOW)
    decision = decide((PlaceHold(a_hold(1, ALICE, 60)), spend), state)
    assert all(outcome.accepted for outcome in decision.outcomes)


def test_several_changes_of_a_hold_are_one_change_of_its_row() -> None:
    state = small_books(alice=100)
    taken = HoldCapture(hold_id(1), 10, final=False)
    batch = (
        PlaceHold(a_hold(1, ALICE, 50)),
        Post(a_transaction(1, (ALICE, -10), (BOB, 10), captures=[taken]), NOW),
        ReleaseHold(hold_id(1), NOW),
    )
    (change,) = decide(batch, state).deltas.holds
    assert change.before is None
    assert (change.after.state, change.after.captured, change.after.released) == (
        HoldState.RELEASED,
        10,
        40,
    )


def test_expired_hold_keeps_its_money_until_the_sweep() -> None:
    state = small_books(alice=100)
    place = PlaceHold(a_hold(1, ALICE, 100, expires_at=LATER))
    spend = Post(a_transaction(1, (ALICE, -1), (BOB, 1)), LATER)
    sweep = ExpireHold(hold_id(1), LATER)
    again = Post(a_transaction(2, (ALICE, -1), (BOB, 1)), LATER)
    codes = [o.code for o in decide((place, spend, sweep, again), state).outcomes]
    assert codes == [OutcomeCode.OK, OutcomeCode.BELOW_FLOOR, OutcomeCode.OK, OutcomeCode.OK]


def test_release_comes_in_time_even_after_expiry() -> None:
    place = PlaceHold(a_hold(1, ALICE, 100, expires_at=LATER))
    give_back = ReleaseHold(hold_id(1), LATER + timedelta(hours=1))
    decision = decide((place, give_back), small_books(alice=100))
    assert decision.outcomes[1].accepted


def test_linked_commands_stand_together() -> None:
    state = small_books(alice=100)
    batch = (
        Post(a_transaction(1, (ALICE, -60), (BOB, 60)), NOW, linked=1),
        Post(a_transaction(2, (BOB, -60), (HOUSE, 60)), NOW, linked=1),
    )
    decision = decide(batch, state)
    assert all(outcome.accepted for outcome in decision.outcomes)
    bob = apply(state, decision.deltas).balances[account_id(BOB)]
    assert (bob.debits, bob.credits, bob.version) == (60, 60, 2)
    assert [transaction.id.int for transaction in decision.deltas.transactions] == [1_001, 1_002]


def test_linked_commands_fall_together_and_others_do_not() -> None:
    batch = (
        Post(a_transaction(1, (ALICE, -60), (BOB, 60)), NOW, linked=1),
        Post(a_transaction(2, (ALICE, -60), (BOB, 60)), NOW, linked=1),
        Post(a_transaction(3, (BOB, -1), (ALICE, 1)), NOW, linked=1),
        Post(a_transaction(4, (ALICE, -100), (BOB, 100)), NOW),
    )
    decision = decide(batch, small_books(alice=100))
    assert [o.code for o in decision.outcomes] == [
        OutcomeCode.LINKED_FAILED,
        OutcomeCode.BELOW_FLOOR,
        OutcomeCode.LINKED_FAILED,
        OutcomeCode.OK,
    ]
    assert [transaction.id.int for transaction in decision.deltas.transactions] == [1_004]


def test_groups_next_to_each_other_are_two() -> None:
    batch = (
        Post(a_transaction(1, (ALICE, -60), (BOB, 60)), NOW, linked=1),
        Post(a_transaction(2, (ALICE, -60), (BOB, 60)), NOW, linked=2),
        Post(a_transaction(3, (ALICE, -40), (BOB, 40)), NOW, linked=3),
    )
    codes = [o.code for o in decide(batch, small_books(alice=100)).outcomes]
    assert codes == [OutcomeCode.OK, OutcomeCode.BELOW_FLOOR, OutcomeCode.OK]


def test_scattered_group_is_a_bad_batch() -> None:
    linked = Post(a_transaction(1, (ALICE, -1), (BOB, 1)), NOW, linked=1)
    other = Post(a_transaction(2, (ALICE, -1), (BOB, 1)), NOW)
    again = Post(a_transaction(3, (ALICE, -1), (BOB, 1)), NOW, linked=1)
    with pytest.raises(BatchInvalid):
        decide((linked, other, again), small_books(alice=100))


def test_batch_has_a_bound() -> None:
    batch = (ReleaseHold(hold_id(1), NOW),) * (COMMANDS_MAX + 1)
    with pytest.raises(BatchInvalid):
        decide(batch, small_books())
    assert len(decide(batch[:-1], small_books()).outcomes) == COMMANDS_MAX


def test_accounts_and_holds_come_in_locking_order() -> None:
    state = small_books(alice=100, bob=100)
    batch = (
        PlaceHold(a_hold(9, BOB, 1)),
        PlaceHold(a_hold(4, ALICE, 1)),
        Post(a_transaction(1, (BOB, -5), (ALICE, 5)), NOW),
    )
    deltas = decide(batch, state).deltas
    assert [delta.account_id.int for delta in deltas.accounts] == [ALICE, BOB]
    assert [change.after.id for change in deltas.holds] == [hold_id(4), hold_id(9)]


def test_balance_that_was_not_loaded_is_a_bug() -> None:
    state = replace(small_books(alice=100), balances={})
    with pytest.raises(InvariantViolation):
        decide((Post(a_transaction(1, (ALICE, -1), (BOB, 1)), NOW),), state)


def test_closed_account_still_gets_its_hold_back() -> None:
    hold = a_hold(1, ALICE, 10)
    state = books_of([an_account(ALICE, closed=True)], funds={ALICE: 10}, holds=[hold])
    assert state.accounts[account_id(ALICE)].status is AccountStatus.CLOSED
    assert decide((ReleaseHold(hold.id, NOW),), state).outcomes[0].accepted


def test_unknown_hold_is_named_in_the_answer() -> None:
    (outcome,) = decide((ReleaseHold(hold_id(7), NOW),), small_books()).outcomes
    assert (outcome.code, outcome.hold_id) == (OutcomeCode.HOLD_NOT_FOUND, hold_id(7))
    assert outcome.hold_id is not None
    assert isinstance(outcome.hold_id, UUID)
