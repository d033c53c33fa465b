"""People of the platform, and what takes two of them."""

import msgspec

from ..shared.errors import Forbidden
from ..shared.ids import ApiKeyId


class FourEyesRequired(Forbidden):
    """Whoever proposes a change does not also approve it."""

    code = "four_eyes_required"


class Operator(msgspec.Struct, frozen=True):
    """Known by a personal key. `name` is its label: a person who rotates a key stays the same."""

    key_id: ApiKeyId
    name: str

    def is_same_person(self, other: "Operator") -> bool:
        return self.key_id == other.key_id or self.name.casefold() == other.name.casefold()


def require_second_person(maker: Operator, checker: Operator) -> None:
    """Raises `FourEyesRequired`."""
    if maker.is_same_person(checker):
        raise FourEyesRequired("somebody else has to approve what you proposed", maker=maker.name)
