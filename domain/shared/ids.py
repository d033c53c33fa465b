"""Ids are UUIDs inside and prefixed text at the edges, after the TypeID specification, v0.3.

The text is the prefix, an underscore and 26 characters of lower-case Crockford base32. They could
hold 130 bits, so the first one is at most `7`; the text sorts as the UUIDs it stands for.
"""

from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from .errors import RuleViolation, invariant

TenantId = NewType("TenantId", UUID)
CustomerId = NewType("CustomerId", UUID)
QuoteId = NewType("QuoteId", UUID)
OrderId = NewType("OrderId", UUID)
FillId = NewType("FillId", UUID)
AccountId = NewType("AccountId", UUID)
TransactionId = NewType("TransactionId", UUID)
HoldId = NewType("HoldId", UUID)
TransferId = NewType("TransferId", UUID)
TransferBatchId = NewType("TransferBatchId", UUID)
DepositId = NewType("DepositId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
OperatorId = NewType("OperatorId", UUID)
EventId = NewType("EventId", UUID)
StatementId = NewType("StatementId", UUID)
LineId = NewType("LineId", UUID)
MatchId = NewType("MatchId", UUID)
BreakId = NewType("BreakId", UUID)
SettlementId = NewType("SettlementId", UUID)
ChangeRequestId = NewType("ChangeRequestId", UUID)
IncidentId = NewType("IncidentId", UUID)
EvidenceId = NewType("EvidenceId", UUID)
WebhookEndpointId = NewType("WebhookEndpointId", UUID)
WebhookAttemptId = NewType("WebhookAttemptId", UUID)


class IdPrefix(StrEnum):
    TENANT = "ten"
    CUSTOMER = "cus"
    QUOTE = "qte"
    ORDER = "ord"
    FILL = "fil"
    ACCOUNT = "acc"
    TRANSACTION = "txn"
    HOLD = "hld"
    TRANSFER = "trf"
    TRANSFER_BATCH = "trb"
    DEPOSIT = "dep"
    API_KEY = "key"
    OPERATOR = "opr"
    EVENT = "evt"
    STATEMENT = "stm"
    MATCH = "mat"
    BREAK = "brk"
    SETTLEMENT = "lps"
    CHANGE_REQUEST = "chg"
    INCIDENT = "inc"
    EVIDENCE = "evd"
    WEBHOOK_ENDPOINT = "whe"
    WEBHOOK_ATTEMPT = "wha"


# Crockford's alphabet has no i, l, o and u, which people misread.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_RADIX: Final = len(_ALPHABET)
# The digits that int() reads in this radix.
_TO_DIGITS: Final = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
# Ids are in every answer several times, so they are written two characters at a time.
_PAIRS: Final = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_BITS_PER_PAIR: Final = 10
_PAIR_MASK: Final = len(_PAIRS) - 1
_SUFFIX_LENGTH: Final = 26
_SHIFTS: Final = tuple(range(_BITS_PER_PAIR * (_SUFFIX_LENGTH // 2 - 1), -1, -_BITS_PER_PAIR))
_FIRST_CHARACTER_MAX: Final = "7"
_PREFIX_LENGTH_MAX: Final = 63


_KNOWN_PREFIXES: Final = frozenset(IdPrefix)


class IdInvalid(RuleViolation):
    code = "id_invalid"


def encode_id(prefix: str, value: UUID) -> str:
    """`ord` and a UUID make `ord_01h455vb4pex5vsknk084sn02q`."""
    invariant(prefix in _KNOWN_PREFIXES or _is_prefix(prefix), "not a TypeID prefix")
    number = value.int
    pairs = [_PAIRS[number >> shift & _PAIR_MASK] for shift in _SHIFTS]
    return f"{prefix}_{''.join(pairs)}"


def decode_id(prefix: str, text: str) -> UUID:
    """The UUID behind `text`. Raises `IdInvalid` for another prefix or any other spelling.

    Upper case and Crockford's look-alikes are refused: one id has exactly one spelling.
    """
    # The prefix itself may hold underscores, so the last one separates.
    found, separator, suffix = text.rpartition("_")
    if not separator or found != prefix:
        raise IdInvalid(f"expected an id that starts with {prefix}_", prefix=prefix)
    if len(suffix) != _SUFFIX_LENGTH or suffix[0] > _FIRST_CHARACTER_MAX:
        raise IdInvalid("malformed id", prefix=prefix)
    if suffix.strip(_ALPHABET):  # what is left begins and ends with a foreign character
        raise IdInvalid("malformed id", prefix=prefix)
    return UUID(int=int(suffix.translate(_TO_DIGITS), _RADIX))


def _is_prefix(prefix: str) -> bool:
    return (
        0 < len(prefix) <= _PREFIX_LENGTH_MAX
        and all(character == "_" or "a" <= character <= "z" for character in prefix)
        and not prefix.startswith("_")
        and not prefix.endswith("_")
    )
