"""What is on its way to partners, of all tenants together: how much, and since when."""

from abc import abstractmethod
from datetime import datetime
from typing import Final, Protocol

import msgspec

# Of one endpoint no more are counted: a long backlog must not make looking at it slow.
COUNT_MAX: Final = 10_000


class OutgoingEvents(msgspec.Struct, frozen=True, kw_only=True):
    """`unnumbered` are announced and have no number yet. `behind_max` is how many events the
    endpoint that is furthest behind has not been looked through for.
    """

    unnumbered: int
    oldest_at: datetime | None
    behind_max: int


class OutgoingWebhooks(msgspec.Struct, frozen=True, kw_only=True):
    """To active endpoints, those in trouble apart from the others.

    `due` may be sent now and is not being sent; `waiting` are those and what is sent or waits for
    another attempt. `failing` are endpoints whose last attempts failed.
    """

    troubled: bool
    endpoints: int
    failing: int
    due: int
    waiting: int
    oldest_due_at: datetime | None


class Outgoing(Protocol):
    """Operators only, read-only."""

    @abstractmethod
    async def events(self) -> OutgoingEvents: ...

    @abstractmethod
    async def webhooks(self) -> tuple[OutgoingWebhooks, OutgoingWebhooks]:
        """The others, then those in trouble."""
        ...

    @abstractmethod
    async def disabled_endpoints(self) -> int:
        """By us, because they were gone or failed for days: nobody of theirs may have noticed."""
        ...
