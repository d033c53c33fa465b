"""What is told to those who read along: written with its cause, numbered after the commit.

An announcement becomes an event when it gets its number. Numbers of one tenant have no gap and
follow the order in which things became true.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Final
from uuid import UUID

import msgspec

from .errors import invariant
from .ids import CustomerId, EventId

# What partners keep must fit where they keep it.
DATA_BYTES_MAX: Final = 16_384

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What an event says of its object, in the words of the API: ids and amounts are text.

    `event_type` is a promise: fields are only ever added, with defaults; anything else is a `.v2`.
    No payload carries personal data, only references.
    """

    event_type: ClassVar[str]


class MoneyText(msgspec.Struct, frozen=True):
    """A plain decimal with every decimal the asset has, and the asset's code."""

    amount: str
    asset: str


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one object. `data` is JSON. `occurred_at` is our own time of the change.

    `customer_ids` are those whose objects changed; empty when it is the tenant's alone.
    """

    id: EventId
    type: str
    resource_id: UUID
    resource_version: int
    customer_ids: tuple[CustomerId, ...]
    occurred_at: datetime
    data: bytes

    def __post_init__(self) -> None:
        invariant(self.resource_version > 0, "versions begin with one")
        invariant(len(self.data) <= DATA_BYTES_MAX, "an event is too large")


def announce(
    payload: Payload,
    *,
    event_id: EventId,
    resource_id: UUID,
    resource_version: int,
    customer_ids: tuple[CustomerId, ...],
    occurred_at: datetime,
) -> Announcement:
    return Announcement(
        id=event_id,
        type=payload.event_type,
        resource_id=resource_id,
        resource_version=resource_version,
        customer_ids=customer_ids,
        occurred_at=occurred_at,
        data=msgspec.json.encode(payload),
    )


class Unnumbered(msgspec.Struct, frozen=True):
    """A committed announcement as its numbering sees it. `recorded_at` is the database's time."""

    id: EventId
    resource_id: UUID
    resource_version: int
    recorded_at: datetime


def in_order(rows: Iterable[Unnumbered]) -> tuple[Unnumbered, ...]:
    """As they are to be numbered: in order of recording, and versions of one object ascending.

    A version that was recorded before an earlier one of its object, because a clock stepped back
    in between, is told as if it had been recorded with that one.
    """
    latest: dict[UUID, datetime] = {}
    turns: list[tuple[datetime, UUID, int, Unnumbered]] = []
    for row in sorted(rows, key=lambda row: (row.resource_id, row.resource_version)):
        turn = max(row.recorded_at, latest.get(row.resource_id, row.recorded_at))
        latest[row.resource_id] = turn
        turns.append((turn, row.resource_id, row.resource_version, row))
    ordered = tuple(row for *_, row in sorted(turns, key=lambda turn: turn[:3]))
    _require_ascending(ordered)
    return ordered


def _require_ascending(ordered: Iterable[Unnumbered]) -> None:
    told: dict[UUID, int] = {}
    for each in ordered:
        earlier = told.get(each.resource_id, 0)
        invariant(earlier < each.resource_version, "a version is told after a later one")
        told[each.resource_id] = each.resource_version
