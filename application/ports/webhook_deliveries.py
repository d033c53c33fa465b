"""What is to be delivered, by whom just now, and what was tried.

A delivery is one event on its way to one endpoint. Rows are the record: whoever makes an attempt
holds a lease, judged by the database's clock, and writes only with the token that came with it.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from domain.shared.ids import EventId, TenantId, WebhookAttemptId, WebhookEndpointId
from domain.webhooks.endpoint import Endpoint
from domain.webhooks.fairness import Waiting

# How many deliveries one transaction makes, and how many it claims.
DELIVERIES_MAX: Final = 500
CLAIM_MAX: Final = 16
RESPONSE_LENGTH_MAX: Final = 1_024
DETAIL_LENGTH_MAX: Final = 200
# A backlog is counted no further.
BACKLOG_MAX: Final = 10_000


class DeliveryState(StrEnum):
    """`failed` when every attempt of the schedule was made."""

    DUE = "due"
    DELIVERED = "delivered"
    FAILED = "failed"


class ToDeliver(msgspec.Struct, frozen=True):
    event_id: EventId
    event_type: str
    seq: int


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt, which its holder alone makes. `attempts` counts those since it last began anew,
    `number` all that were ever made, this one included in both.
    """

    tenant_id: TenantId
    endpoint_id: WebhookEndpointId
    event_id: EventId
    attempt_id: WebhookAttemptId
    attempts: int
    number: int
    lease_token: int


class AttemptResult(msgspec.Struct, frozen=True, kw_only=True):
    """`pause` is how long from now on, by the store's clock, until the next attempt. None when
    there is none.
    """

    state: DeliveryState
    pause: timedelta | None
    outcome: str
    http_status: int | None
    detail: str
    response: str
    took_ms: int


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome` is None while it is under way, and for ever if who made it was killed."""

    id: WebhookAttemptId
    event_id: EventId
    event_type: str
    seq: int
    number: int
    url: str
    started_at: datetime
    outcome: str | None = None
    http_status: int | None = None
    detail: str = ""
    response: str = ""
    took_ms: int | None = None
    next_at: datetime | None = None


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """`waiting` counts up to a bound; `oldest_at` is when the oldest of them was made."""

    waiting: int
    failed: int
    oldest_at: datetime | None


class WebhookDeliveries(Protocol):
    @abstractmethod
    async def add(self, endpoint_id: WebhookEndpointId, events: Iterable[ToDeliver]) -> int:
        """Due at once; how many are new. The endpoint is locked."""
        ...

    @abstractmethod
    async def renew(self, endpoint_id: WebhookEndpointId, events: Iterable[ToDeliver]) -> int:
        """Due at once with all attempts ahead, whether they were made before or not; how many.

        What is being sent at this moment is left as it is. The endpoint is locked.
        """
        ...

    @abstractmethod
    async def claim(
        self,
        endpoint: Endpoint,
        attempt_ids: Sequence[WebhookAttemptId],
        *,
        lease: timedelta,
        under_way_max: int,
    ) -> tuple[Claim, ...]:
        """Up to one for each id, as long as no more than `under_way_max` are under lease.

        Each is recorded as an attempt before it is made. The endpoint is locked and active.
        """
        ...

    @abstractmethod
    async def finish(self, claim: Claim, result: AttemptResult) -> bool:
        """False when the lease was lost: then the attempt is recorded and nothing else changes."""
        ...

    @abstractmethod
    async def attempts(
        self,
        endpoint_id: WebhookEndpointId,
        *,
        before: WebhookAttemptId | None,
        limit: int,
        event_id: EventId | None = None,
    ) -> tuple[Attempt, ...]:
        """Newest first."""
        ...

    @abstractmethod
    async def backlog(self, endpoint_id: WebhookEndpointId) -> Backlog: ...

    @abstractmethod
    async def forget(self, *, before: datetime, limit: int) -> int:
        """Removes attempts and deliveries that ended before then, and what was due since before
        then to endpoints that were removed. About `limit` of each; how many.
        """
        ...


class DueWebhooks(Protocol):
    """Across tenants, read-only: what a worker may see before it enters a tenant."""

    @abstractmethod
    async def behind(
        self, *, after: tuple[TenantId, WebhookEndpointId] | None, limit: int
    ) -> tuple[tuple[TenantId, WebhookEndpointId], ...]:
        """Active endpoints whose tenant has events that were not looked at for them, by id."""
        ...

    @abstractmethod
    async def waiting(self, *, troubled: bool, limit: int) -> tuple[Waiting, ...]:
        """Active endpoints that something is due for, the longest waiting first."""
        ...
