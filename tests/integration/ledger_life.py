"""Books in which everything has happened that can, and what must be refused in them."""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from domain.ledger.commands import Batch, Command, ExpireHold, PlaceHold, Post, ReleaseHold, Request
from domain.ledger.entry import HoldCapture
from domain.ledger.outcomes import OutcomeCode
from tests.stateful.ledger_histories import (
    ALICE,
    ALICE_BTC,
    BOB,
    CLOSED,
    CREDIT_LINE,
    HOUSE,
    HOUSE_BTC,
    LINE,
    TILL,
    UNKNOWN,
    cast,
)
from tests.stateful.ledger_store import Books, Store
from tests.unit.domain.ledger.books import (
    BTC,
    LATER,
    TODAY,
    a_hold,
    a_transaction,
    hold_id,
    transaction_id,
)

OK: Final = OutcomeCode.OK
EVEN_LATER: Final = LATER + timedelta(minutes=5)
CLOSED_THROUGH: Final = TODAY - timedelta(days=3)


def post(number: int, *entries: tuple[int, int], **terms: object) -> Post:
    return Post(replace(a_transaction(number, *entries), **terms), LATER)


def taking(number: int, hold: int, units: int, *, final: bool = False) -> Post:
    captures = (HoldCapture(hold_id(hold), units, final),)
    return post(number, (ALICE, -units), (HOUSE, units), captures=captures)


def keyed(command: Command, key: str) -> Command:
    return replace(command, request=Request(key, bytes(32)))


FUNDS: Final[Batch] = (
    post(1, (HOUSE, -100), (ALICE, 100)),
    post(2, (HOUSE, -100), (BOB, 100)),
    post(3, (TILL, -80), (HOUSE, 80)),
    Post(a_transaction(4, (HOUSE_BTC, -9), (ALICE_BTC, 9), asset=BTC), LATER),
)
LIFE: Final[tuple[Batch, ...]] = (
    (post(5, (ALICE, -10), (BOB, 7), (HOUSE, 3)), post(6, (LINE, -CREDIT_LINE), (BOB, 50))),
    (PlaceHold(a_hold(1, ALICE, 30)), PlaceHold(a_hold(2, ALICE, 20, expires_at=EVEN_LATER))),
    (taking(7, 1, 5), taking(8, 1, 5), taking(9, 1, 5, final=True)),
    (PlaceHold(a_hold(3, BOB, 10)), ReleaseHold(hold_id(3), LATER)),
    (ExpireHold(hold_id(2), EVEN_LATER), PlaceHold(a_hold(4, BOB, 6))),
    (PlaceHold(a_hold(5, BOB, 2, expires_at=EVEN_LATER)),),
    (post(10, (BOB, -7), (ALICE, 7)), post(11, (BOB, 7), (ALICE, -7), reverses=transaction_id(10))),
    (post(12, (ALICE, -1), (BOB, 1), effective_on=TODAY - timedelta(days=2)),),
)
ASKED: Final[tuple[tuple[Batch, OutcomeCode], ...]] = (
    ((keyed(post(20, (ALICE, -2), (BOB, 2)), "paid"),), OK),
    ((keyed(post(21, (ALICE, -900), (BOB, 900)), "too much"),), OutcomeCode.BELOW_FLOOR),
    ((keyed(PlaceHold(a_hold(9, BOB, 3)), "held"),), OK),
    ((keyed(ReleaseHold(hold_id(11), LATER), "no hold"),), OutcomeCode.HOLD_NOT_FOUND),
)
# One command that breaks each rule a command can break here, by the answer to it.
REFUSED: Final[dict[OutcomeCode, Command]] = {
    OutcomeCode.TRANSACTION_EXISTS: post(1, (ALICE, -1), (BOB, 1)),
    OutcomeCode.ORIGINAL_NOT_FOUND: post(30, (ALICE, -1), (BOB, 1), reverses=transaction_id(299)),
    OutcomeCode.ORIGINAL_REVERSED: post(31, (BOB, 7), (ALICE, -7), reverses=transaction_id(10)),
    OutcomeCode.REVERSAL_DIFFERS: post(32, (BOB, -9), (ALICE, 9), reverses=transaction_id(5)),
    OutcomeCode.PERIOD_CLOSED: post(33, (ALICE, -1), (BOB, 1), effective_on=CLOSED_THROUGH),
    OutcomeCode.ACCOUNT_NOT_FOUND: post(34, (ALICE, -1), (UNKNOWN, 1)),
    OutcomeCode.ASSET_MISMATCH: post(35, (ALICE, -1), (ALICE_BTC, 1)),
    OutcomeCode.ACCOUNT_CLOSED: post(36, (ALICE, -1), (CLOSED, 1)),
    OutcomeCode.ACCOUNT_NOT_STRICT: PlaceHold(a_hold(8, HOUSE, 1)),
    OutcomeCode.HOLD_EXISTS: PlaceHold(a_hold(1, ALICE, 1)),
    OutcomeCode.HOLD_NOT_FOUND: ReleaseHold(hold_id(11), LATER),
    OutcomeCode.HOLD_NOT_ACTIVE: ReleaseHold(hold_id(1), LATER),
    OutcomeCode.HOLD_EXPIRED: Post(
        a_transaction(
            40, (BOB, -1), (HOUSE, 1), captures=(HoldCapture(hold_id(5), 1, final=False),)
        ),
        EVEN_LATER,
    ),
    OutcomeCode.HOLD_NOT_DUE: ExpireHold(hold_id(4), LATER),
    OutcomeCode.HOLD_EXCEEDED: post(
        37, (BOB, -7), (HOUSE, 7), captures=(HoldCapture(hold_id(4), 7, False),)
    ),
    OutcomeCode.HOLD_NOT_SPENT: post(
        38, (BOB, -1), (HOUSE, 1), captures=(HoldCapture(hold_id(4), 2, False),)
    ),
    OutcomeCode.BELOW_FLOOR: post(39, (LINE, -1), (BOB, 1)),
}


async def lived(store: Store) -> Books:
    """What is effective so early is closed in the end."""
    books = Books(store, cast())
    await books.open()
    for batch in (FUNDS, *LIFE):
        outcomes = await books.post(batch, alone=True)
        assert {outcome.code for outcome in outcomes} == {OK}
    for batch, code in ASKED:
        (outcome,) = await books.post(batch, alone=True)
        assert outcome.code is code
    assert await books.close_period(CLOSED_THROUGH)
    return books
