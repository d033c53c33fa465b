"""Seals over a tenant's journal: where they are stored, and where else they are written down."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final, Protocol

import msgspec

from domain.ledger.canonical import JournalRow
from domain.ledger.seal import Seal
from domain.ledger.seal_chain import Anchored
from domain.shared.errors import Conflict
from domain.shared.ids import TenantId, TransactionId

PAGE_MAX: Final = 200  # what is done with one takes the process some milliseconds


class AnchorUnreadable(Conflict):
    """What is written down outside the database cannot be read. Nothing happened."""

    code: ClassVar[str] = "seal_anchor_unreadable"


class Place(msgspec.Struct, frozen=True):
    """Behind which row the next page begins: its booking time as the row has it, and its id."""

    booked_at: str
    id: str


class Leaf(msgspec.Struct, frozen=True, gc=False):
    """What was sealed of one transaction. Only the root over all `hash`es is signed."""

    transaction_id: TransactionId
    hash: bytes


class StoredRow(msgspec.Struct, frozen=True):
    row: JournalRow
    booked_at: datetime


class Seals(Protocol):
    """Of the transaction's tenant. Ranges of booking time include `since` and exclude `until`;
    a `since` of None is before everything.
    """

    @abstractmethod
    async def head(self) -> Seal | None:
        """The last block."""
        ...

    @abstractmethod
    async def after(self, number: int, *, limit: int) -> tuple[Seal, ...]:
        """Blocks numbered above `number`, in order."""
        ...

    @abstractmethod
    async def covering(self, booked_at: datetime) -> Seal | None:
        """The block that seals that time, if one does."""
        ...

    @abstractmethod
    async def leaves(self, number: int) -> tuple[Leaf, ...]:
        """What the block was made of, in its order; they are no secret and no proof by themselves.

        Shorter than the block when somebody has cut them. Empty for a block that is not there.
        """
        ...

    @abstractmethod
    async def add(self, seal: Seal, leaves: Sequence[Leaf]) -> bool:
        """False when a block of this number is there already: somebody else was first."""
        ...

    @abstractmethod
    async def end_of_block(
        self, since: datetime | None, until: datetime, *, transactions_max: int
    ) -> datetime | None:
        """Where a block from `since` ends, `until` at the latest; None when nothing was booked.

        At most `transactions_max` are before it, except when more were booked in one instant:
        what was booked at the same time is never divided.
        """
        ...

    @abstractmethod
    async def page(
        self, since: datetime | None, until: datetime, *, after: Place | None, limit: int
    ) -> tuple[JournalRow, ...]:
        """Transactions in order of booking time and id, with all columns of all their entries."""
        ...

    @abstractmethod
    async def row(self, transaction_id: TransactionId) -> StoredRow | None: ...


class SealAnchor(Protocol):
    """Outside the database and only ever appended to. Nothing is called inside a transaction."""

    @abstractmethod
    async def exists(self) -> bool:
        """Whether this process can look at any anchor at all."""
        ...

    @abstractmethod
    async def tenants(self) -> tuple[TenantId, ...]: ...

    @abstractmethod
    async def head(self, tenant_id: TenantId) -> Anchored | None:
        """The last block written down. Raises `AnchorUnreadable`."""
        ...

    @abstractmethod
    async def append(self, seals: Sequence[Seal]) -> None:
        """Of one tenant. They are on the disk when it returns."""
        ...

    @abstractmethod
    async def lines(self, tenant_id: TenantId) -> tuple[Anchored | None, ...]:
        """All blocks written down, in order; None for a line that nobody can read.

        A line that was written in part, before a crash, and then again is only there once.
        """
        ...
