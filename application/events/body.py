"""An event as partners get it, by whatever way. `data` is passed on word for word."""

from typing import Annotated

import msgspec
from msgspec import Meta

from application.ports.events import Event
from domain.shared.events import Moment
from domain.shared.ids import IdPrefix, encode_id


class EventBody(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, once and for good.

    `seq` numbers a tenant's events from 1 without a gap, in the order in which things became true;
    `resource_version` is that of the object after it. `occurred_at` is when it happened and
    `recorded_at` when it was written. What `data` holds `type` says (docs/events.md): its `id` is
    the object's, and `customer_ids` are the customers it is about.
    """

    id: str
    type: str
    seq: int
    resource_version: int
    customer_ids: tuple[str, ...]
    occurred_at: Moment
    recorded_at: Moment
    data: Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]


def event_body(event: Event) -> EventBody:
    return EventBody(
        id=encode_id(IdPrefix.EVENT, event.id),
        type=event.type,
        seq=event.seq,
        resource_version=event.resource_version,
        customer_ids=tuple(encode_id(IdPrefix.CUSTOMER, each) for each in event.customer_ids),
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        data=msgspec.Raw(event.data),
    )
