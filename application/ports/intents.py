"""What is still to be done, written in the commit that made it necessary.

A queue may wake somebody up; these rows are the record. Whoever works on one holds a lease, judged
by the database's clock, and writes only with the token that came with it.
"""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

import msgspec

from domain.shared.ids import TenantId

CLAIM_MAX: Final = 200


class IntentKind(StrEnum):
    SETTLE_EXECUTION = "settle_execution"
    MIRROR = "mirror"


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """`subject` is the object it is about: the order of an execution, the transaction to mirror.

    `attempts` counts the leases since something was last recorded about it, this one included.
    """

    tenant_id: TenantId
    kind: IntentKind
    subject: UUID
    payload: bytes | None
    lease_token: int
    attempts: int


class Intents(Protocol):
    """Within one tenant's transaction."""

    @abstractmethod
    async def add(self, kind: IntentKind, subject: UUID, *, payload: bytes | None) -> None:
        """Due at once."""
        ...

    @abstractmethod
    async def lease(
        self, kind: IntentKind, subjects: tuple[UUID, ...], *, duration: timedelta
    ) -> tuple[Intent, ...]:
        """Those of `subjects` that are due and that nobody holds, each with a new token."""
        ...

    @abstractmethod
    async def finish(self, intent: Intent) -> bool:
        """False when the lease was lost: the caller's work must then not be committed."""
        ...

    @abstractmethod
    async def postpone(self, intent: Intent, *, until: datetime, error: str | None) -> bool:
        """Gives the lease back; the work is due again at `until`. False when the lease was lost."""
        ...

    @abstractmethod
    async def give_back(self, intent: Intent) -> bool:
        """As if it had not been leased: due as before, no attempt counted. False as above."""
        ...

    @abstractmethod
    async def make_due(self, kind: IntentKind, subject: UUID) -> bool:
        """Due at once, its attempts counted anew, also when it was parked.

        False when it is done, or somebody is at it.
        """
        ...

    @abstractmethod
    async def set_aside(self, kind: IntentKind, subject: UUID, *, reason: str) -> bool:
        """Parked by a person. False when it is done, parked, or somebody is at it."""
        ...

    @abstractmethod
    async def park(self, intent: Intent, *, error: str) -> bool:
        """Out of the machine's hands; a person looks at it. False when the lease was lost."""
        ...


class DueIntent(msgspec.Struct, frozen=True):
    tenant_id: TenantId
    subject: UUID


class DueWork(Protocol):
    """Across tenants, read-only: what a sweeper may see before it enters a tenant."""

    @abstractmethod
    async def due_intents(self, kind: IntentKind, *, limit: int) -> tuple[DueIntent, ...]:
        """A fair batch (`domain.jobs.fairness`); those under a running lease are left out."""
        ...

    @abstractmethod
    async def any_due(self, kind: IntentKind) -> bool: ...

    @abstractmethod
    async def tenants_with_expired_quotes(
        self, *, besides: Collection[TenantId], limit: int
    ) -> tuple[TenantId, ...]:
        """Whose are those that expired first, up to `limit`, without `besides`; also below."""
        ...

    @abstractmethod
    async def tenants_with_expired_holds(
        self, *, besides: Collection[TenantId], limit: int
    ) -> tuple[TenantId, ...]: ...

    @abstractmethod
    async def tenants_with_unnumbered_events(
        self, *, after: TenantId | None, limit: int
    ) -> tuple[TenantId, ...]:
        """In order of their ids, from the one behind `after`."""
        ...

    @abstractmethod
    async def make_partitions(self, *, months_ahead: int) -> int:
        """How many partitions were made."""
        ...
