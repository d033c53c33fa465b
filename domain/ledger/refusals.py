"""Why a command is refused: one flat sequence of checks per command, most fundamental first.

A check looks at every entry or capture before the next check runs, so the answer does not depend on
the order they are written in. Nothing has any effect here.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from ..shared.ids import AccountId
from .account import Account, AccountStatus
from .balance import ACCUMULATOR_LIMIT
from .commands import Command, ExpireHold, PlaceHold, Post, ReleaseHold
from .entry import Entry, HoldCapture, JournalTransaction
from .hold import Hold, check_capture, check_expire, check_release
from .outcomes import ACCEPTED, Outcome, OutcomeCode
from .state import Books, Original

# Looked up once: what an enumeration's member costs is paid for every entry.
CLOSED: Final = AccountStatus.CLOSED


def judge(command: Command, books: Books) -> Outcome:
    """The answer to a command; `ACCEPTED` when no rule speaks against it."""
    match command:
        case Post():
            return _judge_post(command, books)
        case PlaceHold():
            return _judge_place(command.hold, books)
        case ReleaseHold() | ExpireHold():
            return _judge_end(command, books)


def _judge_post(command: Post, books: Books) -> Outcome:
    transaction = command.transaction
    header = _refused_header(transaction, books)
    if header is not None:
        return header
    accounts = books.accounts
    legs: list[tuple[Account, Entry]] = []
    for entry in transaction.entries:
        account = accounts.get(entry.account_id)
        if account is None:
            return Outcome(OutcomeCode.ACCOUNT_NOT_FOUND, entry.account_id)
        legs.append((account, entry))
    for account, entry in legs:
        if account.key.asset != entry.asset:
            return Outcome(OutcomeCode.ASSET_MISMATCH, account.id)
    for account, _ in legs:
        if account.status is CLOSED:
            return Outcome(OutcomeCode.ACCOUNT_CLOSED, account.id)
    if not transaction.captures:
        return _lowest(_beyond_balance(legs, {}, books))
    captures: list[tuple[Hold, HoldCapture]] = []
    for capture in transaction.captures:
        hold = books.hold(capture.hold_id)
        if hold is None:
            return Outcome(OutcomeCode.HOLD_NOT_FOUND, hold_id=capture.hold_id)
        captures.append((hold, capture))
    return _lowest(
        [
            *_unspent(legs, captures),
            *_beyond_holds(captures, command.at),
            *_beyond_balance(legs, _freed(captures), books),
        ]
    )


def _refused_header(transaction: JournalTransaction, books: Books) -> Outcome | None:
    if books.has_posted(transaction.id):
        return Outcome(OutcomeCode.TRANSACTION_EXISTS)
    if transaction.reverses is not None:
        reversing = _refused_reversal(transaction, books.original(transaction.reverses))
        if reversing is not None:
            return reversing
    closed_through = books.closed_through
    if closed_through is not None and transaction.effective_on <= closed_through:
        return Outcome(OutcomeCode.PERIOD_CLOSED)
    return None


def _refused_reversal(transaction: JournalTransaction, original: Original | None) -> Outcome | None:
    if original is None:
        return Outcome(OutcomeCode.ORIGINAL_NOT_FOUND, transaction_id=transaction.reverses)
    if original.reversed_by is not None:
        return Outcome(OutcomeCode.ORIGINAL_REVERSED, transaction_id=original.reversed_by)
    turned = {(entry.account_id, entry.asset, -entry.units) for entry in original.entries}
    if {(entry.account_id, entry.asset, entry.units) for entry in transaction.entries} != turned:
        return Outcome(OutcomeCode.REVERSAL_DIFFERS, transaction_id=transaction.reverses)
    return None


def _unspent(
    legs: list[tuple[Account, Entry]], captures: list[tuple[Hold, HoldCapture]]
) -> Iterable[Outcome]:
    """Captures must be paid out by the same transaction, or they would just be releases."""
    spent = {account.id: -entry.units * account.type.normal_sign for account, entry in legs}
    captured: dict[AccountId, int] = {}
    for hold, capture in captures:
        captured[hold.account_id] = captured.get(hold.account_id, 0) + capture.units
        if captured[hold.account_id] > spent.get(hold.account_id, 0):
            yield Outcome(OutcomeCode.HOLD_NOT_SPENT, hold.account_id, hold.id)


def _beyond_holds(captures: Iterable[tuple[Hold, HoldCapture]], at: datetime) -> Iterable[Outcome]:
    for hold, capture in captures:
        code = check_capture(hold, capture.units, at=at)
        if code is not OutcomeCode.OK:
            yield Outcome(code, hold.account_id, hold.id)


def _freed(captures: Iterable[tuple[Hold, HoldCapture]]) -> dict[AccountId, int]:
    freed: dict[AccountId, int] = {}
    for hold, capture in captures:
        units = hold.remaining if capture.final else capture.units
        freed[hold.account_id] = freed.get(hold.account_id, 0) + units
    return freed


def _beyond_balance(
    legs: Iterable[tuple[Account, Entry]], freed: Mapping[AccountId, int], books: Books
) -> list[Outcome]:
    """Judges each strict account by what the whole transaction leaves: it has one entry there."""
    refusals: list[Outcome] = []
    for account, entry in legs:
        if account.floor_units is None:
            continue
        after = books.balance(account.id).after(entry.units)
        if after.debits >= ACCUMULATOR_LIMIT or after.credits >= ACCUMULATOR_LIMIT:
            refusals.append(Outcome(OutcomeCode.BALANCE_LIMIT, account.id))
        if after.available(account.type) + freed.get(account.id, 0) < account.floor_units:
            refusals.append(Outcome(OutcomeCode.BELOW_FLOOR, account.id))
    return refusals


def _judge_place(hold: Hold, books: Books) -> Outcome:
    account = books.accounts.get(hold.account_id)
    if account is None:
        return Outcome(OutcomeCode.ACCOUNT_NOT_FOUND, hold.account_id)
    if account.asset != hold.asset:
        return Outcome(OutcomeCode.ASSET_MISMATCH, account.id)
    if account.status is AccountStatus.CLOSED:
        return Outcome(OutcomeCode.ACCOUNT_CLOSED, account.id)
    if account.floor_units is None:
        return Outcome(OutcomeCode.ACCOUNT_NOT_STRICT, account.id)
    if books.hold(hold.id) is not None:
        return Outcome(OutcomeCode.HOLD_EXISTS, account.id, hold.id)
    available = books.balance(account.id).available(account.type)
    if available - hold.units < account.floor_units:
        return Outcome(OutcomeCode.BELOW_FLOOR, account.id)
    return ACCEPTED


def _judge_end(command: ReleaseHold | ExpireHold, books: Books) -> Outcome:
    hold = books.hold(command.hold_id)
    if hold is None:
        return Outcome(OutcomeCode.HOLD_NOT_FOUND, hold_id=command.hold_id)
    code = (
        check_release(hold)
        if isinstance(command, ReleaseHold)
        else check_expire(hold, at=command.at)
    )
    return ACCEPTED if code is OutcomeCode.OK else Outcome(code, hold.account_id, hold.id)


def _lowest(refusals: Sequence[Outcome]) -> Outcome:
    return min(refusals, key=lambda outcome: outcome.code) if refusals else ACCEPTED
