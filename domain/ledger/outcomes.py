"""Everything the ledger can answer to a command.

The numbers are stored with the answers they gave: they are never changed and never reused. They
ascend from the most fundamental refusal to the most circumstantial, and a command that breaks
several rules is answered with the lowest. The gaps leave room for a refusal at its right place.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

import msgspec

from ..shared.ids import AccountId, HoldId, TransactionId


class OutcomeCode(IntEnum):
    OK = 0
    # Before everything else: the key was used for something else. Never stored as its answer.
    KEY_REUSED = 5
    # Never answered by `decide`: such a transaction cannot even be built.
    UNBALANCED = 10
    TRANSACTION_EXISTS = 20
    # What a reversal names is not there, was reversed before, or is not what it turns around.
    ORIGINAL_NOT_FOUND = 22
    ORIGINAL_REVERSED = 24
    REVERSAL_DIFFERS = 26
    PERIOD_CLOSED = 28
    ACCOUNT_NOT_FOUND = 30
    ASSET_MISMATCH = 40
    ACCOUNT_CLOSED = 50
    # Holds need an account with a floor: without one, nothing is ever refused for being held.
    ACCOUNT_NOT_STRICT = 60
    HOLD_EXISTS = 70
    HOLD_NOT_FOUND = 80
    # The transaction takes less from the hold's account than it captures: a release in disguise.
    HOLD_NOT_SPENT = 90
    HOLD_NOT_ACTIVE = 100
    HOLD_EXPIRED = 110
    HOLD_NOT_DUE = 120
    HOLD_EXCEEDED = 130
    BALANCE_LIMIT = 140
    BELOW_FLOOR = 150
    # The command itself was never judged to fail: another one of its group was.
    LINKED_FAILED = 160


ERROR_CODES: Final[Mapping[OutcomeCode, str]] = MappingProxyType(
    {
        OutcomeCode.KEY_REUSED: "idempotency_key_reused",
        OutcomeCode.UNBALANCED: "transaction_unbalanced",
        OutcomeCode.TRANSACTION_EXISTS: "transaction_exists",
        OutcomeCode.ORIGINAL_NOT_FOUND: "original_not_found",
        OutcomeCode.ORIGINAL_REVERSED: "original_reversed",
        OutcomeCode.REVERSAL_DIFFERS: "reversal_differs",
        OutcomeCode.PERIOD_CLOSED: "period_closed",
        OutcomeCode.ACCOUNT_NOT_FOUND: "account_not_found",
        OutcomeCode.ASSET_MISMATCH: "asset_mismatch",
        OutcomeCode.ACCOUNT_CLOSED: "account_closed",
        OutcomeCode.ACCOUNT_NOT_STRICT: "account_not_strict",
        OutcomeCode.HOLD_EXISTS: "hold_exists",
        OutcomeCode.HOLD_NOT_FOUND: "hold_not_found",
        OutcomeCode.HOLD_NOT_SPENT: "hold_not_spent",
        OutcomeCode.HOLD_NOT_ACTIVE: "hold_not_active",
        OutcomeCode.HOLD_EXPIRED: "hold_expired",
        OutcomeCode.HOLD_NOT_DUE: "hold_not_due",
        OutcomeCode.HOLD_EXCEEDED: "hold_exceeded",
        OutcomeCode.BALANCE_LIMIT: "balance_limit",
        OutcomeCode.BELOW_FLOOR: "insufficient_funds",
        OutcomeCode.LINKED_FAILED: "linked_failed",
    }
)


class Outcome(msgspec.Struct, frozen=True):
    """The answer to one command; a refusal names the account, hold or transaction it is about.

    `replayed` when the same was asked before under the same key: then nothing was done now, and
    `transaction_id` of an accepted post is what was posted at the time.
    """

    code: OutcomeCode
    account_id: AccountId | None = None
    hold_id: HoldId | None = None
    transaction_id: TransactionId | None = None
    replayed: bool = False

    @property
    def accepted(self) -> bool:
        return self.code is OutcomeCode.OK

    @property
    def error_code(self) -> str | None:
        """The stable text of a refusal, None when accepted."""
        return ERROR_CODES.get(self.code)


ACCEPTED: Final = Outcome(OutcomeCode.OK)
