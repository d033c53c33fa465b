"""What is told of a tenant's keys, never their text."""

from application.ports.parties import ApiKey
from domain.shared.events import Announcement, announce
from domain.shared.ids import EventId, IdPrefix, encode_id
from domain.tenants.announcements import ApiKeyCreated, ApiKeyUpdated


def key_announcement(event_id: EventId, key: ApiKey) -> Announcement:
    kind = ApiKeyCreated if key.version == 1 else ApiKeyUpdated
    payload = kind(
        id=encode_id(IdPrefix.API_KEY, key.id),
        scopes=tuple(sorted(key.scopes)),
        status=key.status,
        expires_at=key.expires_at,
    )
    return announce(
        payload,
        event_id=event_id,
        resource_id=key.id,
        resource_version=key.version,
        customer_ids=(),
        occurred_at=key.updated_at,
    )
