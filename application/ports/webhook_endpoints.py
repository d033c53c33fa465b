"""Endpoints of a tenant, their keys, and how far each has come in the sequence of events.

Locks are taken in this order: the endpoint, its deliveries by event, and last the outbox.
"""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from application.ports.webhooks import SigningKeys
from domain.shared.ids import WebhookEndpointId
from domain.webhooks.endpoint import Endpoint


class WebhookEndpoints(Protocol):
    @abstractmethod
    async def add(self, endpoint: Endpoint, keys: SigningKeys, *, after: int) -> None:
        """Its place in the sequence of events is after the event numbered `after`."""
        ...

    @abstractmethod
    async def get(self, endpoint_id: WebhookEndpointId) -> Endpoint:
        """Raises `NotFound`, as all below, also for one that was removed."""
        ...

    @abstractmethod
    async def lock(self, endpoint_id: WebhookEndpointId) -> Endpoint:
        """Until the end of the transaction."""
        ...

    @abstractmethod
    async def list(self) -> tuple[Endpoint, ...]:
        """Oldest first. A tenant has a bounded number."""
        ...

    @abstractmethod
    async def update(self, endpoint: Endpoint) -> None:
        """All but its place. Raises `VersionConflict` unless the one before is stored."""
        ...

    @abstractmethod
    async def observe(self, endpoint: Endpoint) -> None:
        """`failing_since` and `is_troubled`, which make no new version."""
        ...

    @abstractmethod
    async def remove(self, endpoint_id: WebhookEndpointId) -> None:
        """With its keys. What was tried stays on record."""
        ...

    @abstractmethod
    async def place(self, endpoint_id: WebhookEndpointId) -> int:
        """The number of the last event that was looked at for it."""
        ...

    @abstractmethod
    async def advance(self, endpoint_id: WebhookEndpointId, *, to: int) -> None: ...

    @abstractmethod
    async def keys(
        self, endpoint_id: WebhookEndpointId, *, at: datetime
    ) -> tuple[SigningKeys, ...]:
        """Those that sign `at`, newest first."""
        ...

    @abstractmethod
    async def replace_keys(
        self, endpoint_id: WebhookEndpointId, keys: SigningKeys, *, expire_at: datetime
    ) -> None:
        """Adds `keys`; all others sign until `expire_at` at the latest."""
        ...
