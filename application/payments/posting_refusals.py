"""What the books may say no to in a payment, in the words that its caller hears."""

from application.errors import InsufficientFunds
from domain.ledger.account_terms import AccountClosed
from domain.ledger.outcomes import Outcome, OutcomeCode
from domain.shared.errors import DomainError, InvariantViolation

UNCOVERED = "the payer's available balance does not cover the transfer"
CLOSED = "an account of it is closed, for good"


def payment_refusal(outcome: Outcome) -> DomainError | None:
    """None when it was accepted. Raises `InvariantViolation` for what no payment can meet."""
    match outcome.code:
        case OutcomeCode.OK:
            return None
        case OutcomeCode.ACCOUNT_CLOSED:
            return AccountClosed(CLOSED)
        case OutcomeCode.BELOW_FLOOR:
            return InsufficientFunds(UNCOVERED)
        case _:
            raise InvariantViolation(f"a payment was refused: {outcome.error_code}")
