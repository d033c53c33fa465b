"""What an operator sees of the work that follows: all of it, across tenants."""

from abc import abstractmethod
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from domain.shared.ids import TenantId


class WorkState(StrEnum):
    """`due` now, `waiting` until later, `leased` by somebody, `parked` for a person."""

    DUE = "due"
    WAITING = "waiting"
    LEASED = "leased"
    PARKED = "parked"


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is text: another release may have written kinds that this one does not know.

    `attempts` counts the leases since anything was last recorded of it.
    """

    tenant_id: TenantId
    kind: str
    subject: UUID
    state: WorkState
    attempts: int
    next_action_at: datetime
    lease_until: datetime | None
    last_error: str | None
    created_at: datetime
    parked_at: datetime | None
    payload: bytes | None


class WorkFilter(msgspec.Struct, frozen=True, kw_only=True):
    kind: str | None = None
    state: WorkState | None = None
    tenant_id: TenantId | None = None


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """Of one kind. `failing` counts what failed so often in a row that it is no accident."""

    kind: str
    due: int
    waiting: int
    leased: int
    parked: int
    failing: int
    oldest_due_at: datetime | None


class WorkList(Protocol):
    """Operators only, read-only."""

    @abstractmethod
    async def page(self, wanted: WorkFilter, *, limit: int) -> tuple[Work, ...]:
        """What has waited longest first."""
        ...

    @abstractmethod
    async def find(self, kind: str, subject: UUID) -> Work | None: ...

    @abstractmethod
    async def backlogs(self, *, failing_from: int) -> tuple[Backlog, ...]:
        """Of the kinds there is work of, by name."""
        ...
