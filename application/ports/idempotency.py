"""The record of a request that had an effect, kept in the same commit as the effect."""

from abc import abstractmethod
from typing import Protocol
from uuid import UUID

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    """A refusal that is decided once and replayed: its code, and what a client needs with it.

    `context` is the error's own, its values as text.
    """

    code: str
    detail: str
    context: dict[str, str] = {}


class IdempotentRequest(msgspec.Struct, frozen=True):
    """`fingerprint` is SHA-256 over route and canonical body: the same request has the same."""

    key: str
    fingerprint: bytes


class IdempotencyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly one of `resource_id` and `refusal` is set."""

    key: str
    fingerprint: bytes
    resource: str
    resource_id: UUID | None = None
    refusal: Refusal | None = None


class IdempotencyRecords(Protocol):
    @abstractmethod
    async def find(self, key: str) -> IdempotencyRecord | None: ...

    @abstractmethod
    async def claim(self, record: IdempotencyRecord) -> IdempotencyRecord | None:
        """None when the key is now ours; otherwise the committed record of its first use.

        Waits at most 50 ms for another transaction that holds the key, then raises
        `IdempotencyInProgress`.
        """
        ...
