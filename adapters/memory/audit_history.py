"""Checks of headers, reversals, kept answers and closed periods, and of how far was folded."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from adapters.memory.audit_checks import Check, Reading
from adapters.memory.ledger_folds import FOLD
from application.ports.verification import Finding
from domain.ledger.entry import Entry
from domain.ledger.kept_answers import is_well_formed
from domain.shared.ids import IdPrefix, TransactionId, encode_id


def torn_transactions(reading: Reading) -> Iterator[Finding]:
    """Half a transaction, or one whose halves were booked at different times."""
    headers = reading.store.transactions.of(reading.tenant_id)
    for entry in reading.entries:
        header = headers.get(entry.transaction_id)
        if header is None:
            yield _about(reading, "entry_has_header", entry.transaction_id, "no header")
        elif header.booked_at != entry.booked_at:
            detail = f"entry {entry.leg} at {entry.booked_at}, its header at {header.booked_at}"
            yield _about(reading, "entry_booked_with_header", entry.transaction_id, detail)
    entries = reading.store.entries.of(reading.tenant_id)
    for booked in reading.transactions:
        if (booked.transaction.id, 0) not in entries:
            yield _about(reading, "header_has_entries", booked.transaction.id, "no entries")


def wrong_reversals(reading: Reading) -> Iterator[Finding]:
    headers = reading.store.transactions.of(reading.tenant_id)
    register = reading.store.reversals.of(reading.tenant_id)
    for booked in reading.transactions:
        reversing, reverses = booked.transaction, booked.transaction.reverses
        if reverses is None:
            continue
        original = headers.get(reverses)
        turned = () if original is None else original.transaction.entries
        if _turned(reversing.entries) != Counter(turned):
            detail = f"it does not turn {reverses} around"
            yield _about(reading, "reversal_negates_its_original", reversing.id, detail)
        if register.get(reverses) != reversing.id:
            detail = f"not as the reversal of {reverses}"
            yield _about(reading, "reversal_is_registered_once", reversing.id, detail)
    for reverses, reversed_by in register.items():
        header = headers.get(reversed_by)
        if header is None or header.transaction.reverses != reverses:
            detail = f"it does not reverse {reverses}"
            yield _about(reading, "reversal_is_registered_once", reversed_by, detail)


def wrong_answers(reading: Reading) -> Iterator[Finding]:
    """Answers carry no time here: all of them are read."""
    headers = reading.store.transactions.of(reading.tenant_id)
    answers = reading.store.answers.of(reading.tenant_id)
    posted = Counter(answer.outcome.transaction_id for answer in answers.values())
    for key, answer in answers.items():
        outcome = answer.outcome
        named = outcome.transaction_id if outcome.accepted else None
        if not is_well_formed(outcome):
            yield _finding(reading, "answer_is_one_that_is_kept", key, repr(outcome))
        if named is not None and named not in headers:
            yield _finding(reading, "answered_transaction_exists", key, f"posted {named}")
        if named is not None and posted[named] > 1:
            yield _finding(reading, "transaction_answers_one_key", key, f"posted {named}")


def dated_into_closed_periods(reading: Reading) -> Iterator[Finding]:
    periods = reading.store.periods.of(reading.tenant_id).values()
    for booked in reading.transactions:
        effective_on = booked.transaction.effective_on
        if any(
            period.closed_through >= effective_on and period.closed_at < booked.booked_at
            for period in periods
        ):
            check = "nothing_is_dated_into_a_closed_period"
            yield _about(reading, check, booked.transaction.id, f"effective on {effective_on}")


def folded_too_far(reading: Reading) -> Iterator[Finding]:
    folded = reading.store.folds.of(reading.tenant_id).get(FOLD)
    closed = reading.store.closed_until
    if folded is not None and (closed is None or folded > closed):
        yield _finding(reading, "fold_ends_in_closed_time", str(folded), f"closed before {closed}")


CHECKS: Final[tuple[Check, ...]] = (
    torn_transactions,
    wrong_reversals,
    wrong_answers,
    dated_into_closed_periods,
    folded_too_far,
)


def _turned(entries: tuple[Entry, ...]) -> Counter[Entry]:
    return Counter(Entry(each.account_id, each.asset, -each.units) for each in entries)


def _about(reading: Reading, check: str, transaction_id: TransactionId, detail: str) -> Finding:
    return _finding(reading, check, encode_id(IdPrefix.TRANSACTION, transaction_id), detail)


def _finding(reading: Reading, check: str, subject: str, detail: str) -> Finding:
    return Finding(check=check, tenant_id=reading.tenant_id, subject=subject, detail=detail)
