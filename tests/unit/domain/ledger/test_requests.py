"""A key is answered once: the answer is kept with what was asked, and given again."""

import pytest
from msgspec.structs import replace

from domain.ledger.chart import AccountCode
from domain.ledger.commands import Batch, Post, Request, RequestInvalid
from domain.ledger.decision import Deltas
from domain.ledger.outcomes import OutcomeCode
from domain.ledger.rules import BatchInvalid, LedgerState, apply, decide
from tests.unit.domain.ledger.books import NOW, a_transaction, an_account, books_of, transaction_id

RICH, POOR, HOUSE = 1, 2, 3
ASKED, SOMETHING_ELSE = bytes(32), bytes(31) + b"1"


def books() -> LedgerState:
    house = an_account(HOUSE, AccountCode.HOUSE_CLEARING)
    return books_of([an_account(RICH), an_account(POOR), house], funds={RICH: 100})


def paying(
    number: int,
    units: int,
    *,
    key: str | None = "key",
    fingerprint: bytes = ASKED,
    linked: int | None = None,
) -> Post:
    request = None if key is None else Request(key, fingerprint)
    made = a_transaction(number, (RICH, -units), (POOR, units))
    return Post(made, NOW, request=request, linked=linked)


def codes(batch: Batch, state: LedgerState) -> list[OutcomeCode]:
    return [outcome.code for outcome in decide(batch, state).outcomes]


def test_accepted_request_asked_again_is_answered_with_what_was_posted() -> None:
    state = apply(books(), decide((paying(1, 60),), books()).deltas)
    again = decide((paying(2, 60),), state)
    (outcome,) = again.outcomes
    assert outcome.accepted
    assert outcome.replayed
    assert outcome.transaction_id == transaction_id(1)
    assert again.deltas == Deltas()


def test_refused_request_asked_again_is_refused_though_it_would_now_be_accepted() -> None:
    refused = apply(books(), decide((paying(1, 101),), books()).deltas)
    richer = replace(refused, balances=books_of([an_account(RICH)], funds={RICH: 500}).balances)
    (outcome,) = decide((paying(2, 101),), richer).outcomes
    assert outcome.code is OutcomeCode.BELOW_FLOOR
    assert outcome.replayed


def test_key_used_for_something_else_is_refused_and_keeps_its_answer() -> None:
    state = apply(books(), decide((paying(1, 60),), books()).deltas)
    other = decide((paying(2, 1, fingerprint=SOMETHING_ELSE),), state)
    assert other.outcomes[0].code is OutcomeCode.KEY_REUSED
    assert other.deltas == Deltas()
    assert codes((paying(3, 60),), state) == [OutcomeCode.OK]


def test_same_key_twice_in_a_batch_is_posted_once() -> None:
    decision = decide((paying(1, 60), paying(2, 60)), books())
    assert [outcome.replayed for outcome in decision.outcomes] == [False, True]
    assert len(decision.deltas.transactions) == 1


def test_group_asked_again_is_answered_as_a_whole() -> None:
    group = (paying(1, 60, key="a", linked=1), paying(2, 60, key="b", linked=1))
    first = decide(group, books())
    expected = [OutcomeCode.LINKED_FAILED, OutcomeCode.BELOW_FLOOR]
    assert [outcome.code for outcome in first.outcomes] == expected
    again = decide(group, apply(books(), first.deltas))
    assert [outcome.code for outcome in again.outcomes] == expected
    assert all(outcome.replayed for outcome in again.outcomes)


def test_group_with_a_key_used_alone_before_is_refused_whole() -> None:
    state = apply(books(), decide((paying(1, 10, key="a"),), books()).deltas)
    group = (paying(2, 10, key="a", linked=1), paying(3, 10, key="b", linked=1))
    assert codes(group, state) == [OutcomeCode.LINKED_FAILED, OutcomeCode.KEY_REUSED]


def test_group_with_one_key_for_two_commands_is_refused_whole() -> None:
    group = (paying(1, 10, linked=1), paying(2, 10, linked=1))
    assert codes(group, books()) == [OutcomeCode.KEY_REUSED, OutcomeCode.LINKED_FAILED]


def test_group_of_which_only_some_have_a_key_is_no_batch() -> None:
    group = (paying(1, 10, linked=1), paying(2, 10, key=None, linked=1))
    with pytest.raises(BatchInvalid):
        decide(group, books())


@pytest.mark.parametrize(("key", "fingerprint"), [("", ASKED), ("k" * 256, ASKED), ("k", b"")])
def test_malformed_request_is_refused(key: str, fingerprint: bytes) -> None:
    with pytest.raises(RequestInvalid):
        Request(key, fingerprint)
