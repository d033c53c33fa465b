"""People of the platform, and what takes two of them."""

import unicodedata

import msgspec

from ..shared.errors import Conflict, Forbidden
from ..shared.ids import OperatorId


class SecondOperatorRequired(Forbidden):
    """Whoever proposes a change does not also approve it."""

    code = "second_operator_required"


class OperatorHasKey(Conflict):
    """A person has one key, and its successor beside it while it is being rotated."""

    code = "operator_has_key"


class Operator(msgspec.Struct, frozen=True):
    """`id` stays when a key is rotated, or replaced after it was revoked; `name` says who it is."""

    id: OperatorId
    name: str

    def is_same_person(self, other: "Operator") -> bool:
        return self.id == other.id


def operator_name(text: str) -> str:
    """As it is kept: what looks the same is the same, and no space is in front or behind."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def is_same_name(one: str, other: str) -> bool:
    return operator_name(one).casefold() == operator_name(other).casefold()


def require_second_person(maker: Operator, checker: Operator) -> None:
    """Raises `SecondOperatorRequired`."""
    if maker.is_same_person(checker):
        raise SecondOperatorRequired("another operator has to approve what you proposed")
