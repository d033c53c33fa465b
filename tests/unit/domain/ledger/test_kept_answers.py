"""Which answers can be kept under a key, and what each of them names."""

import pytest

from domain.ledger.kept_answers import NAMES, is_well_formed
from domain.ledger.outcomes import Outcome, OutcomeCode
from tests.unit.domain.ledger.books import account_id, hold_id, transaction_id

ACCOUNT, HOLD, TRANSACTION = account_id(1), hold_id(1), transaction_id(1)
NEVER_KEPT = {OutcomeCode.KEY_REUSED, OutcomeCode.UNBALANCED}


def test_every_outcome_but_those_never_kept_says_what_it_names() -> None:
    assert NAMES.keys() == set(OutcomeCode) - NEVER_KEPT


@pytest.mark.parametrize(
    ("outcome", "well_formed"),
    [
        (Outcome(OutcomeCode.OK), True),
        (Outcome(OutcomeCode.OK, transaction_id=TRANSACTION), True),
        (Outcome(OutcomeCode.OK, ACCOUNT), False),
        (Outcome(OutcomeCode.OK, hold_id=HOLD, transaction_id=TRANSACTION), False),
        (Outcome(OutcomeCode.BELOW_FLOOR, ACCOUNT), True),
        (Outcome(OutcomeCode.BELOW_FLOOR), False),
        (Outcome(OutcomeCode.BELOW_FLOOR, ACCOUNT, transaction_id=TRANSACTION), False),
        (Outcome(OutcomeCode.HOLD_EXCEEDED, ACCOUNT, HOLD), True),
        (Outcome(OutcomeCode.HOLD_EXCEEDED, ACCOUNT), False),
        (Outcome(OutcomeCode.HOLD_NOT_FOUND, hold_id=HOLD), True),
        (Outcome(OutcomeCode.ORIGINAL_REVERSED, transaction_id=TRANSACTION), True),
        (Outcome(OutcomeCode.LINKED_FAILED), True),
        (Outcome(OutcomeCode.LINKED_FAILED, ACCOUNT), False),
        (Outcome(OutcomeCode.KEY_REUSED), False),
    ],
)
def test_answer_names_what_its_code_names(outcome: Outcome, *, well_formed: bool) -> None:
    assert is_well_formed(outcome) is well_formed
