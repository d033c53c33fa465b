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
DepositId = NewType("DepositId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
OperatorId = NewType("OperatorId", UUID)
EventId = NewType("EventId", UUID)


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
    DEPOSIT = "dep"
    API_KEY = "key"
    OPERATOR = "opr"
    EVENT = "evt"


# Crockford's alphabet has no i, l, o and u, which people misread.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_SUFFIX_LENGTH: Final = 26
_BITS_PER_CHARACTER: Final = 5
_CHARACTER_MASK: Final = 31
_FIRST_CHARACTER_MAX: Final = "7"
_PREFIX_LENGTH_MAX: Final = 63


class IdInvalid(RuleViolation):
    code = "id_invalid"


def encode_id(prefix: str, value: UUID) -> str:
    """`ord` and a UUID make `ord_01h455vb4pex5vsknk084sn02q`."""
    invariant(_is_prefix(prefix), f"not a TypeID prefix: {prefix!r}")
    number = value.int
    characters = [""] * _SUFFIX_LENGTH
    for index in reversed(range(_SUFFIX_LENGTH)):
        characters[index] = _ALPHABET[number & _CHARACTER_MASK]
        number >>= _BITS_PER_CHARACTER
    return f"{prefix}_{''.join(characters)}"


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
    number = 0
    for character in suffix:
        digit = _VALUES.get(character)
        if digit is None:
            raise IdInvalid("malformed id", prefix=prefix)
        number = number << _BITS_PER_CHARACTER | digit
    return UUID(int=number)


def _is_prefix(prefix: str) -> bool:
    return (
        0 < len(prefix) <= _PREFIX_LENGTH_MAX
        and all(character == "_" or "a" <= character <= "z" for character in prefix)
        and not prefix.startswith("_")
        and not prefix.endswith("_")
    )
