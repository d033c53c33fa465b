"""An event as it is sent: the same bytes at every attempt, because they are what is signed."""

import msgspec

from application.events.body import event_body
from application.ports.events import Event
from domain.shared.ids import IdPrefix, encode_id

_encoder = msgspec.json.Encoder()


def message_id(event: Event) -> str:
    """`webhook-id`: that of the event, whatever endpoint it goes to and however often."""
    return encode_id(IdPrefix.EVENT, event.id)


def message_body(event: Event) -> bytes:
    """`seq` and `resource_version` in it tell the order, which deliveries do not keep."""
    return _encoder.encode(event_body(event))
