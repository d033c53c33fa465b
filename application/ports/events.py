"""The tenant's feed: announcements leave through the outbox, and are events once numbered.

`Outbox.add` is part of the change it tells of: both are committed or neither is. Nobody reads an
announcement; `Events` shows what has a number, and numbers have no gap.
"""

from abc import abstractmethod
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import msgspec

from domain.shared.events import Announcement
from domain.shared.ids import CustomerId, EventId

# How many announcements of a tenant get their numbers in one transaction.
NUMBER_MAX: Final = 500
PAGE_MAX: Final = 500
# How many events one page looks at for the few that a filter lets through.
LOOK_MAX: Final = 5_000


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """`occurred_at` is our time of the change, `recorded_at` the database's when it was written.

    `customer_ids` are those whose objects changed, both ends of a transfer for instance. `data` is
    JSON, word for word what partners get.
    """

    id: EventId
    type: str
    seq: int
    resource_id: UUID
    resource_version: int
    customer_ids: tuple[CustomerId, ...]
    occurred_at: datetime
    recorded_at: datetime
    data: bytes


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`types` are names; one that ends in `.*` stands for all that begin so. None means all."""

    types: tuple[str, ...] = ()
    customer_id: CustomerId | None = None

    def lets_through(self, event: Event) -> bool:
        if self.customer_id is not None and self.customer_id not in event.customer_ids:
            return False
        return not self.types or any(_matches(event.type, each) for each in self.types)


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """`looked_until` is the number of the last event that was looked at, let through or not."""

    events: tuple[Event, ...]
    looked_until: int


class Outbox(Protocol):
    @abstractmethod
    async def add(self, *announcements: Announcement) -> None:
        """The last write before the commit, under the locks of what has changed.

        The time of recording is the database's. Raises `InvariantViolation` when a version of an
        object was announced before and waits for its number.
        """
        ...

    @abstractmethod
    async def number(self, *, limit: int) -> int | None:
        """Gives committed announcements of the tenant their numbers; how many. Workers only.

        Up to `limit`, and every earlier version of what is among them. None when somebody else is
        numbering this tenant just now. Repeatable: what has its number is not there any more.
        """
        ...


class Events(Protocol):
    @abstractmethod
    async def last_seq(self) -> int:
        """0 before the first event."""
        ...

    @abstractmethod
    async def page(self, wanted: EventFilter, *, after: int, limit: int) -> EventPage:
        """In order of their numbers. Looks at no more than `LOOK_MAX` events."""
        ...

    @abstractmethod
    async def get(self, event_id: EventId) -> Event:
        """Raises `NotFound`, also while it has no number."""
        ...


def _matches(event_type: str, wanted: str) -> bool:
    if wanted.endswith(".*"):
        return event_type.startswith(wanted[:-1])
    return event_type == wanted
