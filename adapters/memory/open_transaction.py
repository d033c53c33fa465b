"""Says whether the running task is inside a transaction.

Nothing that waits for a network may be called there. Fakes of such things ask, and refuse.
"""

from contextvars import ContextVar
from typing import Final

from domain.shared.errors import invariant

in_transaction: Final = ContextVar("in_transaction", default=False)


def require_no_transaction() -> None:
    """Raises `InvariantViolation` when a transaction is open."""
    invariant(not in_transaction.get(), "a network call inside a transaction")
