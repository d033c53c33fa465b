from application.ports.clock import IdGenerator
from domain.shared.events import Announcement, Payload, announce
from domain.shared.ids import EventId, IdPrefix, encode_id
from domain.webhooks.announcements import WebhookEndpointDisabled, WebhookEndpointPing
from domain.webhooks.endpoint import Endpoint


def ping(endpoint: Endpoint, ids: IdGenerator) -> Announcement:
    name = encode_id(IdPrefix.WEBHOOK_ENDPOINT, endpoint.id)
    return _announced(endpoint, WebhookEndpointPing(id=name, url=endpoint.url), ids)


def disabled(endpoint: Endpoint, ids: IdGenerator) -> Announcement:
    payload = WebhookEndpointDisabled(
        id=encode_id(IdPrefix.WEBHOOK_ENDPOINT, endpoint.id),
        url=endpoint.url,
        disabled_by=endpoint.disabled_by or "",
    )
    return _announced(endpoint, payload, ids)


def _announced(endpoint: Endpoint, payload: Payload, ids: IdGenerator) -> Announcement:
    return announce(
        payload,
        event_id=EventId(ids.new()),
        resource_id=endpoint.id,
        resource_version=endpoint.version,
        customer_ids=(),
        occurred_at=endpoint.updated_at,
    )
