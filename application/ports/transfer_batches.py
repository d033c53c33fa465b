"""Transfers that came together, and what the key of each was answered with."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, Protocol

import msgspec

from application.ports.idempotency import Refusal
from domain.ledger.commands import COMMANDS_MAX
from domain.shared.ids import TransferBatchId, TransferId

TRANSFERS_MAX: Final = COMMANDS_MAX
# Leaves room for a prefix within the length of a key in the ledger.
ITEM_KEY_LENGTH_MAX: Final = 200


class ItemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly one of `transfer_id` and `refusal` is set.

    `decides` when the key has its answer from here, for ever. It has not when the answer was given
    before (`replayed`), or when the key was not free and nothing was decided.
    """

    key: str
    fingerprint: bytes
    transfer_id: TransferId | None = None
    refusal: Refusal | None = None
    replayed: bool = False
    decides: bool = True


class TransferBatch(msgspec.Struct, frozen=True, kw_only=True):
    """`answers` as the items came. It never changes."""

    id: TransferBatchId
    atomic: bool
    answers: tuple[ItemAnswer, ...]
    created_at: datetime


class TransferBatches(Protocol):
    @abstractmethod
    async def add(self, batch: TransferBatch) -> None:
        """Locks the keys it decides, in their order, after all other rows.

        Raises `IdempotencyInProgress` when one of them has just been decided by another batch: the
        transaction can then only be left.
        """
        ...

    @abstractmethod
    async def get(self, batch_id: TransferBatchId) -> TransferBatch:
        """Raises `NotFound`."""
        ...

    @abstractmethod
    async def answered(self, keys: Collection[str]) -> Mapping[str, ItemAnswer]:
        """The deciding answers of those `keys` that have one."""
        ...
