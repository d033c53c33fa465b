"""What the answer that is kept under a key may name: for whoever checks answers afterwards.

A refusal names what it is about. Of those only accounts can be looked for later: a hold or a
transaction may have been made by an earlier command of the same group, and have failed with it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from .outcomes import Outcome, OutcomeCode


class Names(msgspec.Struct, frozen=True):
    account: bool = False
    hold: bool = False
    transaction: bool = False


_NOTHING: Final = Names()
_ACCOUNT: Final = Names(account=True)
_HOLD: Final = Names(hold=True)
_HELD: Final = Names(account=True, hold=True)
_TRANSACTION: Final = Names(transaction=True)

# What is not here is never kept. An accepted post names what it posted; other commands, nothing.
NAMES: Final[Mapping[OutcomeCode, Names]] = MappingProxyType(
    {
        OutcomeCode.OK: _NOTHING,
        OutcomeCode.TRANSACTION_EXISTS: _NOTHING,
        OutcomeCode.ORIGINAL_NOT_FOUND: _TRANSACTION,
        OutcomeCode.ORIGINAL_REVERSED: _TRANSACTION,
        OutcomeCode.REVERSAL_DIFFERS: _TRANSACTION,
        OutcomeCode.PERIOD_CLOSED: _NOTHING,
        OutcomeCode.ACCOUNT_NOT_FOUND: _ACCOUNT,
        OutcomeCode.ASSET_MISMATCH: _ACCOUNT,
        OutcomeCode.ACCOUNT_CLOSED: _ACCOUNT,
        OutcomeCode.ACCOUNT_NOT_STRICT: _ACCOUNT,
        OutcomeCode.HOLD_EXISTS: _HELD,
        OutcomeCode.HOLD_NOT_FOUND: _HOLD,
        OutcomeCode.HOLD_NOT_SPENT: _HELD,
        OutcomeCode.HOLD_NOT_ACTIVE: _HELD,
        OutcomeCode.HOLD_EXPIRED: _HELD,
        OutcomeCode.HOLD_NOT_DUE: _HELD,
        OutcomeCode.HOLD_EXCEEDED: _HELD,
        OutcomeCode.BALANCE_LIMIT: _ACCOUNT,
        OutcomeCode.BELOW_FLOOR: _ACCOUNT,
        OutcomeCode.LINKED_FAILED: _NOTHING,
    }
)


def is_well_formed(outcome: Outcome) -> bool:
    """Whether a kept answer names what one of its code names, and nothing else."""
    names = NAMES.get(outcome.code)
    named = Names(
        account=outcome.account_id is not None,
        hold=outcome.hold_id is not None,
        transaction=outcome.transaction_id is not None,
    )
    return named == names or (outcome.accepted and named == _TRANSACTION)
