from datetime import datetime
from typing import TypeAlias

import msgspec

from application.ports.webhook_deliveries import Attempt, DeliveryState, ToDeliver
from domain.shared.ids import EventId, WebhookEndpointId
from domain.webhooks.endpoint import Endpoint, EndpointStatus

DeliveryKey: TypeAlias = tuple[WebhookEndpointId, EventId]
KeysKey: TypeAlias = tuple[WebhookEndpointId, int]


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    endpoint: Endpoint
    last_seq: int
    removed: bool = False

    @property
    def is_active(self) -> bool:
        return not self.removed and self.endpoint.status is EndpointStatus.ACTIVE


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """`next_action_at` is None and `finished_at` is not when it is over."""

    what: ToDeliver
    state: DeliveryState = DeliveryState.DUE
    attempts: int = 0
    number: int = 0
    lease_token: int = 0
    lease_until: datetime | None = None
    next_action_at: datetime | None
    created_at: datetime
    finished_at: datetime | None = None

    def is_leased(self, now: datetime) -> bool:
        return self.lease_until is not None and self.lease_until > now

    def is_free(self, now: datetime) -> bool:
        due = self.next_action_at is not None and self.next_action_at <= now
        return due and not self.is_leased(now)


class AttemptRow(msgspec.Struct, frozen=True):
    endpoint_id: WebhookEndpointId
    attempt: Attempt
