"""Why somebody took a posting back. The journal keeps what was done and no words about it."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

import msgspec

from domain.shared.ids import TransactionId


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """`transaction_id` is the one that corrects; it commits with this."""

    transaction_id: TransactionId
    reverses: TransactionId
    reason: str
    made_by: str
    made_at: datetime


class Corrections(Protocol):
    @abstractmethod
    async def add(self, correction: Correction) -> None: ...

    @abstractmethod
    async def of(self, transaction_id: TransactionId) -> Correction | None: ...
