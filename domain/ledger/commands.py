"""What can be asked of the ledger. Every command says at what time it is to be judged.

Consecutive commands with the same `linked` number stand or fall together, and all of them have a
`request` or none has. A command with a request is answered once: the answer, refusals too, is kept
under its key and given again.
"""

from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from ..shared.errors import RuleViolation
from ..shared.ids import HoldId
from .entry import JournalTransaction
from .hold import Hold, HoldInvalid

# One caller's list, decided under one set of locks.
COMMANDS_MAX: Final = 1_000
KEY_LENGTH_MAX: Final = 255
FINGERPRINT_BYTES: Final = 32


class RequestInvalid(RuleViolation):
    code = "request_invalid"


class Request(msgspec.Struct, frozen=True):
    """`fingerprint` is SHA-256 over what was asked, without ids made for this try.

    Raises `RequestInvalid`.
    """

    key: str
    fingerprint: bytes

    def __post_init__(self) -> None:
        if not 0 < len(self.key) <= KEY_LENGTH_MAX:
            raise RequestInvalid(f"a key has 1 to {KEY_LENGTH_MAX} characters")
        if len(self.fingerprint) != FINGERPRINT_BYTES:
            raise RequestInvalid(f"a fingerprint has {FINGERPRINT_BYTES} bytes")


class Post(msgspec.Struct, frozen=True):
    """Posts a transaction and captures the holds it names; `at` judges whether they expired."""

    transaction: JournalTransaction
    at: datetime
    request: Request | None = None
    linked: int | None = None


class PlaceHold(msgspec.Struct, frozen=True):
    """Sets aside the units of a hold nothing has happened to yet. Raises `HoldInvalid`."""

    hold: Hold
    request: Request | None = None
    linked: int | None = None

    def __post_init__(self) -> None:
        if self.hold.remaining != self.hold.units:
            raise HoldInvalid("only a fresh hold can be placed")

    @property
    def at(self) -> datetime:
        return self.hold.created_at


class ReleaseHold(msgspec.Struct, frozen=True):
    """Gives back what remains; also of a hold whose time is up, if the sweep was not there yet."""

    hold_id: HoldId
    at: datetime
    request: Request | None = None
    linked: int | None = None


class ExpireHold(msgspec.Struct, frozen=True):
    hold_id: HoldId
    at: datetime
    request: Request | None = None
    linked: int | None = None


Command: TypeAlias = Post | PlaceHold | ReleaseHold | ExpireHold
Batch: TypeAlias = tuple[Command, ...]
