"""What went otherwise than it should between us and an LP, kept until a person closes it."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from ..liquidity.quote import LpName
from ..shared.errors import Conflict, invariant
from ..shared.ids import IncidentId, OrderId
from ..shared.side import Side
from ..tenants.operator import Operator


class IncidentClosed(Conflict):
    code = "incident_closed"


class IncidentKind(StrEnum):
    """`contradicts_resolution`: the LP's record denies what two operators have concluded."""

    AMOUNTS_DIFFER = "amounts_differ"
    CONTRADICTS_RESOLUTION = "contradicts_resolution"


class Legs(NamedTuple):
    """An LP's two amounts, in units of our scale."""

    base_units: int
    quote_units: int


class ExecutionIncident(msgspec.Struct, frozen=True, kw_only=True):
    """`reported` is None where the LP says that it did not trade."""

    id: IncidentId
    order_id: OrderId
    attempt: int
    lp: LpName
    kind: IncidentKind
    quoted: Legs
    reported: Legs | None
    detail: str
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: Operator | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        closed = {each is not None for each in (self.closed_at, self.closed_by, self.note)}
        invariant(len(closed) == 1, "closing has a time, a person and a note")

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


def difference(side: Side, *, quoted: Legs, reported: Legs, improves: bool) -> str | None:
    """In words; None when the LP did as it quoted, or `improves` and did so in our favour."""
    if reported == quoted:
        return None
    if improves and _no_worse(side, quoted, reported):
        return None
    return (
        f"quoted {quoted.base_units} for {quoted.quote_units} units, "
        f"traded {reported.base_units} for {reported.quote_units}"
    )


def closed(
    incident: ExecutionIncident, *, by: Operator, note: str, at: datetime
) -> ExecutionIncident:
    """Raises `IncidentClosed`."""
    if not incident.is_open:
        raise IncidentClosed("it was closed before")
    return msgspec.structs.replace(incident, closed_at=at, closed_by=by, note=note)


def _no_worse(side: Side, quoted: Legs, reported: Legs) -> bool:
    got_more = (reported.base_units - quoted.base_units, quoted.quote_units - reported.quote_units)
    sign = 1 if side is Side.BUY else -1
    return all(sign * each >= 0 for each in got_more)
