"""An event as it is sent: the same bytes at every attempt, because they are what is signed."""

from datetime import datetime

import msgspec

from application.ports.events import Event
from domain.shared.ids import IdPrefix, encode_id


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """`seq` and `resource_version` tell the order, which deliveries do not keep."""

    id: str
    type: str
    seq: int
    resource_version: int
    occurred_at: datetime
    recorded_at: datetime
    data: msgspec.Raw


_encoder = msgspec.json.Encoder()


def message_id(event: Event) -> str:
    """`webhook-id`: that of the event, whatever endpoint it goes to and however often."""
    return encode_id(IdPrefix.EVENT, event.id)


def message_body(event: Event) -> bytes:
    return _encoder.encode(
        Envelope(
            id=message_id(event),
            type=event.type,
            seq=event.seq,
            resource_version=event.resource_version,
            occurred_at=event.occurred_at,
            recorded_at=event.recorded_at,
            data=msgspec.Raw(event.data),
        )
    )
