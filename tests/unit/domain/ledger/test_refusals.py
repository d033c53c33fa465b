"""Every refusal, in order of precedence: each case breaks its own rule and every later one it can.

A case that came out with a later code would mean that a less fundamental rule was asked first.
"""

from datetime import date, timedelta
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from domain.ledger.balance import ACCUMULATOR_LIMIT, Balance
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Command, ExpireHold, PlaceHold, Post, ReleaseHold, Request
from domain.ledger.decision import Deltas
from domain.ledger.entry import HoldCapture
from domain.ledger.hold import release
from domain.ledger.outcomes import ACCEPTED, ERROR_CODES, OutcomeCode
from domain.ledger.rules import LedgerState, decide
from domain.ledger.state import Answer, Original
from tests.unit.domain.ledger.books import (
    BTC,
    LATER,
    NOW,
    TODAY,
    a_hold,
    a_transaction,
    account_id,
    an_account,
    books_of,
    hold_id,
    transaction_id,
)

RICH, POOR, HOUSE, CLOSED, BITCOIN, FULL, NOWHERE = 1, 2, 3, 4, 5, 6, 99
POSTED, REVERSED = 77, 78
CLOSED_DAY = TODAY - timedelta(days=1)
OPEN, ENDED, EXPIRING, UNKNOWN = 1, 2, 3, 9


class Case(NamedTuple):
    refusal: OutcomeCode
    command: Command


def books() -> LedgerState:
    state = books_of(
        [
            an_account(RICH),
            an_account(POOR),
            an_account(HOUSE, AccountCode.HOUSE_CLEARING),
            an_account(CLOSED, closed=True),
            an_account(BITCOIN, asset=BTC),
            an_account(FULL),
        ],
        funds={RICH: 1_000, POOR: 10},
        holds=[
            a_hold(OPEN, RICH, 50),
            release(a_hold(ENDED, RICH, 50)),
            a_hold(EXPIRING, RICH, 50, expires_at=LATER),
        ],
    )
    brimful = Balance(account_id(FULL), ACCUMULATOR_LIMIT - 1, ACCUMULATOR_LIMIT - 1)
    posted = a_transaction(POSTED, (NOWHERE, 1), (POOR, -1))
    return LedgerState(
        state.accounts,
        {**state.balances, brimful.account_id: brimful},
        state.holds,
        frozenset({transaction_id(POSTED)}),
        originals={
            transaction_id(POSTED): Original(posted.entries),
            transaction_id(REVERSED): Original(posted.entries, transaction_id(POSTED)),
        },
        answers={"used": Answer(bytes(31) + b"1", ACCEPTED)},
        closed_through=CLOSED_DAY,
    )


def post(
    *entries: tuple[int, int], number: int = 1, captures: dict[int, int] | None = None
) -> Post:
    """`captures` are units by number of the hold, taken when the one with an end has expired."""
    taken = [
        HoldCapture(hold_id(hold), units, final=False) for hold, units in (captures or {}).items()
    ]
    return Post(a_transaction(number, *entries, captures=taken), LATER)


def turned(
    *entries: tuple[int, int], reverses: int, number: int = 1, on: date = CLOSED_DAY
) -> Post:
    made = post(*entries, number=number)
    transaction = replace(made.transaction, reverses=transaction_id(reverses), effective_on=on)
    return Post(transaction, LATER)


POSTS = [
    Case(
        OutcomeCode.KEY_REUSED,
        replace(
            turned((NOWHERE, -5), (POOR, 5), reverses=UNKNOWN, number=POSTED),
            request=Request("used", bytes(32)),
        ),
    ),
    Case(
        OutcomeCode.TRANSACTION_EXISTS,
        turned((NOWHERE, -5), (POOR, 5), reverses=UNKNOWN, number=POSTED),
    ),
    Case(
        OutcomeCode.TRANSACTION_EXISTS,
        post((NOWHERE, -500), (BITCOIN, 100), (CLOSED, 400), number=POSTED, captures={UNKNOWN: 1}),
    ),
    Case(OutcomeCode.ORIGINAL_NOT_FOUND, turned((NOWHERE, -5), (POOR, 5), reverses=UNKNOWN)),
    Case(OutcomeCode.ORIGINAL_REVERSED, turned((NOWHERE, -5), (POOR, 5), reverses=REVERSED)),
    Case(OutcomeCode.REVERSAL_DIFFERS, turned((NOWHERE, -5), (POOR, 5), reverses=POSTED)),
    Case(OutcomeCode.PERIOD_CLOSED, turned((NOWHERE, -1), (POOR, 1), reverses=POSTED)),
    Case(
        OutcomeCode.ACCOUNT_NOT_FOUND,
        post((BITCOIN, 100), (CLOSED, 300), (NOWHERE, -400), captures={UNKNOWN: 1}),
    ),
    Case(
        OutcomeCode.ASSET_MISMATCH,
        post((CLOSED, 300), (POOR, -400), (BITCOIN, 100), captures={UNKNOWN: 1}),
    ),
    Case(
        OutcomeCode.ACCOUNT_CLOSED,
        post((POOR, -400), (CLOSED, 400), captures={UNKNOWN: 1, ENDED: 1}),
    ),
    Case(
        OutcomeCode.HOLD_NOT_FOUND,
        post((POOR, -400), (HOUSE, 400), captures={ENDED: 1, EXPIRING: 1, UNKNOWN: 1}),
    ),
    Case(
        OutcomeCode.HOLD_NOT_SPENT,
        post((POOR, -400), (HOUSE, 400), captures={ENDED: 1, EXPIRING: 1, OPEN: 51}),
    ),
    Case(
        OutcomeCode.HOLD_NOT_ACTIVE,
        post((RICH, -900), (POOR, -50), (FULL, 950), captures={OPEN: 51, EXPIRING: 1, ENDED: 1}),
    ),
    Case(
        OutcomeCode.HOLD_EXPIRED,
        post((RICH, -900), (POOR, -50), (FULL, 950), captures={OPEN: 51, EXPIRING: 1}),
    ),
    Case(
        OutcomeCode.HOLD_EXCEEDED,
        post((RICH, -100), (POOR, -50), (FULL, 150), captures={OPEN: 51}),
    ),
    Case(OutcomeCode.BALANCE_LIMIT, post((POOR, -50), (FULL, 50))),
    Case(OutcomeCode.BELOW_FLOOR, post((POOR, -50), (RICH, 50))),
]

PLACES = [
    Case(OutcomeCode.ACCOUNT_NOT_FOUND, PlaceHold(a_hold(OPEN, NOWHERE, 500))),
    Case(OutcomeCode.ASSET_MISMATCH, PlaceHold(a_hold(OPEN, CLOSED, 500, asset=BTC))),
    Case(OutcomeCode.ACCOUNT_CLOSED, PlaceHold(a_hold(OPEN, CLOSED, 500))),
    Case(OutcomeCode.ACCOUNT_NOT_STRICT, PlaceHold(a_hold(OPEN, HOUSE, 500))),
    Case(OutcomeCode.HOLD_EXISTS, PlaceHold(a_hold(OPEN, POOR, 500))),
    Case(OutcomeCode.BELOW_FLOOR, PlaceHold(a_hold(UNKNOWN, POOR, 11))),
]

ENDS = [
    Case(OutcomeCode.HOLD_NOT_FOUND, ReleaseHold(hold_id(UNKNOWN), NOW)),
    Case(OutcomeCode.HOLD_NOT_ACTIVE, ReleaseHold(hold_id(ENDED), NOW)),
    Case(OutcomeCode.HOLD_NOT_FOUND, ExpireHold(hold_id(UNKNOWN), NOW)),
    Case(OutcomeCode.HOLD_NOT_ACTIVE, ExpireHold(hold_id(ENDED), NOW)),
    Case(OutcomeCode.HOLD_NOT_DUE, ExpireHold(hold_id(EXPIRING), NOW)),
    Case(OutcomeCode.HOLD_NOT_DUE, ExpireHold(hold_id(OPEN), LATER)),
]


@pytest.mark.parametrize(
    "case",
    [*POSTS, *PLACES, *ENDS],
    ids=lambda case: f"{type(case.command).__name__}-{case.refusal.name}",
)
def test_command_is_refused_for_the_most_fundamental_reason(case: Case) -> None:
    decision = decide((case.command,), books())
    assert decision.outcomes[0].code.name == case.refusal.name
    assert decision.deltas == Deltas()


def test_capture_of_nothing_spent_is_refused_though_the_account_is_in_debit() -> None:
    """The other direction: a credit to the account spends nothing of its hold."""
    command = post((RICH, 5), (HOUSE, -5), captures={OPEN: 5})
    assert decide((command,), books()).outcomes[0].code is OutcomeCode.HOLD_NOT_SPENT


def test_two_captures_together_may_not_exceed_what_is_spent() -> None:
    earlier = Post(
        a_transaction(
            1,
            (RICH, -60),
            (HOUSE, 60),
            captures=[
                HoldCapture(hold_id(OPEN), 40, final=False),
                HoldCapture(hold_id(EXPIRING), 21, final=False),
            ],
        ),
        NOW,
    )
    assert decide((earlier,), books()).outcomes[0].code is OutcomeCode.HOLD_NOT_SPENT


def test_same_transaction_twice_in_a_batch_is_posted_once() -> None:
    command = post((RICH, -5), (POOR, 5))
    codes = [outcome.code for outcome in decide((command, command), books()).outcomes]
    assert codes == [OutcomeCode.OK, OutcomeCode.TRANSACTION_EXISTS]


@pytest.mark.parametrize("cases", [POSTS, PLACES, ENDS[:2], ENDS[2:5]])
def test_cases_are_listed_in_order_of_precedence(cases: list[Case]) -> None:
    codes = [case.refusal for case in cases]
    assert codes == sorted(codes)


def test_every_refusal_has_a_case() -> None:
    covered = {case.refusal for case in [*POSTS, *PLACES, *ENDS]}
    # The first is refused where a transaction is built, the second needs a group.
    elsewhere = {OutcomeCode.UNBALANCED, OutcomeCode.LINKED_FAILED}
    assert covered | elsewhere == set(OutcomeCode) - {OutcomeCode.OK}


def test_refusals_have_distinct_codes_and_stored_numbers() -> None:
    assert set(ERROR_CODES) == set(OutcomeCode) - {OutcomeCode.OK}
    assert len(set(ERROR_CODES.values())) == len(ERROR_CODES)
    assert {code.name: int(code) for code in OutcomeCode} == {
        "OK": 0,
        "KEY_REUSED": 5,
        "UNBALANCED": 10,
        "TRANSACTION_EXISTS": 20,
        "ORIGINAL_NOT_FOUND": 22,
        "ORIGINAL_REVERSED": 24,
        "REVERSAL_DIFFERS": 26,
        "PERIOD_CLOSED": 28,
        "ACCOUNT_NOT_FOUND": 30,
        "ASSET_MISMATCH": 40,
        "ACCOUNT_CLOSED": 50,
        "ACCOUNT_NOT_STRICT": 60,
        "HOLD_EXISTS": 70,
        "HOLD_NOT_FOUND": 80,
        "HOLD_NOT_SPENT": 90,
        "HOLD_NOT_ACTIVE": 100,
        "HOLD_EXPIRED": 110,
        "HOLD_NOT_DUE": 120,
        "HOLD_EXCEEDED": 130,
        "BALANCE_LIMIT": 140,
        "BELOW_FLOOR": 150,
        "LINKED_FAILED": 160,
    }
