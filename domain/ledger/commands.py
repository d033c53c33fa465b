"""What can be asked of the ledger. Every command says at what time it is to be judged.

Consecutive commands with the same `linked` number stand or fall together. `idempotency_key` is
carried for the store, which keeps it with the outcome; the rules do not look at it.
"""

from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from ..shared.ids import HoldId
from .entry import JournalTransaction
from .hold import Hold, HoldInvalid

# One caller's list, decided under one set of locks.
COMMANDS_MAX: Final = 1_000


class Post(msgspec.Struct, frozen=True):
    """Posts a transaction and captures the holds it names; `at` judges whether they expired."""

    transaction: JournalTransaction
    at: datetime
    idempotency_key: str | None = None
    linked: int | None = None


class PlaceHold(msgspec.Struct, frozen=True):
    """Sets aside the units of a hold nothing has happened to yet. Raises `HoldInvalid`."""

    hold: Hold
    idempotency_key: str | None = None
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
    idempotency_key: str | None = None
    linked: int | None = None


class ExpireHold(msgspec.Struct, frozen=True):
    hold_id: HoldId
    at: datetime
    idempotency_key: str | None = None
    linked: int | None = None


Command: TypeAlias = Post | PlaceHold | ReleaseHold | ExpireHold
Batch: TypeAlias = tuple[Command, ...]
