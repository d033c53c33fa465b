from uuid import UUID

import pytest

from domain.liquidity.quote import LpName
from domain.orders.incident import (
    ExecutionIncident,
    IncidentClosed,
    IncidentKind,
    Legs,
    closed,
    difference,
)
from domain.shared.ids import IncidentId, OperatorId
from domain.shared.side import Side
from domain.tenants.operator import Operator
from tests.unit.domain.builders import NOW, ORDER_ID

QUOTED = Legs(100, 5_000)
EVE = Operator(OperatorId(UUID(int=9)), "Eve")
BETTER = {Side.BUY: Legs(101, 4_999), Side.SELL: Legs(99, 5_001)}
WORSE = {Side.BUY: Legs(100, 5_001), Side.SELL: Legs(101, 5_000)}


@pytest.mark.parametrize("side", Side)
def test_difference_is_none_only_for_what_was_quoted_or_may_be_improved(side: Side) -> None:
    for improves in (False, True):
        assert difference(side, quoted=QUOTED, reported=QUOTED, improves=improves) is None
        told = difference(side, quoted=QUOTED, reported=WORSE[side], improves=improves)
        assert told is not None
        assert "5000" in told
    assert difference(side, quoted=QUOTED, reported=BETTER[side], improves=True) is None
    assert difference(side, quoted=QUOTED, reported=BETTER[side], improves=False) is not None


def test_incident_is_closed_once_with_a_person_and_a_note() -> None:
    incident = ExecutionIncident(
        id=IncidentId(UUID(int=1)),
        order_id=ORDER_ID,
        attempt=1,
        lp=LpName("lp_a"),
        kind=IncidentKind.AMOUNTS_DIFFER,
        quoted=QUOTED,
        reported=WORSE[Side.BUY],
        detail="differs",
        opened_at=NOW,
    )
    done = closed(incident, by=EVE, note="the LP paid it back", at=NOW)
    assert (done.is_open, done.closed_by, done.note) == (False, EVE, "the LP paid it back")
    with pytest.raises(IncidentClosed):
        closed(done, by=EVE, note="again", at=NOW)
